use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tegata_ca::{Authority, CaCertificate, ProvenKey, Signer};
use tegata_ceremony::{Ceremony, Cross, ExistingKey, Issuing, NewRoot, RootKey};
use tegata_domain::{Entropy, Issuer};
use tegata_token::{KeyUri, TokenKey, TokenUri};

use super::{CeremonyError, output};
use crate::built;
use crate::hierarchy::{BACKDATE, Setting, refuse_outliving};
use crate::keyfile::{self, Passphrase};

/// Where the root's passphrase is unless the file says otherwise.
const PASSPHRASE: &str = "root-passphrase";

/// A ceremony that may begin: its file is right, everything it names was read and fits, its key
/// can be used, clock and output are as they should be.
pub struct Ready {
    pub(super) ceremony: Ceremony,
    /// The file's octets.
    pub(super) file: Vec<u8>,
    pub(super) now: Timestamp,
    pub(super) out: PathBuf,
    pub(super) root: ReadyRoot,
    pub(super) issuing: Vec<(Issuing, ProvenKey)>,
    pub(super) cross: Vec<(Cross, CaCertificate)>,
}

pub(super) enum ReadyRoot {
    New(Box<NewRoot>, NewHome),
    Existing(Authority),
}

/// Where the key of a new root will be.
pub(super) enum NewHome {
    File(Passphrase),
    Token(TokenUri),
}

impl Ready {
    /// Reads a ceremony's file and everything that it names. Nothing is written; a token is
    /// logged in to.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(
        path: &Path,
        out: &Path,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, CeremonyError> {
        let file = fs::read(path).map_err(|error| CeremonyError::File(path.to_owned(), error))?;
        let text = std::str::from_utf8(&file)
            .map_err(|error| CeremonyError::File(path.to_owned(), std::io::Error::other(error)))?;
        let ceremony = Ceremony::parse(text)?;
        // Certificates and lists know whole seconds only; so does the transcript.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut inputs = Inputs { base, now, wrong: Vec::new() };
        inputs.wrong.extend(built::clock_is_behind(now));
        inputs.wrong.extend(output::check(out));
        let root = inputs.root(&ceremony);
        let issuing = inputs.issuing(&ceremony);
        let cross = inputs.cross(&ceremony);
        if let Some((root, root_key)) = &root {
            let ends = inputs.ends(root, &ceremony.root.name, entropy);
            inputs.check_times(&ceremony, ends, entropy);
            let keys = issuing.iter().map(|(ca, key)| (&ca.name, key));
            let keys = keys.chain(cross.iter().map(|(ca, other)| (&ca.name, other.key())));
            inputs.check_keys(root_key.as_deref(), keys);
        }
        match root {
            Some((root, _)) if inputs.wrong.is_empty() => {
                Ok(Self { ceremony, file, now, out: out.to_owned(), root, issuing, cross })
            }
            _ => Err(CeremonyError::Refused(inputs.wrong)),
        }
    }
}

/// The files beside the ceremony's, and what is wrong with them.
struct Inputs {
    base: PathBuf,
    now: Timestamp,
    wrong: Vec<String>,
}

impl Inputs {
    /// The root, and its public key when it has one yet.
    fn root(&mut self, ceremony: &Ceremony) -> Option<(ReadyRoot, Option<Vec<u8>>)> {
        let name = &ceremony.root.name;
        match &ceremony.root.key {
            RootKey::New(new) => {
                if let Some(token) = &new.token {
                    let free = TokenKey::check_free(token, name.as_str());
                    self.said("root.token", free)?;
                    return Some((
                        ReadyRoot::New(Box::new(new.clone()), NewHome::Token(token.clone())),
                        None,
                    ));
                }
                let passphrase = self.passphrase(new.passphrase_file.as_deref())?;
                Some((ReadyRoot::New(Box::new(new.clone()), NewHome::File(passphrase)), None))
            }
            RootKey::Existing { certificate, key } => {
                let certificate = self.certificate("root.certificate", certificate)?;
                self.check_root(name, &certificate);
                let signer: Arc<dyn Signer> = match key {
                    ExistingKey::Token(uri) => {
                        let uri = KeyUri::labelled(uri, name.as_str(), certificate.algorithm());
                        Arc::new(self.said("root.token", TokenKey::open(uri))?)
                    }
                    ExistingKey::File { key_file, passphrase_file } => {
                        let passphrase = self.passphrase(passphrase_file.as_deref())?;
                        let opened = keyfile::open(&self.base.join(key_file), &passphrase);
                        Arc::new(self.said("root.key_file", opened)?)
                    }
                };
                let public_key = signer.public_key().to_vec();
                let opened = Authority::open(certificate.der().to_vec(), signer);
                let authority = self.said("root", opened)?;
                Some((ReadyRoot::Existing(authority), Some(public_key)))
            }
        }
    }

    fn check_root(&mut self, name: &Issuer, certificate: &CaCertificate) {
        let mut refuse = |what: String| self.wrong.push(format!("root.certificate: {what}"));
        if !certificate.is_self_signed() {
            refuse("is not self-signed: it is no root".to_owned());
        }
        if !certificate.is_named(name.as_str()) {
            refuse(format!("is {}, not {name}", certificate.subject()));
        }
        let validity = certificate.validity();
        if !(validity.not_before..=validity.not_after).contains(&self.now) {
            refuse(format!("is valid from {} to {}", validity.not_before, validity.not_after));
        }
    }

