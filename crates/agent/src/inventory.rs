//! The certificates on this PC: what a store holds, beside what the receipts remember.
//!
//! A store of the system holds certificates of other organisations, too, and a seat of the same
//! name may be in each of them. [`ours`] is the one rule by which this program tells which ones
//! are its own to offer, to renew and to remove.

use jiff::Timestamp;
use serde::Serialize;

use crate::Fingerprint;
use crate::brand::Brand;
use crate::cert::Cert;
use crate::receipt::{Receipt, Receipts};
use crate::site::Site;
use crate::store::{Held, KeyStore, StoreError};

/// One certificate with what is remembered of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// What the store holds.
    pub held: Held,
    /// What the issuing site told when it was issued; `None` for one issued elsewhere.
    pub receipt: Option<Receipt>,
    /// How it stands.
    pub state: State,
}

/// How a certificate stands, as far as this PC knows. Whether it was revoked, only the gateway
/// and the issuing site can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be used.
    Valid,
    /// A newer one of the same seat is here and can be used: this one is not needed any more.
    Superseded,
    /// Its time is over.
    Expired,
    /// Its time has not begun: the clock of this PC may be wrong.
    NotYetValid,
}

/// The service for which this program speaks: that of its brand, or one that the person set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Its issuing site.
    pub site: Site,
    /// The root below which it issues, where it is known.
    pub root: Option<Fingerprint>,
}

impl From<&Brand> for Own {
    fn from(brand: &Brand) -> Self {
        Self { site: brand.site.clone(), root: Some(brand.root) }
    }
}

/// The certificates of `store`, whoever issued them: those that can be used first, then the later
/// ending first.
///
/// # Errors
/// When the store cannot be read. One that does not exist yet holds nothing.
pub fn take(
    store: &dyn KeyStore,
    receipts: Option<&Receipts>,
    now: Timestamp,
) -> Result<Vec<Item>, StoreError> {
    Ok(judged(found(store, receipts)?, now))
}

/// As [`take`], without those of others: ours has a receipt of the site of `own`, or none and was
/// issued below its root. Without `own` only a receipt makes one ours.
///
/// The path to the root is followed by signatures over the authorities of the store and over
/// `known`, those that the caller believes. Where they are not at hand, one that names the issuer
/// and the issuer's key of a certificate with a receipt is ours as that one is.
///
/// # Errors
/// As [`take`].
pub fn ours(
    store: &dyn KeyStore,
    receipts: Option<&Receipts>,
    own: Option<&Own>,
    known: &[Cert],
    now: Timestamp,
) -> Result<Vec<Item>, StoreError> {
    let mut found = found(store, receipts)?;
    let is_received = |receipt: &Receipt| own.is_none_or(|own| own.site.is_at(&receipt.site));
    let root = own.and_then(|own| own.root);
    let authorities = match found.iter().any(|(_, receipt)| receipt.is_none()) && root.is_some() {
        true => store.authorities()?.into_iter().chain(known.iter().cloned()).collect(),
        false => Vec::new(),
    };
    let root = authorities.iter().find(|ca| Some(Fingerprint::of(ca.der())) == root);
    let issuers: Vec<_> = found
        .iter()
        .filter(|(_, receipt)| own.is_some() && receipt.as_ref().is_some_and(is_received))
        .filter_map(|(held, _)| issuer(&held.certificate))
        .collect();
    found.retain(|(held, receipt)| match (receipt, root) {
        // What it was issued by is remembered: another service may have the same root.
        (Some(receipt), _) => is_received(receipt),
        (None, Some(root)) => held.certificate.chains_to(root, &authorities),
        (None, None) => issuer(&held.certificate).is_some_and(|one| issuers.contains(&one)),
    });
    Ok(judged(found, now))
}

/// The issuer's name and its key, as a certificate names them.
fn issuer(certificate: &Cert) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((certificate.issuer(), certificate.authority_key()?))
}

fn found(
    store: &dyn KeyStore,
    receipts: Option<&Receipts>,
) -> Result<Vec<(Held, Option<Receipt>)>, StoreError> {
    let held = match store.list() {
        Err(StoreError::Missing(_)) => Vec::new(),
        other => other?,
    };
    let receipt = |one: &Held| receipts.and_then(|receipts| receipts.find(one.serial));
    Ok(held.into_iter().map(|one| (receipt(&one), one)).map(|(of, one)| (one, of)).collect())
}

fn judged(all: Vec<(Held, Option<Receipt>)>, now: Timestamp) -> Vec<Item> {
    let states: Vec<_> = all.iter().map(|one| state(one, &all, now)).collect();
    let mut items: Vec<_> = all
        .into_iter()
        .zip(states)
        .map(|((held, receipt), state)| Item { held, receipt, state })
        .collect();
    items.sort_by_key(|item| {
        (item.state != State::Valid, std::cmp::Reverse(item.held.certificate.not_after()))
    });
    items
}

