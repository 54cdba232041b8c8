//! A seat's address changes when whoever reads the new one says so: asked for here, confirmed by a
//! link in a mail to it. Until then the old address stays.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tegata_domain::{
    Email, EmailRefusal, EmailRequests, SeatState, TooManyRequests, UserId, email_permitted,
};
use tegata_store::{
    EmailSigned, PendingEmail, SeatId, SeatRecord, ServiceId, StoreError, Tx, View,
};
use tegata_text::Lang;

use crate::mail::{MailKind, confirm, email_changed, email_left, lang_of};
use crate::office::entry;
use crate::remind::settings;
use crate::target::seat;
use crate::{Actor, Office, ServiceSettings, TargetError};

/// Octets of a link's nonce: 160 bits, of which 128 would do.
const NONCE_LEN: usize = 20;

/// Why a change was not taken up.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    /// There is no such seat.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The seat was given up.
    #[error("{0} is closed; nobody writes to it")]
    Closed(UserId),
    /// It is the registered one.
    #[error("{0} has this address already")]
    Same(UserId),
    /// Nobody would know where the link leads.
    #[error(
        "the settings of the service do not say where its issuing site is (site_url), so no link \
         can be sent; see `tegata service change`"
    )]
    NoSite,
    /// The certificate whose key signed it is not good.
    #[error(transparent)]
    Signer(#[from] EmailRefusal),
    /// It was signed no later than another one that was taken up.
    #[error("another request for {0} was taken up that was signed as late")]
    Overtaken(UserId),
    /// Too often.
    #[error("a change was {0}")]
    TooMany(#[from] TooManyRequests),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change that waits for its confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedEmail {
    /// Whose.
    pub user_id: UserId,
    /// The address that stays until then, if there is one.
    pub present: Option<Email>,
    /// The address that the link goes to.
    pub new: Email,
}

/// A change that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedEmail {
    /// Whose.
    pub user_id: UserId,
    /// The address from now on.
    pub email: Email,
}

/// The secret of a link. Only its hash is ever kept.
pub struct LinkNonce([u8; NONCE_LEN]);

impl LinkNonce {
    pub(crate) fn random(entropy: &dyn tegata_domain::Entropy) -> Self {
        let mut octets = [0; NONCE_LEN];
        entropy.fill(&mut octets);
        Self(octets)
    }

