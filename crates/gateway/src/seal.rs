use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::SigningKey;
use tegata_domain::Serial;
use tegata_wire::report::{Report, signed_message};

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
    pub(crate) key: Arc<dyn SigningKey>,
}

impl Seal {
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
