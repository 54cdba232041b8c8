//! An NSS database, where Chromium and Firefox look for certificates on Linux.
//!
//! Worked through the NSS tools `certutil` and `pk12util` (Debian `libnss3-tools`), which know
//! the database's locking and its password.

mod tools;

use std::path::PathBuf;
use std::sync::Arc;

use sha1::{Digest, Sha1};
use tegata_domain::Entropy;
use zeroize::Zeroizing;

use super::{
    Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Pkcs12Form, Seat, StoreError, pem,
    pkcs12,
};
use crate::cert::{self, Cert};
use crate::files;
use crate::key::{Algorithm, SeatKey};
use crate::pending::{Pending, TakenUp};
use crate::trust::Trusted;
use tools::Tools;

pub(super) use tools::check as check_tools;

/// A root that may vouch for servers, such as the gateway (`C`), and for the user's own
/// certificate, which browsers check before they offer it (`T`).
const ROOT_TRUST: &str = "CT,,";
/// An issuing CA: known, and trusted as far as its root is.
const INTERMEDIATE_TRUST: &str = ",,";

pub(super) struct Nss {
    folder: PathBuf,
    password: Option<Zeroizing<String>>,
    state: PathBuf,
    begun: Option<(Pending, TakenUp)>,
}

impl Nss {
    pub(super) fn new(
        folder: PathBuf,
        password: Option<Zeroizing<String>>,
        state: PathBuf,
    ) -> Self {
        Self { folder, password, state, begun: None }
    }

    fn tools(&self) -> Result<Tools, StoreError> {
        Tools::new(&self.folder, self.password.as_ref().map(|password| password.as_str()))
    }

    fn exists(&self) -> bool {
        self.folder.join("cert9.db").exists()
    }

    /// Opens the database, made before if there is none, and checks its password.
    fn opened(&self) -> Result<Tools, StoreError> {
        let tools = self.tools()?;
        if !self.exists() {
            files::make_private_folder(&self.folder).map_err(StoreError::io(&self.folder))?;
            tools.create()?;
        }
        tools.check_password()?;
        Ok(tools)
    }

    /// Root and issuing CAs under their own names.
    fn add_authorities(
        tools: &Tools,
        root: &Cert,
        intermediates: &[Cert],
    ) -> Result<(), StoreError> {
        tools.add(&authority_name(root), ROOT_TRUST, root)?;
        intermediates
            .iter()
            .try_for_each(|ca| tools.add(&authority_name(ca), INTERMEDIATE_TRUST, ca))
    }

    /// The name under which a certificate is found, with its trust flags.
    fn find(tools: &Tools, wanted: &Cert) -> Result<Option<tools::Named>, StoreError> {
        for named in tools.names()? {
            if certificates(tools, &named.name)?.contains(wanted) {
                return Ok(Some(named));
            }
        }
        Ok(None)
    }
}

