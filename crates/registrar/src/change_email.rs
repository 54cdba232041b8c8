//! A seat's address changes when whoever reads the new one says so: asked for here, confirmed by a
//! link in a mail to it. Until then the old address stays.

use sha2::{Digest, Sha256};
use tegata_domain::{Email, EmailRequests, SeatState, TooManyRequests, UserId};
use tegata_store::{PendingEmail, SeatRecord, ServiceId, StoreError, Tx, View};
use tegata_text::Lang;

use crate::mail::email::{changed, confirm};
use crate::office::entry;
use crate::target::seat;
use crate::{Actor, Office, TargetError};

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
    /// Asks for another address of a seat: a mail with a link goes to it. A request that waited is
    /// replaced, and its links work no longer.
    ///
    /// # Errors
    /// When there is no such seat, it is closed, has the address already, or was asked for a
    /// change too often.
    pub async fn ask_email(
        &self,
        actor: Actor,
        (service, site_url): (ServiceId, &str),
        user_id: UserId,
        email: Email,
        lang: Lang,
    ) -> Result<AskedEmail, ChangeEmailError> {
        if site_url.is_empty() {
            return Err(ChangeEmailError::NoSite);
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let seat = seat(**tx, service, &user_id)?;
                if seat.state == SeatState::Closed {
                    return Err(ChangeEmailError::Closed(user_id));
                }
                if seat.email.as_ref() == Some(&email) {
                    return Err(ChangeEmailError::Same(user_id));
                }
                let requests = EmailRequests::one_more(tx.email_requests(seat.id)?, now)?;
                let number = tx.ask_email(seat.id, &email, lang.code(), requests, now)?;
                tx.enqueue_mail(&confirm(service, &email, lang, &user_id, number), now)?;
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
                tx.settle_email(seat.id)?;
                tx.set_email(seat.id, &pending.email)?;
                let lang = Lang::from_tag(&pending.lang).unwrap_or_default();
                for to in seat.email.iter().chain([&pending.email]) {
                    let mail = changed(service, to, lang, &seat.user_id, &pending.email);
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
    lang: Lang,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    tx.settle_email(seat.id)?;
    let present = tx.seat(seat.service, &seat.user_id)?.and_then(|seat| seat.email);
    if let Some(before) = present.filter(|before| before != email) {
        tx.enqueue_mail(&changed(seat.service, &before, lang, &seat.user_id, email), now)?;
    }
    Ok(())
}
