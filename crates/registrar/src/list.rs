use jiff::SignedDuration;
use sha2::Digest;
use tegata_ca::{CaCertificate, ReadCrl, ReadEntry, ReadError};
use tegata_domain::{Issuer, Serial};
use tegata_store::{AuthorityRecord, CrlScope, PublishedCrl, StoreError, View};

use crate::office::entry;
use crate::{Actor, Office};

/// How far the clock of the machine that made a CRL may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Why a CRL from outside is not published.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not a CRL, or its signature does not verify.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Of no root that is known here.
    #[error("the CRL is of none of this installation's roots")]
    UnknownIssuer,
    /// The server makes this root's CRLs.
    #[error("the key of {0} is here: the server makes its CRLs itself")]
    KeyAtHand(Issuer),
    /// Not newer.
    #[error("the CRL of {ca} has number {number}; number {last} is published already")]
    NotNewer {
        /// Whose.
        ca: Issuer,
        /// The CRL's number.
        number: u64,
        /// That of the published one.
        last: u64,
    },
    /// Over or not begun.
    #[error("the CRL of {ca} is good from {from} to {to}, and now it is {now}")]
    NotNow {
        /// Whose.
        ca: Issuer,
        /// Its beginning.
        from: jiff::Timestamp,
        /// Its end.
        to: jiff::Timestamp,
        /// Now.
        now: jiff::Timestamp,
    },
    /// It forgets.
    #[error(
        "the CRL of {ca} leaves out what the one before revoked: {}; repeat these entries until \
         their certificates have ended, or say that they have", .forgotten.join(", ")
    )]
    Forgets {
        /// Whose.
        ca: Issuer,
        /// Serial numbers.
        forgotten: Vec<String>,
    },
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Publishes a CRL, DER, that a root made whose key is kept elsewhere; `has_key` tells which
    /// roots those are not. Returns whose it was, and what it says of itself.
    ///
    /// # Errors
    /// When the CRL is not authentic, not newer than the last one, not good now, or the database
    /// refuses.
    pub async fn publish_list(
        &self,
        actor: Actor,
        der: Vec<u8>,
        has_key: impl Fn(&Issuer) -> bool,
        may_forget: bool,
    ) -> Result<PublishedList, ListError> {
        let authorities = self.store.read(|view: View<'_>| view.authorities())?;
        let (ca, list) = issuer(&authorities, &der)?;
        if has_key(&ca.name) {
            return Err(ListError::KeyAtHand(ca.name));
        }
        let now = self.clock.now();
        let (Some(number), Some(next_update), false) =
            (list.number, list.next_update, list.partial)
        else {
            return Err(if list.partial { ReadError::Partial } else { ReadError::NotACrl }.into());
        };
        let good = list.this_update <= now + AHEAD && now < next_update;
        if !good || next_update <= list.this_update {
            let (from, to) = (list.this_update, next_update);
            return Err(ListError::NotNow { ca: ca.name, from, to, now });
        }
        let under: Vec<AuthorityRecord> =
            authorities.iter().filter(|one| one.parent == Some(ca.id)).cloned().collect();
        let on_list = |certificate: &[u8]| {
            let serial = tegata_ca::serial_of(certificate)?;
            list.entries.iter().find(|entry| entry.serial == serial).copied()
        };
        self.refuse_forgetting(&ca, &under, &list, may_forget)?;
        let newly: Vec<(AuthorityRecord, ReadEntry)> = under
            .into_iter()
            .filter(|one| one.revoked_at.is_none())
            .filter_map(|one| on_list(&one.certificate).map(|entry| (one, entry)))
            .collect();
        let revoked = newly.iter().map(|(one, _)| one.name.clone()).collect();
        let name = ca.name.clone();
        let hash = sha2::Sha256::digest(&der);
        let serials: Vec<String> = list.entries.iter().map(|e| e.serial.to_string()).collect();
        let scope = CrlScope { authority: ca.id, shard: 0 };
        let crl = PublishedCrl {
            number,
            position: 0,
            this_update: list.this_update,
            next_update,
            entries: list.entries.len(),
            der,
        };
        self.store
            .write(move |tx| {
                let last = tx.published_crl_head(scope, false)?.map_or(0, |last| last.number);
                if number <= last {
                    return Err(ListError::NotNewer { ca: ca.name, number, last });
                }
                // Should the key come here one day, its next list has a later number still.
                tx.burn_crl_numbers(ca.id, number)?;
                tx.publish_crl(scope, false, &crl)?;
                let mut entry = entry(now, &actor, "crl.published", &ca.name);
                entry.detail = serde_json::json!({
                    "number": number, "sha256": hex::encode(hash), "entries": serials,
                });
                tx.audit(&entry)?;
                for (one, said) in newly {
                    tx.revoke_authority(one.id, said.at, said.reason)?;
                    let mut entry =
                        crate::office::entry(now, &actor, "authority.revoked", &one.name);
                    entry.detail = serde_json::json!({ "reason": said.reason.name() });
                    tx.audit(&entry)?;
                }
                Ok(())
            })
            .await?;
        Ok(PublishedList { ca: name, list, revoked })
    }

    /// A revoked CA stays on its root's CRL until it has ended.
    fn refuse_forgetting(
        &self,
        root: &AuthorityRecord,
        under: &[AuthorityRecord],
        list: &ReadCrl,
        may_forget: bool,
    ) -> Result<(), ListError> {
        let scope = CrlScope { authority: root.id, shard: 0 };
        let before = self.store.read(|view: View<'_>| view.published_crl(scope, false))?;
        let issuer = CaCertificate::parse(&root.certificate)?;
        let before = before.and_then(|crl| ReadCrl::parse(&crl.der, &issuer).ok());
        let listed = |serial: &Serial| list.entries.iter().any(|entry| entry.serial == *serial);
        let of_before = before.iter().flat_map(|crl| &crl.entries).map(|entry| entry.serial);
        let known = under
            .iter()
            .filter(|ca| ca.revoked_at.is_some())
            .filter_map(|ca| tegata_ca::serial_of(&ca.certificate));
        let ended = |serial: &Serial| {
            under.iter().any(|ca| {
                tegata_ca::serial_of(&ca.certificate) == Some(*serial)
                    && CaCertificate::parse(&ca.certificate)
                        .is_ok_and(|read| read.validity().not_after < self.now())
            })
        };
        let mut forgotten: Vec<String> = of_before
            .chain(known)
            .filter(|serial| !listed(serial) && !ended(serial))
            .map(|serial| serial.to_string())
            .collect();
        forgotten.sort();
        forgotten.dedup();
        if may_forget || forgotten.is_empty() {
            return Ok(());
        }
        Err(ListError::Forgets { ca: root.name.clone(), forgotten })
    }
}

/// A CRL from outside that was published.
#[derive(Clone, Debug)]
pub struct PublishedList {
    /// Whose.
    pub ca: Issuer,
    /// What it says.
    pub list: ReadCrl,
    /// Issuing CAs of this installation that it revoked.
    pub revoked: Vec<Issuer>,
}

/// The root whose CRL this is.
fn issuer(
    authorities: &[AuthorityRecord],
    der: &[u8],
) -> Result<(AuthorityRecord, ReadCrl), ListError> {
    for ca in authorities.iter().filter(|ca| ca.service.is_none()) {
        let certificate = CaCertificate::parse(&ca.certificate)?;
        match ReadCrl::parse(der, &certificate) {
            Ok(list) => return Ok((ca.clone(), list)),
            Err(ReadError::OtherIssuer) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ListError::UnknownIssuer)
}
