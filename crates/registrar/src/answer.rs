use std::sync::Arc;

use tegata_ca::{OcspError, OcspQuestion, OcspStatus};
use tegata_domain::{CertificateState, Reason, Serial};
use tegata_store::{AuthorityId, StoreError, View};

use crate::answers::SharedAnswer;
use crate::{IssuingCa, Registrar};

/// How long an OCSP answer is good for.
const LIFETIME: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Changes that are taken in at a time.
const STRETCH: usize = 1_024;

/// Why there is no OCSP answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The database is not the one it was.
    #[error("nothing is said until an operator has looked at the database")]
    Distrusted,
    /// No responder has a valid certificate now.
    #[error("no OCSP responder is ready")]
    NoResponder,
    /// The question or the key.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Answers an OCSP request to `ca`: with what was signed before where nothing changed since,
    /// else with what the database says now.
    ///
    /// # Errors
    /// When the request is not one, or database or key cannot be used.
    pub fn answer(&self, ca: &IssuingCa, request: &[u8]) -> Result<Arc<SharedAnswer>, AnswerError> {
        if self.is_distrusted() {
            return Err(AnswerError::Distrusted);
        }
        match self.answers.find(ca.id, request, self.now()) {
            Some(shared) => Ok(shared),
            None => self.sign_answer(ca, request),
        }
    }

    /// Forgets the answers about certificates that changed behind position `after` of the feed,
    /// and signs at once what was asked before. Returns the position reached.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn refresh_answers(&self, after: u64) -> Result<u64, StoreError> {
        let mut after = after;
        loop {
            let changes = self.store().read(|view: View<'_>| view.changes(after, STRETCH))?;
            let Some(last) = changes.last() else { return Ok(after) };
            after = last.seq;
            let serials: Vec<Serial> = changes.iter().map(|row| row.change.serial).collect();
            let keyring = self.keyring();
            for (ca, request) in self.answers.change(&serials, after) {
                let ca = keyring.authorities().find(|known| known.id == ca);
                // What cannot be signed now is signed when it is asked for.
                if let Some(Err(error)) = ca.map(|ca| self.sign_answer(ca, &request)) {
                    tracing::warn!(%error, "an OCSP answer was not signed ahead");
                }
            }
        }
    }

    fn sign_answer(
        &self,
        ca: &IssuingCa,
        request: &[u8],
    ) -> Result<Arc<SharedAnswer>, AnswerError> {
        let question = OcspQuestion::parse(request)?;
        let now = self.now();
        let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
        let responder = self
            .responders
            .of(ca.id)
            .filter(|responder| now < responder.validity().not_after)
            .ok_or(AnswerError::NoResponder)?;
        self.store().read(|view: View<'_>| {
            // The position is read first: an answer may know more than it claims, never less.
            let (position, mut failed) = (view.last_change()?, None);
            let answer = responder.answer(question, now, now + LIFETIME, |serial| {
                status(view, ca, serial).unwrap_or_else(|error| {
                    failed = Some(error);
                    OcspStatus::Unknown
                })
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            let shared = Arc::new(SharedAnswer::new(answer));
            self.answers.keep(ca.id, request, &shared, position);
            Ok(shared)
        })
    }
}

fn status(view: View<'_>, ca: &IssuingCa, serial: Serial) -> Result<OcspStatus, StoreError> {
    let found = status_of(view, ca.id, serial)?;
    // Of a CA whose own certificate is revoked nothing is good any more (RFC 6960 §2.7).
    if ca.revoked && found == OcspStatus::Good {
        let record = view.authorities()?.into_iter().find(|record| record.id == ca.id);
        let at = record.and_then(|record| record.revoked_at);
        let reason = Reason::Unspecified;
        return Ok(at.map_or(found, |at| OcspStatus::Revoked { at, reason }));
    }
    Ok(found)
}

fn status_of(view: View<'_>, ca: AuthorityId, serial: Serial) -> Result<OcspStatus, StoreError> {
    let Some(record) = view.certificate(serial)?.filter(|record| record.authority == ca) else {
        if let Some((at, reason)) = view.unaccounted(ca, serial)? {
            return Ok(OcspStatus::Revoked { at, reason });
        }
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
