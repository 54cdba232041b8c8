//! A service's own signer of mails: a certificate of its mail profile, made when it is first
//! needed and renewed before its end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{Holder, KeyKind, MailSigner, MailSignerError, Placeholder, Signer};
use tegata_domain::{Serial, Validity};
use tegata_store::{OwnCertificate, StoreError, View};

use crate::found::CertifyError;
use crate::{Registrar, Service};

/// What a certificate for mails is for, as it stands on record.
pub const MAIL_PURPOSE: &str = "mail";

/// How long before its end a certificate is renewed, unless half its life is shorter.
const RENEWAL: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Why a service has no signer of its own.
#[derive(Debug, thiserror::Error)]
pub enum OwnMailSignerError {
    /// Its certificate is revoked, and the key is still the same.
    #[error("the certificate for mail {serial} is revoked since {since:.0}")]
    Revoked {
        /// Which one.
        serial: Serial,
        /// Since when.
        since: Timestamp,
    },
    /// It could not be made.
    #[error("no certificate for mail could be made: {0}")]
    Certify(#[from] CertifyError),
    /// It was made, but cannot be used.
    #[error(transparent)]
    Signer(#[from] MailSignerError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Service {
    /// The kind of the key of its own mail signer.
    pub fn mail_key_kind(&self) -> KeyKind {
        self.profile(Holder::MailSigner).keys().example()
    }
}

impl Registrar {
    /// The signer of mails of `service` from `sender` with this key: with the certificate on
    /// record, or a new one where there is none that fits or its end is near.
    ///
    /// # Errors
    /// When its certificate was revoked with this key, or none could be made.
    pub async fn own_mail_signer(
        &self,
        service: &Service,
        sender: &str,
        key: Arc<dyn Signer>,
    ) -> Result<MailSigner, OwnMailSignerError> {
        let (now, id) = (self.now(), service.id);
        let on_record =
            self.store().read(|view: View<'_>| view.own_certificate_of(id, MAIL_PURPOSE))?;
        let mut usable = None;
        if let Some((own, revoked_at)) = on_record
            && let Ok(signer) = open(service, &own, key.clone())
        {
            if let Some(since) = revoked_at {
                return Err(OwnMailSignerError::Revoked { serial: own.serial, since });
            }
            let trusted = service.trusted().any(|ca| ca.id == own.authority);
            if trusted && signer.check(sender, now).is_ok() {
                usable = Some(signer);
            }
        }
        if let Some(signer) = usable.take_if(|signer| now < renewal(signer.validity())) {
            return Ok(signer);
        }
        let values = service.settings.values().with(Placeholder::Sender, sender);
        let (holder, same) = (Holder::MailSigner, std::convert::identity);
        let made = self.certify_own(service, holder, MAIL_PURPOSE, same, &values, key.public_key());
        match (made.await, usable) {
            (Ok(own), _) => {
                tracing::info!(service = %service.key, serial = %own.serial,
                    not_after = %own.not_after, "a certificate for mail");
                let signer = open(service, &own, key)?;
                signer.check(sender, now)?;
                Ok(signer)
            }
            // Good for weeks yet.
            (Err(error), Some(signer)) => {
                tracing::error!(service = %service.key, %error,
                    "the certificate for mail is not renewed");
                Ok(signer)
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Whether a signer that [`Self::own_mail_signer`] gave is still to be used.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn keeps_mail_signer(
        &self,
        service: &Service,
        signer: &MailSigner,
    ) -> Result<bool, StoreError> {
        let id = service.id;
        let on_record =
            self.store().read(|view: View<'_>| view.own_certificate_of(id, MAIL_PURPOSE))?;
        Ok(on_record.is_some_and(|(own, revoked_at)| {
            own.serial == signer.serial()
                && revoked_at.is_none()
                && self.now() < renewal(signer.validity())
                && service.trusted().any(|ca| ca.id == own.authority)
        }))
    }
}

fn open(
    service: &Service,
    own: &OwnCertificate,
    key: Arc<dyn Signer>,
) -> Result<MailSigner, MailSignerError> {
    MailSigner::open(&[own.der.clone(), service.issuer_of(own).to_vec()], key)
}

fn renewal(validity: Validity) -> Timestamp {
    let Validity { not_before, not_after } = validity;
    not_after - RENEWAL.min(not_after.duration_since(not_before) / 2)
}
