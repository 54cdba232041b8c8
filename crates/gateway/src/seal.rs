use std::fmt;
use std::sync::Arc;

use der::Decode;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::SigningKey;
use tegata_domain::Serial;
use tegata_wire::report::{Report, signed_message};
use x509_cert::Certificate;

use crate::config::Identity;

/// How keys of each kind sign a report: the usual way, one a kind.
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::ED25519,
];

/// The key of a gateway's certificate, for reports.
#[derive(Clone)]
pub(crate) struct Seal {
    pub(crate) serial: Serial,
    key: Arc<dyn SigningKey>,
}

impl Seal {
    /// # Errors
    /// When the key is of no kind that signs, or the certificate cannot be read.
    pub(crate) fn new(identity: &Identity) -> Result<Self, rustls::Error> {
        let unreadable = || rustls::Error::General("the certificate cannot be read".to_owned());
        let leaf = identity.chain.first().ok_or_else(unreadable)?;
        let leaf = Certificate::from_der(leaf).map_err(|_| unreadable())?;
        let serial = Serial::from_integer(leaf.tbs_certificate.serial_number.as_bytes())
            .map_err(|_| unreadable())?;
        Ok(Self { serial, key: any_supported_type(&identity.key)? })
    }

    /// The octets of a report.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) fn seal(&self, report: &Report) -> Result<Vec<u8>, rustls::Error> {
        let signer = self.key.choose_scheme(SCHEMES);
        let signer = signer.ok_or_else(|| rustls::Error::General("no way to sign".to_owned()))?;
        let body = report.to_body();
        let signature = signer.sign(&signed_message(&body))?;
        Ok(Report::sealed(&body, &signature))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("serial", &self.serial).finish_non_exhaustive()
    }
}
