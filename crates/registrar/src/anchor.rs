//! The anchor: what lies outside the database so that an older copy of it is noticed, and so that
//! nothing revoked comes back with it.
//!
//! The head says how far the audit log, the revocation feed and the CRL numbers had come. The
//! lines say what was intended and what changed since the anchor began. This file decides; where
//! they lie is the server's affair.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::{Certificate, Issuer, Reason, RevocationStatus, Serial};
use tegata_store::{
    AuditHead, AuthorityId, AuthorityRecord, CrlScope, ServiceId, Shard, StatusAnnouncement,
    StoreError, Tx, View,
};

use crate::office::entry;
use crate::status::{self, StatusChange};
use crate::{Actor, Office};

/// Numbers that are given up when an operator accepts a rollback: more than can have been used
/// between the anchor's last word and the loss.
const BURNT: u64 = 1_000_000;

/// Lines that are read at a time.
const STRETCH: u32 = 10_000;

/// How far things had come when the anchor was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorHead {
    /// How often an older copy had been taken for the database.
    #[serde(default)]
    pub epoch: u64,
    /// Last entry of the audit log.
    pub audit_seq: i64,
    /// Its hash, hexadecimal: covers everything before it.
    pub audit_hash: String,
    /// Last position of the revocation feed.
    pub position: u64,
    /// Last certificate's row.
    pub certificate: i64,
    /// Last CRL number of each CA.
    pub crl_numbers: BTreeMap<String, u64>,
    /// CAs that were revoked or retired: since when, and why.
    #[serde(default)]
    pub ended: BTreeMap<String, (Timestamp, Option<Reason>)>,
}

/// What an older database would not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
pub enum AnchorLine {
    /// A certificate was going to be signed.
    Intent {
        /// Which CA.
        authority: Issuer,
        /// Shard of the CRL; 0 for none.
        shard: u32,
        /// Address of that CRL.
        crl: String,
        /// Serial number.
        serial: Serial,
        /// SHA-256 of its subject public key info, hexadecimal.
        #[serde(default)]
        key: String,
        /// When it ends.
        not_after: Timestamp,
    },
    /// What relying parties are told of a certificate changed.
    Change {
        /// Position in the feed.
        position: u64,
        /// Which CA.
        authority: Issuer,
        /// Shard of the CRL.
        shard: u32,
        /// Serial number.
        serial: Serial,
        /// `good`, `held` or `revoked`.
        status: Told,
        /// Why.
        reason: Reason,
        /// Since when.
        at: Timestamp,
        /// When the certificate ends.
        not_after: Timestamp,
    },
}

/// [`RevocationStatus`] in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Released.
    Good,
    /// On hold.
    Held,
    /// Revoked for good.
    Revoked,
}

/// The database is not the one that the anchor knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rollback {
    /// It ends before what was anchored.
    #[error(
        "the database is older than its anchor: its audit log ends at entry {found}, entry {known} \
         was acknowledged already. Put the newest copy of the database in place; if there is none, \
         start once with --accept-rollback (docs/operations.md, \"An old database\")"
    )]
    Behind {
        /// Last entry of the database.
        found: i64,
        /// Last entry that was anchored.
        known: i64,
    },
    /// It took another way.
    #[error(
        "the database is another than its anchor knows: entry {at} of its audit log is not the one \
         that was anchored. Put the right database in place; if there is none, start once with \
         --accept-rollback (docs/operations.md, \"An old database\")"
    )]
    Another {
        /// The entry.
        at: i64,
    },
}

/// What accepting a rollback did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// Entries of the audit log that are lost.
    pub lost_entries: i64,
    /// Certificates that were revoked or put on hold again.
    pub renewed: Vec<Serial>,
    /// Certificates that this database does not know: revoked now.
    pub unaccounted: Vec<Serial>,
    /// CAs that are revoked or retired again.
    pub ended: Vec<String>,
    /// CAs in the anchor that this database does not know.
    pub unknown_authorities: Vec<String>,
}

