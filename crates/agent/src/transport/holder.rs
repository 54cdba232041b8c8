//! TLS with a certificate of a seat: the handshake that the gateway asks for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};

use crate::cert::Cert;
use crate::key::{Algorithm, SeatKey};

/// A certificate and its key, ready for a handshake.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: Cert,
    /// Issuing CAs, from the certificate's issuer upwards.
    pub intermediates: Vec<Cert>,
    /// The certificate's key, wherever it lives.
    pub key: Arc<dyn SeatKey>,
}

/// An identity for one connection, and whether the server asked for it.
#[derive(Clone)]
pub(super) struct Holder {
    certified: Arc<CertifiedKey>,
    algorithm: Algorithm,
    asked: Arc<AtomicBool>,
}

impl Holder {
    /// The second value becomes true when a server asks for the certificate.
    pub(super) fn new(identity: Identity) -> (Self, Arc<AtomicBool>) {
        let chain = [&identity.certificate].into_iter().chain(&identity.intermediates);
        let chain = chain.map(|cert| CertificateDer::from(cert.der().to_vec())).collect();
        let algorithm = identity.key.algorithm();
        let certified = Arc::new(CertifiedKey::new(chain, Arc::new(HolderKey(identity.key))));
        let asked = Arc::new(AtomicBool::new(false));
        (Self { certified, algorithm, asked: asked.clone() }, asked)
    }

    /// The versions of TLS in which the key can sign.
    pub(super) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        versions(self.algorithm)
    }

    /// Presents the certificate to whoever asks.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(Always { certified: self.certified.clone(), asked: self.asked.clone() })
    }
}

/// TLS 1.3 has no RSASSA-PKCS1-v1_5 (RFC 8446 §4.2.3): keys that sign in no other way speak 1.2.
fn versions(algorithm: Algorithm) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match algorithm {
        Algorithm::EcdsaP256 => &BOTH,
        Algorithm::RsaPkcs1 => &BOTH[1..],
    }
}

/// Presents the one certificate, whatever names of CAs the server hints at.
#[derive(Debug)]
struct Always {
    certified: Arc<CertifiedKey>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certified.key.choose_scheme(schemes).map(|_| self.certified.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct HolderKey(Arc<dyn SeatKey>);

impl HolderKey {
    fn own_scheme(&self) -> SignatureScheme {
        match self.0.algorithm() {
            Algorithm::EcdsaP256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Algorithm::RsaPkcs1 => SignatureScheme::RSA_PKCS1_SHA256,
        }
    }
}

impl fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HolderKey").field(&self.0.algorithm()).finish()
    }
}

impl SigningKey for HolderKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.own_scheme()).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::EcdsaP256 => SignatureAlgorithm::ECDSA,
            Algorithm::RsaPkcs1 => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for HolderKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = self.0.sign(message);
        signature.ok_or_else(|| rustls::Error::General("the key does not sign".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.own_scheme()
    }
}
