//! Keys and requests of a client that we steer.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::api::Issued;
use crate::https::Identity;

/// A P-256 key.
pub struct Key(KeyPair);

impl Default for Key {
    fn default() -> Self {
        Self(KeyPair::generate().expect("a key can be made"))
    }
}

impl Key {
    /// A PKCS#10 request, DER. Asks for nothing.
    pub fn request(&self) -> Vec<u8> {
        let params = CertificateParams::default();
        params.serialize_request(&self.0).expect("a request can be made").der().to_vec()
    }

    /// The key pair, to sign what no library would.
    pub fn pair(&self) -> &KeyPair {
        &self.0
    }

    /// The key with the certificate that was issued on it.
    pub fn identity(&self, issued: &Issued) -> Identity {
        let without_root = &issued.chain()[..1];
        let chain = [&[issued.certificate()], without_root].concat();
        Identity {
            chain: chain.into_iter().map(CertificateDer::from).collect(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.serialize_der())),
        }
    }
}
