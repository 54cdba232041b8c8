use std::path::Path;

use super::{Says, Waits, first};
use crate::issue::{Confirmation, Order, Outcome, Ports, Right, run};
use crate::proof::Proof;
use crate::store::{KeyStore, Options, StoreUri, open};
use crate::testing::{Call, Counter, FakeSite, Script, Still};
use crate::{Error, Fingerprint};

fn store(folder: &Path) -> Box<dyn KeyStore> {
    open(&StoreUri::Pem(folder.to_owned()), Options::default()).unwrap()
}

/// Renews the one certificate that the store in `folder` holds.
fn renew(folder: &Path, site: &FakeSite, seed: u64) -> Result<Outcome, Error> {
    let mut store = store(folder);
    let held = store.list().unwrap().remove(0);
    let key = store.key(&held).unwrap();
    let order = Order {
        site: "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
        pin: Some(Fingerprint::of(&site.authority().trust().root.0)),
        user: held.user.clone(),
        right: Right::Certificate { current: Box::new(held.certificate), key },
        app_version: "0.1.0",
        unattended: true,
    };
    run(
        order,
        &mut Ports {
            network: site,
            store: store.as_mut(),
            person: &mut Says(Confirmation::Nobody, None),
            clock: &Still,
            entropy: &Counter::new(1000 * seed),
            pause: &Waits::default(),
            progress: &mut |_| {},
        },
    )
    .map_err(|stopped| stopped.error)
}

#[test]
fn the_present_key_asks_for_a_new_one_and_the_new_one_is_proven() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::Issue]);
    let before = first(folder.path(), &site);
    let outcome = renew(folder.path(), &site, 2).unwrap();
    assert_eq!(outcome.replaces, Some(before.serial));
    assert_ne!(outcome.serial, before.serial);
    assert_eq!(outcome.proof, Proof::Accepted { status: 200 });
    let calls = site.calls();
    let Some(Call::Renew(new_key, serial)) = calls.iter().find(|c| matches!(c, Call::Renew(..)))
    else {
        panic!("{calls:?}")
    };
    assert_eq!(tegata_domain::Serial::from_integer(serial), Ok(before.serial));
    assert!(!site.keys().contains(new_key), "a renewal makes a new key");
    let held = store(folder.path()).list().unwrap();
    let now_held = held.iter().find(|held| held.serial == outcome.serial).unwrap();
    let Some(Call::Present(url, leaf)) = calls.last() else { panic!("{calls:?}") };
    assert_eq!(url, "https://gateway.example.jp/SAMPLE01/cms");
    assert_eq!(leaf, now_held.certificate.der());
}

#[test]
fn after_a_lost_reply_the_renewal_is_asked_for_again_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::LoseReply, Script::Issue]);
    first(folder.path(), &site);
    renew(folder.path(), &site, 2).unwrap();
    let keys: Vec<_> = site
        .calls()
        .iter()
        .filter_map(|call| if let Call::Renew(key, _) = call { Some(key.clone()) } else { None })
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}
