//! Another address, asked for by the holder of the seat's certificate: what its key signed is the
//! authority, the link in the mail to the new address is the proof that it is read there.

use jiff::Timestamp;
use tegata_domain::{Email, EmailRefusal, UserId, WrongClock, email_statement, email_timely};
use tegata_store::{CertificateRecord, EmailSigned, StoreError};
use tegata_text::Lang;

use crate::change_email::{AskedEmail, ChangeEmailError};
use crate::office::entry;
use crate::{Actor, Reference, Registrar, Service, StatementError};

/// A change that the holder of a certificate asked for; whether it is taken up is open.
#[derive(Debug)]
pub struct ProvenEmail {
    record: CertificateRecord,
    email: Email,
    at: Timestamp,
}

impl ProvenEmail {
    /// Whose.
    pub fn user_id(&self) -> &UserId {
        &self.record.user_id
    }
}

/// Why a change was not taken up. Whoever holds the key of a certificate may know how it stands.
#[derive(Debug, thiserror::Error)]
pub enum AskEmailError {
    /// Nobody is known to have asked.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Signed too long ago, or by a clock that is wrong. Nobody looked at the signature.
    #[error(transparent)]
    Clock(#[from] WrongClock),
    /// The certificate is not good.
    #[error(transparent)]
    Refused(#[from] EmailRefusal),
    /// The address cannot be asked for.
    #[error(transparent)]
    Change(#[from] ChangeEmailError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// Whose key signed `request`, DER, over the statement that `email` is to be registered, at `at`
    /// by the clock of whoever signed, in whole seconds. It changes nothing.
    ///
    /// # Errors
    /// See [`AskEmailError`].
    pub async fn prove_email(
        &self,
        service: &Service,
        request: Vec<u8>,
        (email, at): (Email, Timestamp),
    ) -> Result<ProvenEmail, AskEmailError> {
        let at = email_timely(at, self.now())?;
        let statement = |service: &_, serial| email_statement(service, serial, &email, at);
        let record = self.prove_statement(service, request, statement).await?;
        Ok(ProvenEmail { record, email, at })
    }

    /// Asks for the address, as [`crate::Office::ask_email`] does, in the name of the subscriber. What
    /// was signed is taken up once: while it waits, the same again gets the same answer.
    /// `reference` ends up in the audit log beside a refusal.
    ///
    /// # Errors
    /// See [`AskEmailError`]. Nothing is changed in any of these cases.
    pub async fn ask_email_proven(
        &self,
        service: &Service,
        ProvenEmail { record, email, at }: ProvenEmail,
        lang: Lang,
        reference: &Reference,
    ) -> Result<AskedEmail, AskEmailError> {
        let user_id = record.user_id.clone();
        let actor = || Actor::Subscriber(user_id.clone());
        let place = (service.id, &service.settings);
        let what = (email, Some(EmailSigned { by: record.certificate.serial, at }));
        let asked = self.ask_email_signed(actor(), place, user_id.clone(), what, Some(lang)).await;
        let outcome = asked.map_err(|error| match error {
            ChangeEmailError::Signer(refusal) => AskEmailError::Refused(refusal),
            error => error.into(),
        });
        if let Err(error) = &outcome {
            let mut entry = entry(self.now(), &actor(), "email.refused", &user_id);
            entry.reference = Some(reference.to_string());
            let serial = record.certificate.serial;
            entry.detail = serde_json::json!({ "serial": serial, "cause": error.to_string() });
            self.store.write(move |tx| tx.audit(&entry)).await?;
        }
        outcome
    }
}