/// The certificate of `items` that took the place of `old`: of the same seat, usable, and ending
/// last.
pub fn successor<'a>(items: &'a [Item], old: &Item) -> Option<&'a Item> {
    let until = old.held.certificate.not_after();
    items
        .iter()
        .filter(|item| {
            item.state == State::Valid
                && item.held.key.is_some()
                && is_one_seat(
                    (&old.held, old.receipt.as_ref()),
                    (&item.held, item.receipt.as_ref()),
                )
                && item.held.certificate.not_after() > until
        })
        .max_by_key(|item| item.held.certificate.not_after())
}

fn state(one: &(Held, Option<Receipt>), all: &[(Held, Option<Receipt>)], now: Timestamp) -> State {
    let certificate = &one.0.certificate;
    if now < certificate.not_before() {
        return State::NotYetValid;
    }
    if !certificate.valid_at(now) {
        return State::Expired;
    }
    // Of one seat the certificate that ends last is the one that replaced the others.
    let is_replaced = all.iter().any(|other| {
        other.0.key.is_some()
            && is_one_seat((&one.0, one.1.as_ref()), (&other.0, other.1.as_ref()))
            && other.0.certificate.valid_at(now)
            && other.0.certificate.not_after() > certificate.not_after()
    });
    if is_replaced { State::Superseded } else { State::Valid }
}

/// Whether both are of one user of one service: of one site where that is remembered of both, else
/// of one organisation. Its issuing CAs take turns.
fn is_one_seat(one: (&Held, Option<&Receipt>), other: (&Held, Option<&Receipt>)) -> bool {
    let is_one_service = match (one.1, other.1) {
        (Some(one), Some(other)) => one.site == other.site,
        _ => {
            let (one, other) = (&one.0.certificate, &other.0.certificate);
            match (one.organisation(), other.organisation()) {
                (Some(one), Some(other)) => one == other,
                _ => one.issuer() == other.issuer(),
            }
        }
    };
    one.0.user == other.0.user && is_one_service
}

