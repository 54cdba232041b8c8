//! The certificate that a gateway shows to clients, and signs its reports with. It changes while
//! the gateway serves: the server renews it on the same key, in answer to a report, or whoever runs
//! the gateway puts another one in place. Connections that are open go on as they began.
//!
//! What the server hands over came over plain HTTP: it is taken only when an issuing CA of the
//! service, as the signed feed names them, issued it to the same key and names, to end later. It is
//! kept in the state directory, not in the place of the file that the settings name: that one is
//! its owner's, and often not the gateway's to write.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use der::{Decode, Encode};
use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use tegata_domain::Serial;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;

use crate::authorities::Authorities;
use crate::config::Identity;
use crate::seal::Seal;

/// What is shown, until it is replaced.
pub struct Shown {
    provider: Arc<CryptoProvider>,
    state_dir: PathBuf,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    tls: Arc<CertifiedKey>,
    /// `None` of a certificate that has not the form of ours.
    facts: Option<Arc<Facts>>,
}

/// What a successor is compared with.
struct Facts {
    serial: Serial,
    /// Last second of validity (Unix time).
    not_after: i64,
    /// Subject public key info, DER.
    key: Vec<u8>,
    /// Subject alternative names, DER.
    names: Option<Vec<u8>>,
}

/// Why a chain that the server handed over is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it cannot be read")]
    Unreadable,
    #[error("it is for another key or other names")]
    Another,
    #[error("it does not end later")]
    NotLater,
    #[error("no issuing CA of the service made it for servers, or it is not valid now")]
    NotIssued,
    #[error("another one was put in place meanwhile")]
    Overtaken,
}

impl Shown {
    /// Shows `identity`, or what the server renewed it to before.
    ///
    /// # Errors
    /// When the certificate and its key do not fit or are of an unknown kind.
    pub(crate) fn new(identity: Identity, state_dir: &Path) -> Result<Self, rustls::Error> {
        let (provider, state_dir) = (Arc::new(provider::default_provider()), state_dir.to_owned());
        let current = current(identity, &state_dir, &provider)?;
        Ok(Self { provider, state_dir, current: RwLock::new(current) })
    }

    /// Shows `identity` to whoever connects from now on.
    ///
    /// # Errors
    /// When the certificate and its key do not fit or are of an unknown kind; nothing changes then.
    pub fn replace(&self, identity: Identity) -> Result<(), rustls::Error> {
        let next = current(identity, &self.state_dir, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// What signs reports; `None` when the certificate has not the form of ours.
    pub(crate) fn seal(&self) -> Option<Seal> {
        let Current { tls, facts } = self.current();
        Some(Seal { serial: facts?.serial, key: tls.key.clone() })
    }

    /// Takes what the server handed over in the place of what is shown; blocks while it is
    /// written down. Returns its serial number, or `None` when it is what is shown.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub(crate) fn take(
        &self,
        pem: &[u8],
        authorities: &Authorities,
        now: Timestamp,
    ) -> Result<Option<Serial>, Unfit> {
        let before = self.current();
        let chain = chain(pem).ok_or(Unfit::Unreadable)?;
        let (leaf, old) = (&chain[0], before.facts.as_ref().ok_or(Unfit::Another)?);
        if before.tls.cert.first() == Some(leaf) {
            return Ok(None);
        }
        let new = facts(leaf).ok_or(Unfit::Unreadable)?;
        if !new.stands_for(old) {
            return Err(Unfit::Another);
        }
        if new.not_after <= old.not_after {
            return Err(Unfit::NotLater);
        }
        let seconds = now.as_second().max(0).unsigned_abs();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let algorithms = &self.provider.signature_verification_algorithms;
        if !authorities.issued_server(leaf, now, algorithms) {
            return Err(Unfit::NotIssued);
        }
        if let Err(error) = keep(&place(&self.state_dir, &new.key), pem) {
            // The server hands it over again after a restart.
            tracing::warn!(%error, "the gateway's new certificate cannot be written down");
        }
        let serial = new.serial;
        let next = Current {
            tls: Arc::new(CertifiedKey::new(chain, before.tls.key.clone())),
            facts: Some(Arc::new(new)),
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current.tls, &before.tls) {
            return Err(Unfit::Overtaken);
        }
        *current = next;
        Ok(Some(serial))
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().tls)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serial = self.current().facts.map(|facts| facts.serial);
        f.debug_struct("Shown").field("serial", &serial).finish_non_exhaustive()
    }
}

impl Facts {
    fn stands_for(&self, old: &Self) -> bool {
        self.key == old.key && self.names == old.names
    }
}

