use std::cell::Cell;
use std::time::Duration;

use der::Decode;
use rustls::DistinguishedName;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage as Purpose};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::verdict::Authenticity;

/// The issuing CAs of a service, as its feed names them.
#[derive(Debug)]
pub(crate) struct Authorities {
    ders: Vec<Vec<u8>>,
    anchors: Vec<TrustAnchor<'static>>,
    generation: u64,
}

impl Authorities {
    /// No issuing CA at all: what is known before the first page.
    pub(crate) fn none() -> Self {
        Self { ders: Vec::new(), anchors: Vec::new(), generation: 1 }
    }

    /// The set after `self`. Certificates that may not sign others become no anchors.
    pub(crate) fn next(&self, ders: &[Vec<u8>]) -> Self {
        let anchors = ders
            .iter()
            .filter_map(|der| {
                let anchor = anchor(der);
                if anchor.is_none() {
                    tracing::warn!("the feed names a certificate that is not that of a CA");
                }
                anchor
            })
            .collect();
        Self { ders: ders.to_vec(), anchors, generation: self.generation + 1 }
    }

    /// Whether the set consists of exactly these certificates.
    pub(crate) fn are(&self, ders: &[Vec<u8>]) -> bool {
        self.ders == ders
    }

    /// Grows with every change of the set; starts at 1.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Subjects, as hints for the client's choice of certificate.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = DistinguishedName> {
        self.anchors.iter().map(|anchor| DistinguishedName::in_sequence(&anchor.subject))
    }

    /// Checks that one of these CAs issued `leaf` directly, for client authentication.
    ///
    /// `not_before` is a time at which the leaf was valid: this is about who issued it for what,
    /// the dates are judged with every request.
    pub(crate) fn authenticity(
        &self,
        leaf: &CertificateDer<'_>,
        not_before: i64,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Authenticity {
        let Ok(leaf) = EndEntityCert::try_from(leaf) else { return Authenticity::WrongIssuer };
        let purpose = Noted::default();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(not_before.max(0).unsigned_abs()));
        let path =
            leaf.verify_for_usage(algorithms.all, &self.anchors, &[], at, &purpose, None, None);
        match (path, purpose.client_auth.get()) {
            (Err(_), _) => Authenticity::WrongIssuer,
            (Ok(_), false) => Authenticity::WrongUsage,
            (Ok(_), true) => Authenticity::Genuine,
        }
    }
}

impl Authorities {
    /// Whether one of these CAs issued `leaf` directly, for servers, and it is valid `at` this time.
    pub(crate) fn issued_server(
        &self,
        leaf: &CertificateDer<'_>,
        at: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> bool {
        let Ok(leaf) = EndEntityCert::try_from(leaf) else { return false };
        let usage = Purpose::server_auth();
        leaf.verify_for_usage(algorithms.all, &self.anchors, &[], at, usage, None, None).is_ok()
    }
}

/// Accepts every purpose and notes whether client authentication was among them: webpki looks
/// at the purpose before the issuer, and a stranger's certificate should read "wrong issuer".
#[derive(Default)]
struct Noted {
    client_auth: Cell<bool>,
}

impl ExtendedKeyUsageValidator for Noted {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        for purpose in purposes {
            if purpose?.to_decoded_oid() == Purpose::CLIENT_AUTH_REPR {
                self.client_auth.set(true);
            }
        }
        Ok(())
    }
}

/// A trust anchor out of a CA's certificate: `cA` must be true (RFC 5280 §4.2.1.9), and
/// `keyCertSign` among the key usages where there are any (§4.2.1.3).
fn anchor(der: &[u8]) -> Option<TrustAnchor<'static>> {
    let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
    let (_, constraints) = certificate.get::<BasicConstraints>().ok()??;
    let signs = match certificate.get::<KeyUsage>().ok()? {
        Some((_, usage)) => usage.key_cert_sign(),
        None => true,
    };
    if !constraints.ca || !signs {
        return None;
    }
    let der = CertificateDer::from(der);
    webpki::anchor_from_trusted_cert(&der).ok().map(|anchor| anchor.to_owned())
}