impl Item {
    /// Whole days until the end of validity; none when it has passed.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.held.certificate.not_after().duration_since(now).as_hours().max(0) / 24
    }

    /// Whether it can be renewed now: its key is here and the site said that it is time.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state == State::Valid
            && self.held.key.is_some()
            && self.receipt.as_ref().is_some_and(|receipt| receipt.renewable_from <= now)
    }

    /// Whether it can be renewed now or later, as far as this PC knows: its key is here, and its
    /// time is not over.
    pub fn is_live(&self) -> bool {
        self.held.key.is_some() && matches!(self.state, State::Valid | State::NotYetValid)
    }

    /// Whether nothing is lost when it is removed: its time is over, or another took its place.
    pub fn is_old(&self) -> bool {
        matches!(self.state, State::Superseded | State::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::Cert;
    use crate::key::{FileKey, SeatKey};
    use crate::store::KeyLocation;
    use crate::testing::{Authority, Counter, now};

    type Found = (Held, Option<Receipt>);

    fn held(authority: &Authority, user: &str, (from, until): (&str, &str), n: u8) -> Found {
        let key = FileKey::random(&Counter::new(u64::from(n)));
        let der = authority.leaf_between(user, &key.spki(), n, from, until);
        let certificate = Cert::from_der(der).unwrap();
        (Held::of(certificate, "here".to_owned(), Some(KeyLocation::File)).unwrap(), None)
    }

    #[test]
    fn of_one_seat_the_latest_counts_and_of_the_others_each_its_own() {
        let authority = Authority::new();
        let (old, new) = (("2025-06-01", "2026-06-01"), ("2026-02-01", "2027-06-01"));
        let all = [
            held(&authority, "CMSM950-006-401", old, 1),
            held(&authority, "CMSM950-006-401", new, 2),
            held(&authority, "CMSM950-006-402", old, 3),
            held(&authority, "CMSM950-006-403", ("2025-01-01", "2026-01-01"), 4),
            held(&authority, "CMSM950-006-404", ("2026-04-01", "2027-04-01"), 5),
        ];
        let states: Vec<_> = all.iter().map(|one| state(one, &all, now())).collect();
        use State::{Expired, NotYetValid, Superseded, Valid};
        assert_eq!(states, [Superseded, Valid, Valid, Expired, NotYetValid]);
    }

    #[test]
    fn one_without_a_key_replaces_nothing() {
        let authority = Authority::new();
        let mut all = [
            held(&authority, "CMSM950-006-401", ("2025-06-01", "2026-06-01"), 1),
            held(&authority, "CMSM950-006-401", ("2026-02-01", "2027-06-01"), 2),
        ];
        all[1].0.key = None;
        assert_eq!(state(&all[0], &all, now()), State::Valid);
    }

    const SITE: &str = "https://issue.example.jp/issueweb/0001/SB0001002C/";
    const TARO: &str = "CMSM950-006-401";

    /// A folder of PEM files as issuances of several organisations leave it, and receipts.
    struct Pc {
        folder: tempfile::TempDir,
        receipts: Receipts,
    }

    impl Pc {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let receipts = Receipts::at(folder.path().join("receipts"));
            Self { folder, receipts }
        }

        /// Puts a certificate with its key, and its chain if it is to be there.
        fn put(&self, by: &Authority, user: &str, life: (&str, &str), n: u8, has_chain: bool) {
            let key = FileKey::random(&Counter::new(u64::from(n)));
            let pem = |der: &[u8]| {
                der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, der).unwrap()
            };
            let write = |ending: &str, text: &str| {
                std::fs::write(self.folder.path().join(format!("{user}.{n}.{ending}")), text)
                    .unwrap();
            };
            let leaf = by.leaf_between(user, &key.spki(), n, life.0, life.1);
            write("crt.pem", &pem(&leaf));
            write("key.pem", &key.to_pem().unwrap());
            if has_chain {
                let trust = by.trust();
                let chain = [leaf.as_slice(), &trust.intermediates[0].0, &trust.root.0];
                write("chain.pem", &chain.map(pem).concat());
            }
        }

        /// Remembers that `site` issued the one with this number.
        fn remember(&self, n: u8, site: &str) {
            let serial = self.all().into_iter().find(|held| ends_with(held, n)).unwrap().serial;
            let receipt = Receipt {
                site: site.to_owned(),
                service_url: "https://service.example.jp/".to_owned(),
                renewable_from: now(),
                root_sha256: String::new(),
                time_zone: None,
                proven: false,
            };
            let folder = self.folder.path().join("receipts");
            std::fs::create_dir_all(&folder).unwrap();
            let json = serde_json::to_vec(&receipt).unwrap();
            std::fs::write(folder.join(format!("{serial}.json")), json).unwrap();
        }

        fn store(&self) -> Box<dyn KeyStore> {
            let uri = crate::store::StoreUri::Pem(self.folder.path().to_owned());
            crate::store::open(&uri, crate::store::Options::default()).unwrap()
        }

        fn all(&self) -> Vec<Held> {
            self.store().list().unwrap()
        }

        /// The last octets of the serial numbers of those that are ours, with their states.
        fn ours(&self, own: Option<&Own>) -> Vec<(u8, State)> {
            let store = self.store();
            let items = super::ours(&*store, Some(&self.receipts), own, &[], now()).unwrap();
            let number = |held: &Held| (0..=99).find(|n| ends_with(held, *n)).unwrap();
            let mut ours: Vec<_> =
                items.iter().map(|item| (number(&item.held), item.state)).collect();
            ours.sort_by_key(|(n, _)| *n);
            ours
        }
    }

    fn ends_with(held: &Held, n: u8) -> bool {
        held.serial.to_string().ends_with(&format!("{n:02X}"))
    }

    fn own(by: &Authority) -> Own {
        let root = Some(Fingerprint::of(&by.trust().root.0));
        Own { site: SITE.parse().unwrap(), root }
    }

    #[test]
    fn certificates_of_other_organisations_are_none_of_ours_and_replace_none_of_ours() {
        let (bank, other) = (Authority::new(), Authority::new());
        let (live, later) = (("2026-02-01", "2027-02-01"), ("2026-02-01", "2028-02-01"));
        let over = ("2025-01-01", "2026-01-01");
        let pc = Pc::new();
        pc.put(&bank, TARO, live, 1, true);
        pc.put(&bank, "CMSM950-006-402", over, 2, true);
        pc.put(&other, TARO, later, 3, true);
        pc.put(&other, "CMSM950-006-403", over, 4, true);
        // Signed by a CA of our names, and no path: a name proves nothing.
        pc.put(&other, "CMSM950-006-404", over, 5, false);
        assert_eq!(pc.ours(Some(&own(&bank))), [(1, State::Valid), (2, State::Expired)]);
        assert_eq!(pc.ours(Some(&own(&other))).len(), 3);
        assert_eq!(pc.ours(None), [], "nothing is remembered of any");
    }

    #[test]
    fn a_receipt_decides_before_the_root_does() {
        let (bank, other) = (Authority::new(), Authority::new());
        let live = ("2026-02-01", "2027-02-01");
        let pc = Pc::new();
        pc.put(&bank, TARO, live, 1, true);
        pc.put(&other, TARO, live, 2, false);
        pc.remember(1, &SITE.replace("1002C", "1003C"));
        pc.remember(2, SITE);
        assert_eq!(pc.ours(Some(&own(&bank))), [(2, State::Valid)]);
        assert_eq!(pc.ours(None), [(1, State::Valid), (2, State::Valid)]);
    }

    #[test]
    fn of_one_name_at_two_sites_none_replaces_the_other() {
        let bank = Authority::new();
        let pc = Pc::new();
        pc.put(&bank, TARO, ("2026-02-01", "2027-02-01"), 1, true);
        pc.put(&bank, TARO, ("2026-02-01", "2028-02-01"), 2, true);
        pc.remember(1, SITE);
        assert_eq!(pc.ours(Some(&own(&bank)))[0], (1, State::Superseded));
        pc.remember(2, &SITE.replace("1002C", "1003C"));
        assert_eq!(pc.ours(None), [(1, State::Valid), (2, State::Valid)]);
    }
}
