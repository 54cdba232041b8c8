//! The login keychain of macOS, where Safari and Chrome look for certificates.
//!
//! **Untested**: compile-checked only, never run on a Mac. Written after Apple's documentation
//! (TN3137, *On Mac keychain APIs and implementations*) and the library's.
//!
//! The key is a software key of the login keychain. One in the Secure Enclave would be better
//! kept, but it can live in the data protection keychain only, where a browser does not see it.
//! Its access list lets the program that made it sign; macOS asks the person before any other
//! program may use or export it.

use std::path::PathBuf;
use std::sync::Arc;

use p256::elliptic_curve::pkcs8::EncodePublicKey;
use security_framework::base::Error;
use security_framework::certificate::SecCertificate;
use security_framework::identity::SecIdentity;
use security_framework::item::{
    AddRef, ItemAddOptions, ItemAddValue, ItemClass, ItemSearchOptions, KeyClass, Limit, Location,
    Reference, SearchResult,
};
use security_framework::key::{Algorithm as Signing, GenerateKeyOptions, KeyType, SecKey};
use security_framework::os::macos::identity::SecIdentityExt;
use security_framework::trust_settings::{Domain, TrustSettings};
use tegata_domain::{Entropy, ServiceKey};

use super::waiting::{Record, Waiting, hexadecimal};
use super::{Begun, Bundle, Held, Installed, KeyLocation, KeyStore, Seat, StoreError, prove};
use crate::cert::Cert;
use crate::files;
use crate::key::{Algorithm, SeatKey};
use crate::trust::Trusted;

/// What people call it, in a location.
const PLACE: &str = "keychain";

/// `errSecItemNotFound`
const NOT_FOUND: i32 = -25300;
/// `errSecDuplicateItem`
const DUPLICATE: i32 = -25299;

pub(super) struct Keychain {
    state: PathBuf,
    begun: Option<TakenUp>,
}

struct TakenUp {
    key: KeychainKey,
    waiting: Waiting,
}

/// A P-256 key in the keychain.
struct KeychainKey {
    key: SecKey,
    spki: Vec<u8>,
}

impl KeychainKey {
    fn of(key: SecKey) -> Option<Self> {
        let point = key.public_key()?.external_representation()?;
        let public = p256::PublicKey::from_sec1_bytes(point.bytes()).ok()?;
        Some(Self { key, spki: public.to_public_key_der().ok()?.into_vec() })
    }

    /// The hash of the public key, by which the keychain joins it to its certificates.
    fn id(&self) -> Option<Vec<u8>> {
        self.key.application_label()
    }
}

impl SeatKey for KeychainKey {
    fn spki(&self) -> Vec<u8> {
        self.spki.clone()
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.create_signature(Signing::ECDSASignatureMessageX962SHA256, message).ok()
    }
}

impl Keychain {
    pub(super) fn new(state: PathBuf) -> Self {
        Self { state, begun: None }
    }

    fn location(name: &str) -> String {
        format!("{PLACE}: {name}")
    }

