use tegata_ca::{OcspError, OcspQuestion, OcspStatus};
use tegata_domain::{CertificateState, Reason, Serial};
use tegata_store::{AuthorityId, StoreError, View};

use crate::{IssuingCa, Registrar};

/// How long an OCSP answer is good for.
const LIFETIME: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Why there is no OCSP answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The question or the key.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Answers an OCSP request to `ca` with what the database says now.
    ///
    /// # Errors
    /// When the request is not one, or database or key cannot be used.
    pub fn answer(&self, ca: &IssuingCa, request: &[u8]) -> Result<Vec<u8>, AnswerError> {
        let question = OcspQuestion::parse(request)?;
        let now = self.now();
        self.store().read(|view: View<'_>| {
            let mut failed = None;
            let answer = ca.authority.ocsp(question, now, now + LIFETIME, |serial| {
                status(view, ca.id, serial).unwrap_or_else(|error| {
                    failed = Some(error);
                    OcspStatus::Unknown
                })
            });
            match failed {
                Some(error) => Err(error.into()),
                None => Ok(answer?),
            }
        })
    }
}

fn status(view: View<'_>, ca: AuthorityId, serial: Serial) -> Result<OcspStatus, StoreError> {
    let Some(record) = view.certificate(serial)?.filter(|record| record.authority == ca) else {
        let own = view.is_own_certificate(ca, serial)?;
        return Ok(if own { OcspStatus::Good } else { OcspStatus::Unknown });
    };
    Ok(match record.certificate.state {
        CertificateState::Issued { .. } | CertificateState::Superseded { .. } => OcspStatus::Good,
        CertificateState::Planned { .. } => OcspStatus::Unknown,
        CertificateState::Held { at, .. } => {
            OcspStatus::Revoked { at, reason: Reason::CertificateHold }
        }
        CertificateState::Revoked { at, reason } => OcspStatus::Revoked { at, reason },
        CertificateState::Void { at } => OcspStatus::Revoked { at, reason: Reason::Unspecified },
    })
}