impl Office {
    /// How far things have come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn anchor_head(&self) -> Result<AnchorHead, StoreError> {
        self.store.read(head)
    }

    /// What came between two heads, in stretches, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read, or those of `take`.
    pub fn anchor_lines<E: From<StoreError>>(
        &self,
        from: &AnchorHead,
        to: &AnchorHead,
        mut take: impl FnMut(Vec<AnchorLine>) -> Result<(), E>,
    ) -> Result<(), E> {
        let names = self.store.read(|view: View<'_>| names(view))?;
        let name = |id: &AuthorityId| {
            names.get(id).cloned().ok_or(StoreError::Corrupt("a certificate without a CA"))
        };
        let mut after = from.certificate;
        while after < to.certificate {
            let rows = self.store.read(|view: View<'_>| view.intents(after, STRETCH))?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let lines = rows.iter().filter(|row| row.id <= to.certificate).map(|row| {
                Ok::<_, StoreError>(AnchorLine::Intent {
                    authority: name(&row.authority)?,
                    shard: row.shard.as_ref().map_or(0, |shard| shard.number),
                    crl: row.shard.as_ref().map_or_else(String::new, |s| s.address.clone()),
                    serial: row.serial,
                    key: row.key_hash.to_string(),
                    not_after: row.not_after,
                })
            });
            take(lines.collect::<Result<_, _>>()?)?;
        }
        let mut after = from.position;
        while after < to.position {
            let rows = self.store.read(|view: View<'_>| view.changes(after, STRETCH as usize))?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            let lines = rows.iter().filter(|row| row.seq <= to.position).map(|row| {
                Ok::<_, StoreError>(AnchorLine::Change {
                    position: row.seq,
                    authority: name(&row.change.scope.authority)?,
                    shard: row.change.scope.shard,
                    serial: row.change.serial,
                    status: row.change.status.into(),
                    reason: row.reason.unwrap_or(Reason::Unspecified),
                    at: row.change.at,
                    not_after: row.not_after,
                })
            });
            take(lines.collect::<Result<_, _>>()?)?;
        }
        Ok(())
    }

    /// Whether this database is the one that `known` is the anchor of, or a later state of it.
    ///
    /// # Errors
    /// When the database cannot be read; inside, [`Rollback`].
    pub fn check_anchor(&self, known: &AnchorHead) -> Result<Result<(), Rollback>, StoreError> {
        self.store.read(|view: View<'_>| {
            let epoch = view.epoch()?;
            // What was known before an operator took the older copy is not held against it.
            if known.audit_seq == 0 || known.epoch < epoch {
                return Ok(Ok(()));
            }
            if known.epoch > epoch {
                let found = view.audit_head()?.seq;
                return Ok(Err(Rollback::Behind { found, known: known.audit_seq }));
            }
            Ok(match view.audit_hash(known.audit_seq)? {
                None => {
                    let found = view.audit_head()?.seq;
                    Err(Rollback::Behind { found, known: known.audit_seq })
                }
                Some(hash) if hex::encode(hash) != known.audit_hash => {
                    Err(Rollback::Another { at: known.audit_seq })
                }
                Some(_) => Ok(()),
            })
        })
    }

    /// Whether this database was anchored before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_anchor(&self) -> Result<bool, StoreError> {
        self.store.read(|view: View<'_>| view.has_anchor())
    }

    /// Begins a first anchor or, in place of one that is lost, another: then every number is
    /// given up that may have been used by a later copy of this database.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_anchor(&self, actor: Actor) -> Result<(), StoreError> {
        let now = self.now();
        self.store
            .write(move |tx| {
                let lost = tx.has_anchor()?;
                if lost {
                    for ca in tx.authorities()? {
                        let number = tx.crl_number(ca.id)? + BURNT;
                        tx.burn_crl_numbers(ca.id, number)?;
                    }
                    tx.burn_feed_positions(tx.last_change()? + BURNT)?;
                }
                tx.begin_anchor(now)?;
                let mut record = entry(now, &actor, "anchor.begun", "database");
                record.detail = serde_json::json!({ "in_place_of_a_lost_one": lost });
                tx.audit(&record)
            })
            .await
    }

    /// Makes peace with an older database: gives up every number that may have been used, revokes
    /// again what the anchor knows as revoked, and revokes what was issued but is not on record.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn accept_rollback(
        &self,
        actor: Actor,
        known: AnchorHead,
        lines: Vec<AnchorLine>,
    ) -> Result<Accepted, StoreError> {
        let now = self.now();
        self.store.write(move |tx| accept(tx, &actor, &known, lines, now)).await
    }
}

fn head(view: View<'_>) -> Result<AnchorHead, StoreError> {
    // The audit log is read first: what the rest says more than it, it says early.
    let AuditHead { seq, hash } = view.audit_head()?;
    let authorities = view.authorities()?;
    let numbers = authorities
        .iter()
        .map(|ca| Ok((ca.name.to_string(), view.crl_number(ca.id)?)))
        .collect::<Result<_, StoreError>>()?;
    let ended = authorities
        .iter()
        .filter_map(|ca| {
            let at = ca.revoked_at.or(ca.retired_at)?;
            Some((ca.name.to_string(), (at, ca.revoked_at.and(ca.revoked_reason))))
        })
        .collect();
    Ok(AnchorHead {
        epoch: view.epoch()?,
        ended,
        audit_seq: seq,
        audit_hash: hex::encode(hash),
        position: view.last_change()?,
        certificate: view.last_intent()?,
        crl_numbers: numbers,
    })
}

fn names(view: View<'_>) -> Result<HashMap<AuthorityId, Issuer>, StoreError> {
    Ok(view.authorities()?.into_iter().map(|ca| (ca.id, ca.name)).collect())
}

