use jiff::SignedDuration;
use tegata_ca::{CaCertificate, ReadCrl, ReadError};
use tegata_domain::Issuer;
use tegata_store::{AuthorityRecord, CrlScope, PublishedCrl, StoreError, View};

use crate::office::entry;
use crate::{Actor, Office};

/// How far the clock of the machine that made a list may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Why a list from outside is not published.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not a list, or its signature does not verify.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Of no root that is known here.
    #[error("the list is of none of this installation's roots")]
    UnknownIssuer,
    /// The server makes this root's lists.
    #[error("the key of {0} is here: the server makes its lists itself")]
    KeyAtHand(Issuer),
    /// Not newer.
    #[error("the list of {ca} has number {number}; number {last} is published already")]
    NotNewer {
        /// Whose.
        ca: Issuer,
        /// The list's number.
        number: u64,
        /// That of the published one.
        last: u64,
    },
    /// Over or not begun.
    #[error("the list of {ca} is good from {from} to {to}, and now it is {now}")]
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
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Publishes a list, DER, that a root made whose key is kept elsewhere; `has_key` tells which
    /// roots those are not. Returns whose list it was, and what it says of itself.
    ///
    /// # Errors
    /// When the list is not authentic, not newer than the last one, not good now, or the database
    /// refuses.
    pub async fn publish_list(
        &self,
        actor: Actor,
        der: Vec<u8>,
        has_key: impl Fn(&Issuer) -> bool,
    ) -> Result<(Issuer, ReadCrl), ListError> {
        let authorities = self.store.read(|view: View<'_>| view.authorities())?;
        let (ca, list) = issuer(authorities, &der)?;
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
        let name = ca.name.clone();
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
                entry.detail = serde_json::json!({ "number": number });
                Ok(tx.audit(&entry)?)
            })
            .await?;
        Ok((name, list))
    }
}

/// The root whose list this is.
fn issuer(
    authorities: Vec<AuthorityRecord>,
    der: &[u8],
) -> Result<(AuthorityRecord, ReadCrl), ListError> {
    for ca in authorities.into_iter().filter(|ca| ca.service.is_none()) {
        let certificate = CaCertificate::parse(&ca.certificate)?;
        match ReadCrl::parse(der, &certificate) {
            Ok(list) => return Ok((ca, list)),
            Err(ReadError::OtherIssuer) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ListError::UnknownIssuer)
}
