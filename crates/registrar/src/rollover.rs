//! A new issuing CA before the old one is too short for full lifetimes.

use jiff::{SignedDuration, Timestamp};
use tegata_domain::{Issuer, Reason};
use tegata_store::{AuthorityId, AuthorityRecord, NewAuthority, ServiceId, StoreError, View};

use crate::blocklist::block_own_key;
use crate::found::authority_created;
use crate::office::entry;
use crate::{Actor, Office, Service, TargetError};

/// How long a new CA is known before it issues: gateways learn of it at once, PCs with the next
/// thing they do, and an operator has time to look.
pub const LEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long before the old CA is too short the new one is made.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long after one rollover there is no other.
const PAUSE: SignedDuration = SignedDuration::from_hours(180 * 24);

/// An issuing CA to be put on record.
#[derive(Clone, Debug)]
pub struct NewIssuingCa {
    /// Whose.
    pub service: ServiceId,
    /// Which root signed it.
    pub parent: AuthorityId,
    /// Its name.
    pub name: Issuer,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// From when on it issues.
    pub issues_from: Timestamp,
}

impl Service {
    /// Until when the CA that issues now can give full lifetimes, renewals included.
    pub fn full_until(&self, now: Timestamp) -> Timestamp {
        let ends = self.current(now).authority.validity().not_after;
        ends - self.lifecycle.reach()
    }

    /// Whether a new issuing CA is due: the newest one there is gets too short soon. Never twice
    /// within half a year: where another CA would be as short, the root or the lifetime is what
    /// needs a change.
    pub fn rollover_is_due(&self, now: Timestamp) -> bool {
        let active = || self.issuing.iter().filter(|ca| !ca.retired);
        if active().any(|ca| now < ca.issues_from + PAUSE) {
            return false;
        }
        let ends = active().map(|ca| ca.authority.validity().not_after).max();
        ends.is_none_or(|ends| {
            let full = ends - self.lifecycle.reach();
            now + LEAD + AHEAD >= full
        })
    }

    /// A name for the next issuing CA: the last number in the newest one's name, plus one.
    pub fn next_ca_name(&self, now: Timestamp, taken: &[Issuer]) -> Option<Issuer> {
        let mut name = self.current(now).name.clone();
        while taken.contains(&name) {
            name = successor(name.as_str())?.parse().ok()?;
        }
        Some(name)
    }
}

/// `SB0001009C` → `SB0001010C`; `None` without digits or when they are all nines.
fn successor(name: &str) -> Option<String> {
    let end = name.rfind(|c: char| c.is_ascii_digit())? + 1;
    let begin = name[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let width = end - begin;
    let number = name[begin..end].parse::<u64>().ok()?.checked_add(1)?;
    let digits = format!("{number:0width$}");
    (digits.len() == width).then(|| format!("{}{digits}{}", &name[..begin], &name[end..]))
}

impl Office {
    /// Records an issuing CA beside those that the service has. Running servers and gateways
    /// learn of it at once; it issues from its own time on.
    ///
    /// # Errors
    /// When the name is taken or the database refuses.
    pub async fn add_issuing_ca(
        &self,
        actor: Actor,
        new: NewIssuingCa,
    ) -> Result<AuthorityId, StoreError> {
        let now = self.now();
        self.store
            .write(move |tx| {
                block_own_key(tx, &new.certificate, new.name.as_str(), now)?;
                let id = tx.insert_authority(&NewAuthority {
                    service: Some(new.service),
                    parent: Some(new.parent),
                    name: &new.name,
                    certificate: &new.certificate,
                    complete_crl: true,
                    issues_from: new.issues_from,
                })?;
                let mut record = authority_created(now, &actor, &new.name, &new.certificate);
                record.detail["issues_from"] = serde_json::json!(new.issues_from);
                tx.audit(&record)?;
                Ok(id)
            })
            .await
    }

    /// The CAs on record.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn authorities(&self) -> Result<Vec<AuthorityRecord>, StoreError> {
        self.store.read(|view: View<'_>| view.authorities())
    }

    /// From now on the CA issues nothing and only publishes status.
    ///
    /// # Errors
    /// When there is none of this name, it is a root, or no other CA of its service issues.
    pub async fn retire_ca(&self, actor: Actor, name: &Issuer) -> Result<(), TargetError> {
        let (now, name) = (self.now(), name.clone());
        self.store
            .write(move |tx| {
                let record = replaceable(&tx.authorities()?, &name, now)?;
                tx.retire_authority(record.id, now)?;
                Ok(tx.audit(&entry(now, &actor, "authority.retired", &name))?)
            })
            .await
    }

    /// Revokes the certificate of an issuing CA, for good; it stands on its root's CRL at once.
    /// Gateways refuse everything it issued with their next look.
    ///
    /// # Errors
    /// As [`Self::retire_ca`].
    pub async fn revoke_ca(
        &self,
        actor: Actor,
        name: &Issuer,
        reason: Reason,
    ) -> Result<(), TargetError> {
        let (now, name) = (self.now(), name.clone());
        self.store
            .write(move |tx| {
                let record = replaceable(&tx.authorities()?, &name, now)?;
                tx.revoke_authority(record.id, now, reason)?;
                let mut record = entry(now, &actor, "authority.revoked", &name);
                record.detail = serde_json::json!({ "reason": reason.name() });
                Ok(tx.audit(&record)?)
            })
            .await
    }
}

/// The issuing CA of this name, when another one of its service can go on issuing.
fn replaceable(
    authorities: &[AuthorityRecord],
    name: &Issuer,
    now: Timestamp,
) -> Result<AuthorityRecord, TargetError> {
    let found = authorities
        .iter()
        .find(|ca| ca.name == *name && ca.service.is_some())
        .ok_or_else(|| TargetError::unknown("issuing CA", name))?;
    if let Some(since) = found.revoked_at {
        let reason = found.revoked_reason.unwrap_or(Reason::Unspecified);
        return Err(TargetError::AlreadyRevoked { name: name.to_string(), since, reason });
    }
    let another = authorities.iter().any(|ca| {
        ca.service == found.service
            && ca.id != found.id
            && ca.retired_at.is_none()
            && ca.issues_from <= now
    });
    match another {
        true => Ok(found.clone()),
        false => Err(TargetError::LastCa(name.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn names_count_up_in_their_last_number() {
        for (name, next) in [
            ("SB0001002C", Some("SB0001003C")),
            ("SB0001009C", Some("SB0001010C")),
            ("CA9", None),
            ("CA", None),
            ("7", Some("8")),
        ] {
            assert_eq!(successor(name).as_deref(), next, "{name}");
        }
    }
}
