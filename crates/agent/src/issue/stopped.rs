use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tegata_domain::{Serial, UserId};
use tegata_text::{Text, date_time};

use super::Ports;
use super::machine::PrepareKey;
use crate::store::{Begun, KeyStore};
use crate::trust::Trusted;
use crate::{Error, Explanation};

/// The code by which a server refuses an initial password, whatever is wrong with it.
const CREDENTIAL_REFUSED: &str = "credential_refused";

/// An issuance that did not come to its end.
#[derive(Debug)]
pub struct Stopped {
    /// What stopped it.
    pub error: Error,
    /// Whether the initial password has left this PC.
    pub sent: bool,
    /// Where a key waits for the next try; `None` when no key was left behind.
    pub kept: Option<String>,
    /// The certificate that the store holds already, where the initial password was refused.
    pub existing: Option<Box<Existing>>,
}

/// A valid certificate of the same seat, issued before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Existing {
    /// Serial number.
    pub serial: Serial,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Where it was found.
    pub location: String,
    /// IANA name of the service's time zone.
    #[serde(skip)]
    pub time_zone: String,
}

impl Stopped {
    /// The error in the language of `text`, and what it means for the key and for a certificate
    /// that is there already.
    pub fn explain(&self, text: Text) -> Explanation {
        let mut explanation = self.error.explain(text);
        let is_issued = self.sent && matches!(self.error, Error::Store(_));
        let more = [
            is_issued.then(|| text.app_within_a_day()),
            self.existing.as_ref().map(|existing| {
                let zone = TimeZone::get(&existing.time_zone).unwrap_or(TimeZone::UTC);
                let until = date_time(text.lang(), existing.not_after, &zone);
                text.app_existing(&existing.location, &until)
            }),
            self.kept.as_ref().map(|path| text.app_key_kept(path)),
        ];
        for sentence in more.into_iter().flatten() {
            if !explanation.detail.is_empty() {
                explanation.detail.push('\n');
            }
            explanation.detail.push_str(&sentence);
        }
        explanation
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// What has to be known of an issuance when it stops.
#[derive(Default)]
pub(super) struct Trail {
    key: Option<WaitingKey>,
    requests: u32,
}

/// The key in the store's pending file, and whom it is for.
struct WaitingKey {
    waits_in: String,
    resumed: bool,
    user: UserId,
    trusted: Trusted,
    time_zone: String,
}

impl Trail {
    /// The store wrote a key down, or took up the one that waited.
    pub(super) fn begun(&mut self, begun: &Begun<'_>, prepare: &PrepareKey) {
        self.key = Some(WaitingKey {
            waits_in: begun.waits_in.clone(),
            resumed: begun.resumed,
            user: prepare.order().user.clone(),
            trusted: prepare.trusted().clone(),
            time_zone: prepare.time_zone().to_owned(),
        });
    }

    /// A request with the key goes out.
    pub(super) fn sends(&mut self) {
        self.requests += 1;
    }

    pub(super) fn stopped(self, error: Error, ports: &mut Ports<'_>) -> Stopped {
        let sent = self.requests > 0;
        let Some(key) = self.key else {
            return Stopped { error, sent, kept: None, existing: None };
        };
        let is_spent = matches!(&error, Error::Refused(said) if said.code == CREDENTIAL_REFUSED);
        let existing = if is_spent { key.existing(ports.store, ports.clock.now()) } else { None };
        let is_gone = key.bought_nothing(self.requests, &error) && ports.store.settle().is_ok();
        Stopped { error, sent, kept: (!is_gone).then_some(key.waits_in), existing }
    }
}

impl WaitingKey {
    /// Whether there can be no certificate for the key: made in this run, and never sent, or
    /// sent once and refused by the server itself. After a lost reply, in this run or an earlier
    /// one, a refusal says nothing about the certificate that the lost request may have bought.
    fn bought_nothing(&self, requests: u32, error: &Error) -> bool {
        let is_refusal =
            matches!(error, Error::Refused(problem) if (400..500).contains(&problem.status));
        !self.resumed && (requests == 0 || requests == 1 && is_refusal)
    }

    /// The valid certificate of this service and seat that the store holds with its key, if any.
    fn existing(&self, store: &dyn KeyStore, now: Timestamp) -> Option<Box<Existing>> {
        let held = store.list().ok()?.into_iter().filter(|held| {
            held.user == self.user
                && held.key.is_some()
                && held.certificate.valid_at(now)
                && self.trusted.intermediates().iter().any(|ca| held.certificate.is_signed_by(ca))
        });
        let held = held.max_by_key(|held| held.certificate.not_after())?;
        Some(Box::new(Existing {
            serial: held.serial,
            not_after: held.certificate.not_after(),
            location: held.location,
            time_zone: self.time_zone.clone(),
        }))
    }
}
