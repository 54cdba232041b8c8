//! What was renewed goes once its successor is known to work.

use jiff::Timestamp;
use tegata_domain::Serial;

use crate::Error;
use crate::inventory::{self, Item};
use crate::issue::{self, Nobody};
use crate::proof::{self, Proof};
use crate::receipt::{Receipt, Receipts};
use crate::retire;
use crate::site::Site;
use crate::store::{KeyStore, StoreError};
use crate::transport::{Identity, Network};

/// A certificate whose successor is here.
pub struct Old<'a> {
    /// Itself.
    pub item: &'a Item,
    /// Its successor.
    pub successor: &'a Item,
    /// What is remembered of the successor.
    pub receipt: &'a Receipt,
}

/// What became of an old certificate.
#[derive(Debug)]
pub struct Cleaned {
    /// Whether the server was told first. Without that it retires it later by itself.
    pub told: Result<Serial, Error>,
}

impl<'a> Old<'a> {
    /// The certificates of `items` that were issued to this application and renewed since, also by
    /// a person.
    pub fn all(items: &'a [Item]) -> Vec<Self> {
        let old = items.iter().filter(|item| item.is_old() && item.receipt.is_some());
        old.filter_map(|item| {
            let successor = inventory::successor(items, item)?;
            Some(Self { item, successor, receipt: successor.receipt.as_ref()? })
        })
        .collect()
    }

    /// Whether the gateway let the successor through.
    pub fn is_replaced(&self) -> bool {
        self.receipt.proven
    }
}

/// Asks the gateway whether the successor works, and keeps the answer.
///
/// # Errors
/// When the gateway cannot be asked, or the answer not be kept.
pub fn prove(
    network: &dyn Network,
    store: &dyn KeyStore,
    receipts: &Receipts,
    old: &Old<'_>,
    now: Timestamp,
) -> Result<Proof, Error> {
    let receipt = old.receipt;
    let site: Site =
        receipt.site.parse().map_err(|_| Error::BadAnswer("the receipt names no site"))?;
    let root = receipt.root_sha256.parse();
    let root = root.map_err(|_| Error::BadAnswer("the receipt names no root"))?;
    let trusted = issue::believe(&site, Some(root), network, &mut Nobody, now)?;
    let held = &old.successor.held;
    let issuer = trusted.intermediates().iter().find(|ca| held.certificate.is_signed_by(ca));
    let identity = Identity {
        certificate: held.certificate.clone(),
        intermediates: issuer.into_iter().cloned().collect(),
        key: store.key(held)?,
    };
    let proof = proof::prove(network, &trusted, &identity, &receipt.service_url);
    if proof.is_accepted() {
        let path = std::path::Path::new("receipt");
        receipts.proven(held.serial).map_err(StoreError::io(path))?;
    }
    Ok(proof)
}

/// Tells the server that `old` is not needed any more, and removes it and its key. A server that
/// cannot be told, or says no, keeps nothing here.
///
/// # Errors
/// When the store keeps it.
pub fn clean(
    network: &dyn Network,
    store: &mut dyn KeyStore,
    receipts: Option<&Receipts>,
    old: &Item,
    now: Timestamp,
) -> Result<Cleaned, StoreError> {
    let told = match &old.receipt {
        Some(receipt) => retire::tell(network, store, &old.held, receipt, now),
        None => Err(Error::BadAnswer("where it came from is not known")),
    };
    store.remove(&old.held)?;
    if let Some(receipts) = receipts {
        // One that stays says nothing of a certificate that is not there.
        let _ = receipts.forget(old.held.serial);
    }
    Ok(Cleaned { told })
}