    /// Reads what stands in an address.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut octets = [0; NONCE_LEN];
        hex::decode_to_slice(text, &mut octets).ok().map(|()| Self(octets))
    }

    /// As it stands in an address: 40 hexadecimal digits.
    pub(crate) fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl Office {
    /// Asks for another address of a seat: a mail with a link goes to it, in `lang` or the seat's
    /// own language. A request that waited is
    /// replaced, and its links work no longer.
    ///
    /// # Errors
    /// When there is no such seat, it is closed, has the address already, or was asked for a
    /// change too often.
    pub async fn ask_email(
        &self,
        actor: Actor,
        place: (ServiceId, &ServiceSettings),
        user_id: UserId,
        email: Email,
        lang: Option<Lang>,
    ) -> Result<AskedEmail, ChangeEmailError> {
        self.ask_email_signed(actor, place, user_id, (email, None), lang).await
    }

    /// Does the same for what the seat's holder `signed`, which is taken up once: what waits already
    /// gets the same answer, and nothing that was signed before it is taken up any more.
    pub(crate) async fn ask_email_signed(
        &self,
        actor: Actor,
        (service, settings): (ServiceId, &ServiceSettings),
        user_id: UserId,
        (email, signed): (Email, Option<EmailSigned>),
        lang: Option<Lang>,
    ) -> Result<AskedEmail, ChangeEmailError> {
        if settings.site_url.is_empty() {
            return Err(ChangeEmailError::NoSite);
        }
        let now = self.clock.now();
        let settings = settings.clone();
        self.store
            .write(move |tx| {
                let seat = seat(**tx, service, &user_id)?;
                if let Some(signed) = &signed {
                    let signer = tx.certificate(signed.by)?;
                    let signer = signer.ok_or(StoreError::Corrupt("a signer without record"))?;
                    email_permitted(&signer.certificate, now)?;
                }
                if seat.state == SeatState::Closed {
                    return Err(ChangeEmailError::Closed(user_id));
                }
                if seat.email.as_ref() == Some(&email) {
                    return Err(ChangeEmailError::Same(user_id));
                }
                let newest = tx.email_signed_at(seat.id)?;
                if signed.is_some_and(|signed| newest.is_some_and(|newest| signed.at <= newest)) {
                    return match tx.pending_email(seat.id)? {
                        Some(same) if same.signed == signed && same.email == email => {
                            Ok(AskedEmail { user_id, present: seat.email, new: email })
                        }
                        _ => Err(ChangeEmailError::Overtaken(user_id)),
                    };
                }
                let requests = EmailRequests::one_more(tx.email_requests(seat.id)?, now)?;
                let number = tx.ask_email(seat.id, (&email, signed), requests, now)?;
                let lang = lang.unwrap_or_else(|| lang_of(&seat, &settings));
                tx.enqueue_mail(&confirm(&seat, &email, lang, number), now)?;
                let mut entry = entry(now, &actor, "email.asked", &user_id);
                entry.detail = serde_json::json!({ "present": seat.email, "new": email });
                tx.audit(&entry)?;
                Ok(AskedEmail { user_id, present: seat.email, new: email })
            })
            .await
    }

    /// What a link would confirm; `None` when it works no longer, or is not of this service.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn email_behind(
        &self,
        service: ServiceId,
        nonce: &LinkNonce,
    ) -> Result<Option<ChangedEmail>, StoreError> {
        let (now, hash) = (self.clock.now(), nonce.hash());
        let pending = self.store.read(|view: View<'_>| view.pending_by_link(hash, now))?;
        let mine = pending.filter(|pending| pending.service == service);
        Ok(mine.map(|PendingEmail { user_id, email, .. }| ChangedEmail { user_id, email }))
    }

    /// Confirms the change behind a link: the address is registered, both addresses are told, and
    /// no link of the seat works any more. `None` when this one does not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn confirm_email(
        &self,
        service: ServiceId,
        nonce: LinkNonce,
    ) -> Result<Option<ChangedEmail>, StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let pending = tx.pending_by_link(nonce.hash(), now)?;
                let Some(pending) = pending.filter(|pending| pending.service == service) else {
                    return Ok(None);
                };
                let seat = tx
                    .seat(service, &pending.user_id)?
                    .ok_or(StoreError::Corrupt("an address that waits for no seat"))?;
                let settings = settings(**tx)?.remove(&service);
                let settings = settings.ok_or(StoreError::Corrupt("a service without settings"))?;
                tx.settle_email(seat.id)?;
                tx.set_email(seat.id, &pending.email)?;
                tx.readdress_mails(seat.id, &pending.email, &bound())?;
                for mail in email_changed(&seat, &pending.email, &settings, now) {
                    tx.enqueue_mail(&mail, now)?;
                }
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = entry(now, &actor, "email.changed", &seat.user_id);
                entry.detail = serde_json::json!({ "before": seat.email, "email": pending.email });
                tx.audit(&entry)?;
                Ok(Some(ChangedEmail { user_id: seat.user_id, email: pending.email }))
            })
            .await
    }
}

/// An issuance registers the address that was typed. What waited for confirmation is void, and
/// an address that goes is told: the credential may have been in other hands.
pub(crate) fn replaced_by_issuance(
    tx: &mut Tx<'_>,
    seat: &SeatRecord,
    email: &Email,
    settings: &ServiceSettings,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.settle_email(seat.id)?;
    let present = tx.seat_by_id(seat.id)?;
    tx.readdress_mails(seat.id, email, &bound())?;
    if let Some(left) = present.filter(|seat| seat.email.as_ref().is_some_and(|old| old != email))
        && let Some(mail) = email_left(&left, settings, now)
    {
        tx.enqueue_mail(&mail, now)?;
    }
    Ok(())
}

/// What waits for a seat is void once the certificate whose key asked for it has no say any more:
/// somebody else may have had the key. What an office asked for stays. Returns whether anything went.
pub(crate) fn void_with_signer(
    tx: &mut Tx<'_>,
    seat: SeatId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(signed) = tx.pending_email(seat)?.and_then(|pending| pending.signed) else {
        return Ok(false);
    };
    let signer = tx.certificate(signed.by)?;
    match signer.is_some_and(|signer| email_permitted(&signer.certificate, now).is_ok()) {
        true => Ok(false),
        false => tx.settle_email(seat),
    }
}

/// Mails that are meant for one address, whatever the seat's is.
fn bound() -> [&'static str; 2] {
    [MailKind::EmailConfirm.name(), MailKind::EmailOld.name()]
}
