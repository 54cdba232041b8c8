//! The kinds of mail: one file each, one table here.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tegata_store::{NewMail, SeatRecord, ServiceId, StoreError, View};
use tegata_text::Lang;

use super::sheet::Sheet;
use super::{
    digest, email_changed, email_confirm, held, issued, lapsing, released, reminder, renewed,
    revoked,
};
use crate::ServiceSettings;

/// What a mail of one kind says.
pub(crate) trait Content: Serialize + DeserializeOwned {
    /// Which kind.
    const KIND: MailKind;

    /// Subject and text.
    fn write(&self, sheet: &Sheet<'_>) -> (String, String);

    /// Why the mail is not wanted any more at the moment of sending, if it is not.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn outdated(
        &self,
        _view: View<'_>,
        _service: ServiceId,
        _now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        Ok(None)
    }

    /// Every form that the mail can take, named, around `now`.
    fn samples(now: Timestamp) -> Vec<(&'static str, Self)>;
}

/// A mail for a seat; none when it has no address.
pub(crate) fn to_seat<C: Content>(
    seat: &SeatRecord,
    settings: &ServiceSettings,
    content: &C,
) -> Option<NewMail> {
    let recipient = seat.email.clone()?;
    Some(NewMail {
        service: seat.service,
        seat: Some(seat.id),
        branch: None,
        kind: C::KIND.name(),
        recipient,
        lang: lang_of(seat, settings).code(),
        detail: serde_json::to_value(content).unwrap_or_default(),
    })
}

/// The language of a seat's mails.
pub(crate) fn lang_of(seat: &SeatRecord, settings: &ServiceSettings) -> Lang {
    seat.lang.as_deref().and_then(Lang::from_tag).unwrap_or_else(|| settings.lang())
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal: $content:ty),* $(,)?) => {
        /// What a mail is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum MailKind {
            $($(#[$doc])* $kind,)*
        }

        impl MailKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name in the outbox.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Writes what `detail` asks for; `None` when it is not of this kind.
            pub(crate) fn write(self, detail: &Value, sheet: &Sheet<'_>) -> Option<(String, String)> {
                match self {
                    $(Self::$kind => Some(read::<$content>(detail)?.write(sheet)),)*
                }
            }

            /// Why a mail is not wanted any more, if it is not.
            pub(crate) fn outdated(
                self,
                detail: &Value,
                view: View<'_>,
                service: ServiceId,
                now: Timestamp,
            ) -> Result<Option<&'static str>, StoreError> {
                match self {
                    $(Self::$kind => {
                        read::<$content>(detail).map_or(Ok(None), |one| one.outdated(view, service, now))
                    })*
                }
            }

            /// Every form that a mail of this kind can take, named.
            pub(crate) fn samples(self, now: Timestamp) -> Vec<(&'static str, Value)> {
                match self {
                    $(Self::$kind => <$content>::samples(now)
                        .into_iter()
                        .map(|(name, one)| (name, serde_json::to_value(one).unwrap_or_default()))
                        .collect(),)*
                }
            }
        }
    };
}

fn read<C: Content>(detail: &Value) -> Option<C> {
    C::deserialize(detail).ok()
}

kinds! {
    /// A certificate was issued; confirms the address.
    Issued = "issued": issued::Issued,
    /// A certificate was renewed.
    Renewed = "renewed": renewed::Renewed,
    /// A certificate expires soon.
    Reminder = "reminder": reminder::Reminder,
    /// A certificate is on hold.
    Held = "held": held::Held,
    /// A certificate was released from its hold.
    Released = "released": released::Released,
    /// A certificate was revoked.
    Revoked = "revoked": revoked::Revoked,
    /// An unused credential lapses soon.
    Lapsing = "lapsing": lapsing::Lapsing,
    /// Another address was asked for; to the new one.
    EmailConfirm = "email-confirm": email_confirm::Confirm,
    /// The address was changed; to the old one.
    EmailOld = "email-old": email_changed::ToOld,
    /// The address was changed; to the new one.
    EmailNew = "email-new": email_changed::ToNew,
    /// What a branch has to look after.
    Digest = "digest": digest::Digest,
}

impl MailKind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
