use std::process::Command;

use tegata_domain::Serial;
use tegata_registrar::{RenewError, Renewed};

use super::World;

/// A PC with keys in files, and `openssl cms` to sign with them.
pub(crate) struct Pc(tempfile::TempDir);

impl Pc {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    #[track_caller]
    pub(crate) fn ssl(&self, line: &str) {
        let ran = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(name)).unwrap()
    }

    /// A request for a new key of this name.
    pub(crate) fn request(&self, key: &str) -> Vec<u8> {
        self.ssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout \
             {key}.key -outform DER -out {key}.csr"
        ));
        self.read(&format!("{key}.csr"))
    }

    /// Keeps a certificate beside its key.
    pub(crate) fn keep(&self, key: &str, certificate: &[u8]) {
        std::fs::write(self.0.path().join(format!("{key}.der")), certificate).unwrap();
        self.ssl(&format!("x509 -inform DER -in {key}.der -out {key}.pem"));
    }

    /// `content`, signed with the certificate `key`.
    pub(crate) fn signed(&self, key: &str, content: &[u8]) -> Vec<u8> {
        std::fs::write(self.0.path().join("content"), content).unwrap();
        self.ssl(&format!(
            "cms -sign -binary -nodetach -in content -signer {key}.pem -inkey {key}.key \
             -outform DER -out signed.der"
        ));
        self.read("signed.der")
    }

    /// A renewal of the certificate `old` for the key `new`, which is made where it is missing.
    pub(crate) fn renewal(&self, old: &str, new: &str) -> Vec<u8> {
        let file = format!("{new}.csr");
        let is_there = self.0.path().join(&file).exists();
        let request = if is_there { self.read(&file) } else { self.request(new) };
        self.signed(old, &request)
    }
}

impl World {
    /// Issues for a seat on a new key of this name.
    pub(crate) async fn issue_on(&self, pc: &Pc, seat: usize, key: &str) -> Serial {
        let (user_id, password) = &self.seats[seat];
        let request = pc.request(key);
        let issued = self.enroll_as(user_id.as_str(), &password.reveal(), &request).await.unwrap();
        pc.keep(key, &issued.certificate);
        issued.serial
    }

    pub(crate) async fn renew(&self, request: Vec<u8>) -> Result<Renewed, RenewError> {
        self.registrar.renew(&self.service, request, false, &self.reference()).await
    }
}