    fn issuing(&mut self, ceremony: &Ceremony) -> Vec<(Issuing, ProvenKey)> {
        let mut read = Vec::new();
        for (i, ca) in ceremony.issuing.iter().enumerate() {
            let place = format!("issuing[{}].request", i + 1);
            let Some(der) = self.octets(&place, &ca.request, "CERTIFICATE REQUEST") else {
                continue;
            };
            if let Some(key) = self.said(&place, ProvenKey::from_authority_request(&der)) {
                read.push((ca.clone(), key));
            }
        }
        read
    }

    fn cross(&mut self, ceremony: &Ceremony) -> Vec<(Cross, CaCertificate)> {
        let mut read = Vec::new();
        for (i, ca) in ceremony.cross.iter().enumerate() {
            let place = format!("cross[{}].certificate", i + 1);
            let Some(certificate) = self.certificate(&place, &ca.certificate) else { continue };
            if !certificate.has_usual_identifier() {
                self.wrong.push(format!(
                    "{place}: its subject key identifier is not SHA-1 of its key (RFC 5280 \
                     §4.2.1.2, method 1), so that chains over the new certificate would break"
                ));
            }
            read.push((ca.clone(), certificate));
        }
        read
    }

    /// When the root ends, new or old.
    fn ends(&mut self, root: &ReadyRoot, name: &Issuer, entropy: &dyn Entropy) -> Timestamp {
        match root {
            ReadyRoot::Existing(authority) => authority.validity().not_after,
            ReadyRoot::New(new, _) => {
                let setting = Setting { now: self.now, entropy };
                self.said(name.as_str(), setting.after(new.lifetime)).unwrap_or(self.now)
            }
        }
    }

    fn check_times(&mut self, ceremony: &Ceremony, root_ends: Timestamp, entropy: &dyn Entropy) {
        let setting = Setting { now: self.now, entropy };
        let issuing = ceremony.issuing.iter().map(|ca| (&ca.name, ca.lifetime));
        let cross = ceremony.cross.iter().map(|ca| (&ca.name, ca.lifetime));
        for (name, lifetime) in issuing.chain(cross) {
            let checked =
                setting.after(lifetime).and_then(|ends| refuse_outliving(name, ends, root_ends));
            self.said("years", checked);
        }
        let Some(list) = &ceremony.list else { return };
        if let Some(next) = self.said("crl.days", setting.after(list.lifetime))
            && next > root_ends
        {
            self.wrong.push(format!("crl.days: the root itself ends on {root_ends}"));
        }
        for (i, entry) in list.entries.iter().enumerate() {
            if entry.at.duration_since(self.now) > BACKDATE {
                self.wrong.push(format!("crl.entry[{}].date: lies in the future", i + 1));
            }
        }
    }

    fn check_keys<'a>(
        &mut self,
        root: Option<&[u8]>,
        keys: impl Iterator<Item = (&'a Issuer, &'a ProvenKey)>,
    ) {
        let mut seen: Vec<(&Issuer, &ProvenKey)> = Vec::new();
        for (name, key) in keys {
            if root == Some(key.spki()) {
                self.wrong.push(format!("{name}: its key is the root's own"));
            }
            if let Some((other, _)) = seen.iter().find(|(_, other)| other.spki() == key.spki()) {
                self.wrong.push(format!("{name}: its key is {other}'s too"));
            }
            seen.push((name, key));
        }
    }

    fn passphrase(&mut self, file: Option<&Path>) -> Option<Passphrase> {
        let file = self.base.join(file.unwrap_or(Path::new(PASSPHRASE)));
        self.said("root.passphrase_file", Passphrase::read(&file))
    }

    fn certificate(&mut self, place: &str, file: &Path) -> Option<CaCertificate> {
        let der = self.octets(place, file, "CERTIFICATE")?;
        self.said(place, CaCertificate::parse(&der))
    }

    fn octets(&mut self, place: &str, file: &Path, label: &str) -> Option<Vec<u8>> {
        let path = self.base.join(file);
        let octets = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()));
        Some(pem_or_der(self.said(place, octets)?, label))
    }

    /// The value, or a note of what is wrong at this place.
    fn said<T, E: std::fmt::Display>(&mut self, place: &str, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|error| self.wrong.push(format!("{place}: {error}"))).ok()
    }
}

/// The DER within a PEM file with this label, or the file itself.
pub fn pem_or_der(octets: Vec<u8>, label: &str) -> Vec<u8> {
    match der::pem::decode_vec(&octets) {
        Ok((found, der)) if found == label => der,
        _ => octets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemEntropy;
    use crate::built::built;

    const ROOT: &str = "title = \"T\"\n[root]\nname = \"R\"\norganisation = \"O\"\n\
        country = \"JP\"\nkey = \"p256\"\nyears = 5\n";

    #[test]
    fn a_clock_before_the_build_or_far_from_any_time_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ceremony.toml");
        fs::write(&file, ROOT).unwrap();
        fs::write(dir.path().join(PASSPHRASE), "correct horse\n").unwrap();
        let out = dir.path().join("out");
        let at = |now| Ready::read(&file, &out, now, &SystemEntropy);
        assert_eq!(at(built()).map(|ready| ready.plan().len()).unwrap(), 2);
        for (now, what) in [
            (built() - jiff::SignedDuration::from_secs(1), "before this program was built"),
            (Timestamp::MAX, "set it right"),
        ] {
            let error = at(now).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(what), "{now}: {error}");
        }
        // Checking makes nothing.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