    /// Every certificate of the keychains that can be read.
    fn certificates() -> Result<Vec<(SecCertificate, Cert)>, StoreError> {
        let mut search = ItemSearchOptions::new();
        search.class(ItemClass::certificate()).load_refs(true).limit(Limit::All);
        let found = found(search.search())?.into_iter().filter_map(|item| match item {
            SearchResult::Ref(Reference::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        Ok(found
            .filter_map(|certificate| {
                let parsed = Cert::from_der(certificate.to_der()).ok()?;
                Some((certificate, parsed))
            })
            .collect())
    }

    fn add(certificate: &Cert, name: &str) -> Result<(), StoreError> {
        let certificate = SecCertificate::from_der(certificate.der()).map_err(failed)?;
        let value = ItemAddValue::Ref(AddRef::Certificate(certificate));
        let mut options = ItemAddOptions::new(value);
        options.set_label(name).set_location(Location::DefaultFileKeychain);
        match options.add() {
            Err(error) if error.code() == DUPLICATE => Ok(()),
            other => other.map_err(failed),
        }
    }

    /// Lets a root vouch for servers and for the user's own certificate. macOS asks the person
    /// for the password.
    fn trust_root(root: &Cert) -> Result<(), StoreError> {
        if Self::is_trusted(root)? {
            return Ok(());
        }
        let root = SecCertificate::from_der(root.der()).map_err(failed)?;
        TrustSettings::new(Domain::User).set_trust_settings_always(&root).map_err(failed)
    }

    fn is_trusted(root: &Cert) -> Result<bool, StoreError> {
        let trusted = match TrustSettings::new(Domain::User).iter() {
            // Nobody has changed any trust setting yet.
            Err(_) => return Ok(false),
            Ok(trusted) => trusted,
        };
        Ok(trusted.into_iter().any(|certificate| certificate.to_der() == root.der()))
    }

    fn waiting_key(record: &Record) -> Result<Option<KeychainKey>, StoreError> {
        let mut search = ItemSearchOptions::new();
        search.key_class(KeyClass::private()).load_refs(true).limit(Limit::All);
        search.label(&record.label);
        let mut keys = found(search.search())?.into_iter().filter_map(|item| match item {
            SearchResult::Ref(Reference::Key(key)) => KeychainKey::of(key),
            _ => None,
        });
        Ok(keys.next())
    }

    fn generate(record: &Record) -> Result<KeychainKey, StoreError> {
        let mut options = GenerateKeyOptions::default();
        options
            .set_key_type(KeyType::ec_sec_prime_random())
            .set_size_in_bits(256)
            .set_label(&record.label)
            .set_location(Location::DefaultFileKeychain);
        let key = SecKey::new(&options)
            .map_err(|error| StoreError::Keychain(error.description().to_string()))?;
        KeychainKey::of(key).ok_or(StoreError::Internal("the key is not on P-256"))
    }

    fn identity(certificate: &Cert) -> Result<Option<SecIdentity>, StoreError> {
        let certificate = SecCertificate::from_der(certificate.der()).map_err(failed)?;
        match SecIdentity::with_certificate(&[], &certificate) {
            Err(error) if error.code() == NOT_FOUND => Ok(None),
            other => other.map(Some).map_err(failed),
        }
    }

    fn key_of(certificate: &Cert) -> Result<KeychainKey, StoreError> {
        let absent = StoreError::NotReadBack("the key is not in the keychain");
        let Some(identity) = Self::identity(certificate)? else { return Err(absent) };
        let key = identity.private_key().map_err(failed)?;
        let key = KeychainKey::of(key).filter(|key| key.spki == certificate.spki());
        let key = key.ok_or(absent)?;
        prove(&key, certificate)?;
        Ok(key)
    }
}

impl KeyStore for Keychain {
    fn begin(&mut self, seat: &Seat<'_>) -> Result<Begun<'_>, StoreError> {
        files::make_private_folder(&self.state).map_err(StoreError::io(&self.state))?;
        let waiting = Waiting::of(&self.state, seat, PLACE);
        let mut former = waiting.read()?;
        if waiting.is_stale(seat.now)? {
            if let Some(key) = former.take().map(|record| Self::waiting_key(&record)).transpose()? {
                key.map_or(Ok(()), |key| gone(key.key.delete()))?;
            }
            waiting.clear()?;
        }
        let taken = former.map(|record| Self::waiting_key(&record)).transpose()?.flatten();
        let (key, resumed) = match taken {
            Some(key) => (key, true),
            None => {
                // Before the key: a crash leaves none that nobody knows of.
                let mut record = Record::new(seat, &waiting);
                waiting.write(&record)?;
                let key = Self::generate(&record)?;
                record.id = key.id().map(|id| hexadecimal(&id));
                waiting.write(&record)?;
                (key, false)
            }
        };
        let label = waiting.read()?.map(|record| record.label).unwrap_or_default();
        let taken = self.begun.insert(TakenUp { key, waiting });
        Ok(Begun { key: &taken.key, resumed, waits_in: Self::location(&label) })
    }

    fn install(&mut self, bundle: &Bundle, _: &dyn Entropy) -> Result<Installed, StoreError> {
        if self.begun.is_none() {
            return Err(StoreError::Internal("no key was begun"));
        }
        for ca in bundle.intermediates.iter().chain([&bundle.root]) {
            Self::add(ca, &super::token::authority_name(ca))?;
        }
        Self::trust_root(&bundle.root)?;
        let name = bundle.friendly_name();
        Self::add(&bundle.certificate, &name)?;
        Ok(Installed { location: Self::location(&name), key: KeyLocation::System })
    }

    fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let there = Self::certificates()?;
        let is_there = |wanted: &Cert| there.iter().any(|(_, found)| found == wanted);
        if !is_there(&bundle.certificate) {
            return Err(StoreError::NotReadBack("the certificate is not in the keychain"));
        }
        if !bundle.intermediates.iter().all(is_there) {
            return Err(StoreError::NotReadBack("an issuing CA is not in the keychain"));
        }
        if !is_there(&bundle.root) || !Self::is_trusted(&bundle.root)? {
            return Err(StoreError::NotReadBack("the root is not trusted in the keychain"));
        }
        Self::key_of(&bundle.certificate).map(drop)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        let Some(TakenUp { key, waiting }) = self.begun.take() else { return Ok(()) };
        let is_certified = Self::certificates()?.iter().any(|(_, found)| found.spki() == key.spki);
        if !is_certified {
            gone(key.key.delete())?;
        }
        waiting.clear()
    }

    fn give_up(&mut self, service: Option<&ServiceKey>) -> Result<(), StoreError> {
        for (waiting, record) in Waiting::all(&self.state, service, PLACE)? {
            if let Some(key) = Self::waiting_key(&record)? {
                let mut there = Self::certificates()?.into_iter();
                if !there.any(|(_, found)| found.spki() == key.spki) {
                    gone(key.key.delete())?;
                }
            }
            waiting.clear()?;
        }
        Ok(())
    }

    fn list(&self) -> Result<Vec<Held>, StoreError> {
        let mut held = Vec::<Held>::new();
        for (_, certificate) in Self::certificates()? {
            if certificate.seat().is_none()
                || held.iter().any(|known| known.certificate == certificate)
            {
                continue;
            }
            let key = Self::identity(&certificate)?.map(|_| KeyLocation::System);
            let name = certificate.common_name().unwrap_or_default();
            held.extend(Held::of(certificate, Self::location(&name), key));
        }
        Ok(held)
    }

    fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        let all = Self::certificates()?.into_iter().map(|(_, certificate)| certificate);
        Ok(all.filter(Cert::is_authority).collect())
    }

    fn key(&self, held: &Held) -> Result<Arc<dyn SeatKey>, StoreError> {
        Ok(Arc::new(Self::key_of(&held.certificate)?))
    }

    fn remove(&mut self, held: &Held) -> Result<(), StoreError> {
        let there = Self::certificates()?;
        let spki = held.certificate.spki();
        let is_shared =
            there.iter().any(|(_, found)| *found != held.certificate && found.spki() == spki);
        for (certificate, found) in &there {
            if *found != held.certificate {
                continue;
            }
            if let Some(identity) = Self::identity(found)?.filter(|_| !is_shared) {
                gone(identity.private_key().map_err(failed)?.delete())?;
            }
            // The certificate goes last: while it is there, so is what is left to remove.
            gone(certificate.delete())?;
        }
        Ok(())
    }

    fn trust(&mut self, trusted: &Trusted) -> Result<String, StoreError> {
        for ca in trusted.intermediates().iter().chain([trusted.root()]) {
            Self::add(ca, &super::token::authority_name(ca))?;
        }
        Self::trust_root(trusted.root())?;
        Ok(PLACE.to_owned())
    }
}

/// A search that finds nothing is no failure.
fn found(search: Result<Vec<SearchResult>, Error>) -> Result<Vec<SearchResult>, StoreError> {
    match search {
        Err(error) if error.code() == NOT_FOUND => Ok(Vec::new()),
        other => other.map_err(failed),
    }
}

/// What is gone already need not be removed.
fn gone(removed: Result<(), Error>) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.code() == NOT_FOUND => Ok(()),
        other => other.map_err(failed),
    }
}

fn failed(error: Error) -> StoreError {
    StoreError::Keychain(error.to_string())
}