impl KeyStore for Nss {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        self.opened()?;
        files::make_private_folder(&self.state).map_err(StoreError::io(&self.state))?;
        let pending = Pending::apart(&self.state, seat, &self.folder);
        let taken = pending.take_up(seat.now, seat.entropy)?;
        let (pending, taken) = self.begun.insert((pending, taken));
        Ok(pending.begun(taken))
    }

    fn install(&mut self, bundle: &Bundle, entropy: &dyn Entropy) -> Result<Installed, StoreError> {
        let (_, taken) = self.begun.as_ref().ok_or(StoreError::Internal("no key was begun"))?;
        let tools = self.opened()?;
        let wanted = bundle.friendly_name();
        let password = one_time_password(entropy);
        let file = pkcs12::encode(
            &taken.key,
            &[&bundle.certificate],
            &wanted,
            &password,
            Pkcs12Form::Modern,
            entropy,
        )
        .map_err(|_| StoreError::Internal("the PKCS#12 file could not be made"))?;
        tools.import(&Zeroizing::new(file), &password)?;
        Self::add_authorities(&tools, &bundle.root, &bundle.intermediates)?;
        let named = Self::find(&tools, &bundle.certificate)?
            .ok_or(StoreError::NotReadBack("the certificate is not in the database"))?;
        // NSS gives all certificates of one subject the oldest one's name. Renaming takes the
        // newest of them, which is ours; where it does not, the name is only less telling.
        let name = if named.name == wanted || tools.rename(&named.name, &wanted).is_err() {
            named.name
        } else {
            wanted
        };
        let location = format!("{}: {name}", self.folder.display());
        Ok(Installed { location, key: KeyLocation::System })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let tools = self.tools()?;
        let found = Self::find(&tools, &bundle.certificate)?;
        if !found.is_some_and(|named| named.trust.contains('u')) {
            return Err(StoreError::NotReadBack("the certificate is not in the database"));
        }
        let root = Self::find(&tools, &bundle.root)?;
        if !root.is_some_and(|named| named.trust.starts_with('C')) {
            return Err(StoreError::NotReadBack("the root is not trusted in the database"));
        }
        for ca in &bundle.intermediates {
            Self::find(&tools, ca)?
                .ok_or(StoreError::NotReadBack("an issuing CA is not in the database"))?;
        }
        if proves(&tools, &bundle.certificate) {
            Ok(())
        } else {
            Err(StoreError::NotReadBack("the key does not belong to the certificate"))
        }
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.begun.take().map_or(Ok(()), |(pending, _)| pending.clear())
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        if !self.exists() {
            return Err(StoreError::Missing(self.folder.clone()));
        }
        let tools = self.tools()?;
        let mut held = Vec::<Held>::new();
        for named in tools.names()? {
            for certificate in certificates(&tools, &named.name)? {
                if held.iter().any(|known| known.certificate == certificate) {
                    continue;
                }
                let key = named.trust.contains('u').then_some(KeyLocation::System);
                let location = format!("{}: {}", self.folder.display(), named.name);
                held.extend(Held::of(certificate, location, key));
            }
        }
        Ok(held)
    }

    fn key(&self, _: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        Err(StoreError::Unsupported("nss"))
    }

    fn remove(&mut self, _: &Held) -> Result<(), StoreError> {
        Err(StoreError::Unsupported("nss"))
    }

    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError> {
        let tools = self.opened()?;
        Self::add_authorities(&tools, trusted.root(), trusted.intermediates())?;
        let named = Self::find(&tools, trusted.root())?;
        if !named.is_some_and(|named| named.trust.starts_with('C')) {
            return Err(StoreError::NotReadBack("the root is not trusted in the database"));
        }
        Ok(self.folder.display().to_string())
    }

    fn trusts(&self, trusted: &Trusted) -> Result<bool, StoreError> {
        if !self.exists() {
            return Ok(false);
        }
        let named = Self::find(&self.tools()?, trusted.root())?;
        Ok(named.is_some_and(|named| named.trust.starts_with('C')))
    }
}

/// Every certificate under a name; several when a subject has several.
fn certificates(tools: &Tools, name: &str) -> Result<Vec<Cert>, StoreError> {
    Ok(pem::certificates_of_pem(&tools.pem(name)?).unwrap_or_default())
}

/// The key never leaves the database: it proves itself by signing a throw-away request.
fn proves(tools: &Tools, certificate: &Cert) -> bool {
    // NSS names a key by the SHA-1 of its public value.
    let id = Sha1::digest(certificate.public_key());
    let id: String = id.iter().map(|octet| format!("{octet:02x}")).collect();
    let Ok(request) = tools.request(&id) else { return false };
    cert::signed_part(&request).is_some_and(|(signed, signature)| {
        certificate.verifies(Algorithm::EcdsaP256, signed, &signature)
    })
}

fn authority_name(ca: &Cert) -> String {
    ca.common_name().unwrap_or_else(|| crate::Fingerprint::of(ca.der()).to_string())
}

/// Guards the file between this program and `pk12util`; nobody ever types it.
fn one_time_password(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut octets = Zeroizing::new([0; 16]);
    entropy.fill(octets.as_mut());
    Zeroizing::new(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{FileKey, SeatKey};
    use crate::testing::{Authority, Counter};

    #[test]
    fn a_key_proves_its_own_certificate_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Nss::new(folder.path().join("db"), None, folder.path().to_owned()).opened();
        let (tools, authority, entropy) = (tools.unwrap(), Authority::new(), Counter::new(1));
        let certificate = |key: &FileKey, serial| {
            Cert::from_der(authority.leaf("CMSM950-006-401", &key.spki(), serial)).unwrap()
        };
        let (held, foreign) = (FileKey::random(&entropy), FileKey::random(&entropy));
        let (ours, other) = (certificate(&held, 1), certificate(&foreign, 2));
        let form = Pkcs12Form::Modern;
        let file = pkcs12::encode(&held, &[&ours], "ours", "guard", form, &entropy).unwrap();
        tools.import(&file, "guard").unwrap();
        tools.add("other", ",,", &other).unwrap();
        assert!(proves(&tools, &ours));
        assert!(!proves(&tools, &other));
    }
}