fn current(
    identity: Identity,
    state_dir: &Path,
    provider: &CryptoProvider,
) -> Result<Current, rustls::Error> {
    let mut tls = CertifiedKey::from_der(identity.chain, identity.key, provider)?;
    let mut facts = tls.cert.first().and_then(facts);
    if let Some(old) = &facts
        && let Ok(pem) = fs::read(place(state_dir, &old.key))
        && let Some(chain) = chain(&pem)
        && let Some(kept) = self::facts(&chain[0])
        && kept.stands_for(old)
        && kept.not_after > old.not_after
    {
        tls = CertifiedKey::new(chain, tls.key);
        facts = Some(kept);
    }
    Ok(Current { tls: Arc::new(tls), facts: facts.map(Arc::new) })
}

fn facts(leaf: &CertificateDer<'_>) -> Option<Facts> {
    let certificate = Certificate::from_der(leaf).ok()?.tbs_certificate;
    let names = certificate.get::<SubjectAltName>().ok()?;
    Some(Facts {
        serial: Serial::from_integer(certificate.serial_number.as_bytes()).ok()?,
        not_after: certificate.validity.not_after.to_unix_duration().as_secs().try_into().ok()?,
        key: certificate.subject_public_key_info.to_der().ok()?,
        names: names.map(|(_, names)| names.to_der()).transpose().ok()?,
    })
}

/// The certificates, at least one.
fn chain(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!chain.is_empty()).then_some(chain)
}

/// Where the certificates that the server renews for this key are kept.
fn place(state_dir: &Path, key: &[u8]) -> PathBuf {
    let digest = digest(&SHA256, key);
    let name: String = digest.as_ref().iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    state_dir.join(format!("certificate-{name}.pem"))
}

fn keep(place: &Path, pem: &[u8]) -> io::Result<()> {
    let new = place.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(pem)?;
    file.sync_all()?;
    fs::rename(&new, place)
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose as Purpose,
        IsCa, KeyPair,
    };

    use super::*;

    type Ca = CertifiedIssuer<'static, KeyPair>;

    fn ca() -> Ca {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn made(ca: &Ca, key: &KeyPair, host: &str, purpose: Purpose, year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.signed_by(key, ca).unwrap().pem().into_bytes()
    }

    fn serial(pem: &[u8]) -> Serial {
        facts(&chain(pem).unwrap()[0]).unwrap().serial
    }

    #[test]
    fn only_the_same_key_and_names_of_the_same_service_until_later_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs, key) = (ca(), ca(), KeyPair::generate().unwrap());
        let other = KeyPair::generate().unwrap();
        let server = |year| made(&ours, &key, "a.example", Purpose::ServerAuth, year);
        let first = server(2100);
        let identity = || Identity {
            chain: chain(&first).unwrap(),
            key: rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        };
        let shown = Shown::new(identity(), dir.path()).unwrap();
        let authorities = Authorities::none().next(&[ours.der().to_vec()]);
        let now = "2027-01-01T00:00:00Z".parse().unwrap();
        let take = |pem: &[u8]| shown.take(pem, &authorities, now);
        for (pem, why) in [
            (b"no certificate".to_vec(), Unfit::Unreadable),
            (made(&ours, &other, "a.example", Purpose::ServerAuth, 2101), Unfit::Another),
            (made(&ours, &key, "b.example", Purpose::ServerAuth, 2101), Unfit::Another),
            (server(2100), Unfit::NotLater),
            (made(&theirs, &key, "a.example", Purpose::ServerAuth, 2101), Unfit::NotIssued),
            (made(&ours, &key, "a.example", Purpose::ClientAuth, 2101), Unfit::NotIssued),
        ] {
            assert_eq!(take(&pem), Err(why));
        }
        assert_eq!(shown.seal().unwrap().serial, serial(&first), "nothing of it was shown");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "or kept");
        assert_eq!(take(&first), Ok(None));
        let second = server(2101);
        assert_eq!(take(&second), Ok(Some(serial(&second))));
        assert_eq!(take(&second), Ok(None));
        assert_eq!(take(&first), Err(Unfit::NotLater), "an old answer played again");

        let again = Shown::new(identity(), dir.path()).unwrap();
        assert_eq!(again.seal().unwrap().serial, serial(&second));
        let newest = server(2102);
        again.replace(Identity { chain: chain(&newest).unwrap(), ..identity() }).unwrap();
        assert_eq!(again.seal().unwrap().serial, serial(&newest), "a file that ends later counts");
    }
}