fn accept(
    tx: &mut Tx<'_>,
    actor: &Actor,
    known: &AnchorHead,
    lines: Vec<AnchorLine>,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    let mut accepted = Accepted::default();
    let authorities = tx.authorities()?;
    let here = tx.audit_head()?.seq;
    for ca in &authorities {
        if let Some((at, reason)) = known.ended.get(ca.name.as_str()) {
            match reason {
                Some(reason) => tx.revoke_authority(ca.id, *at, *reason)?,
                None => tx.retire_authority(ca.id, *at)?,
            }
            accepted.ended.push(ca.name.to_string());
        }
        let used = known.crl_numbers.get(ca.name.as_str()).copied().unwrap_or(0);
        let number = used.max(tx.crl_number(ca.id)?) + BURNT;
        tx.burn_crl_numbers(ca.id, number)?;
    }
    tx.burn_feed_positions(known.position.max(tx.last_change()?) + BURNT)?;
    for known in last_words(lines) {
        let Some(ca) = authorities.iter().find(|ca| ca.name == known.authority) else {
            let name = known.authority.to_string();
            if !accepted.unknown_authorities.contains(&name) {
                accepted.unknown_authorities.push(name);
            }
            continue;
        };
        match tx.certificate(known.serial)? {
            Some(record) => {
                let change = match known.told {
                    Some((Told::Revoked, reason, _)) => StatusChange::Revoke(reason),
                    Some((Told::Held, ..)) => StatusChange::Hold,
                    _ => continue,
                };
                let at = known.told.map_or(now, |(.., at)| at);
                if let Ok(new) = change.apply(record.certificate, at) {
                    let new: Certificate = new;
                    status::record(tx, actor, &record, &new, change, now)?;
                    accepted.renewed.push(known.serial);
                }
            }
            None => {
                revoke_unaccounted(tx, ca, &known, now)?;
                accepted.unaccounted.push(known.serial);
            }
        }
    }
    let lost_to = known.audit_seq.max(here);
    accepted.lost_entries = lost_to - here;
    tx.begin_epoch(now)?;
    let mut record = entry(now, actor, "rollback.accepted", "database");
    record.detail = serde_json::json!({
        "lost_from": here + 1, "lost_to": lost_to, "anchored_hash": known.audit_hash,
        "renewed": accepted.renewed, "unaccounted": accepted.unaccounted,
    });
    tx.audit(&record)?;
    Ok(accepted)
}

/// What the anchor knows of a certificate in the end.
struct Known {
    authority: Issuer,
    shard: u32,
    crl: String,
    serial: Serial,
    key: String,
    not_after: Timestamp,
    told: Option<(Told, Reason, Timestamp)>,
}

fn last_words(lines: Vec<AnchorLine>) -> Vec<Known> {
    let mut order: Vec<Known> = Vec::new();
    let mut places: HashMap<Serial, usize> = HashMap::new();
    for line in lines {
        let known = match line {
            AnchorLine::Intent { authority, shard, crl, serial, key, not_after } => {
                Known { authority, shard, crl, serial, key, not_after, told: None }
            }
            AnchorLine::Change {
                authority, shard, serial, status, reason, at, not_after, ..
            } => {
                let (crl, key) = (String::new(), String::new());
                let told = Some((status, reason, at));
                Known { authority, shard, crl, serial, key, not_after, told }
            }
        };
        match places.get(&known.serial) {
            Some(place) => order[*place].told = known.told.or(order[*place].told),
            None => {
                places.insert(known.serial, order.len());
                order.push(known);
            }
        }
    }
    order
}

fn revoke_unaccounted(
    tx: &mut Tx<'_>,
    ca: &AuthorityRecord,
    known: &Known,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (reason, at) = match known.told {
        Some((Told::Revoked, reason, at)) => (reason, at),
        _ => (Reason::Unspecified, now),
    };
    // The shard may be as unknown here as the certificate.
    if known.shard != 0 && !known.crl.is_empty() {
        let shard = Shard { number: known.shard, address: known.crl.clone() };
        tx.fill_shard(ca.id, &shard, known.not_after)?;
    }
    if let (Reason::KeyCompromise, Ok(key)) = (reason, hex::decode(&known.key))
        && key.len() == 32
    {
        tx.block_key(&key, now, &format!("keyCompromise of {}", known.serial))?;
    }
    let scope = CrlScope { authority: ca.id, shard: known.shard };
    tx.insert_unaccounted(scope, known.serial, (at, reason), known.not_after)?;
    let Some(service) = ca.service else { return Ok(()) };
    announce(tx, service, scope, known.serial, now)
}

fn announce(
    tx: &mut Tx<'_>,
    service: ServiceId,
    scope: CrlScope,
    serial: Serial,
    at: Timestamp,
) -> Result<(), StoreError> {
    let status = RevocationStatus::Revoked;
    tx.announce(&StatusAnnouncement { service, scope, serial, status, at })
}

impl From<RevocationStatus> for Told {
    fn from(status: RevocationStatus) -> Self {
        match status {
            RevocationStatus::Good => Self::Good,
            RevocationStatus::Held => Self::Held,
            RevocationStatus::Revoked => Self::Revoked,
        }
    }
}
