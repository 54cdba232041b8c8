//! How the database goes about lists and figures: by an index, whatever is asked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use tegata_store::{CertificateFilter, ServiceId, Store, Usage, View};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn store() -> (tempfile::TempDir, Store, ServiceId) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tegata.db");
    let store = Store::open(&path).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(
        "INSERT INTO service (id, tenant, issuer, settings) VALUES (1, '0001', 'SB0001002C', '{}')",
    )
    .unwrap();
    let service = store.read(|view: View<'_>| view.services()).unwrap()[0].id;
    (dir, store, service)
}

/// No step reads a table from one end to the other; but there are few CAs.
fn is_indexed(plan: &[String]) -> bool {
    plan.iter().all(|step| {
        !step.starts_with("SCAN") || ["SCAN a", "SCAN authority"].contains(&step.as_str())
    })
}

#[test]
fn every_list_has_its_index() {
    let (_dir, store, service) = store();
    let plan = |filter: CertificateFilter| {
        store.read(|view: View<'_>| view.plan_of_listed(service, &filter)).unwrap()
    };
    let all = CertificateFilter::default();
    for (filter, index) in [
        (Usage::Never { at: AT }, "certificate_by_state"),
        (Usage::StillOld { at: AT }, "certificate_by_state"),
        (Usage::Idle { at: AT, since: AT }, "certificate_by_state"),
    ]
    .map(|(usage, index)| (CertificateFilter { usage: Some(usage), ..all.clone() }, index))
    .into_iter()
    .chain([(
        CertificateFilter { ends_from: Some(AT), ends_before: Some(AT), ..all.clone() },
        "certificate_expiry",
    )]) {
        let plan = plan(filter);
        assert!(is_indexed(&plan), "{plan:#?}");
        assert!(plan.iter().any(|step| step.contains(index)), "{index}: {plan:#?}");
    }
}

#[test]
fn every_figure_has_its_index() {
    let (_dir, store, _) = store();
    for plan in store.read(|view: View<'_>| view.plans_of_figures()).unwrap() {
        assert!(is_indexed(&plan), "{plan:#?}");
    }
}

#[test]
fn what_is_due_for_retirement_is_read_in_the_index_alone() {
    let (_dir, store, _) = store();
    let plan = store.read(|view: View<'_>| view.plan_of_retirements()).unwrap();
    assert_eq!(plan.len(), 1, "nothing is sorted: {plan:?}");
    assert!(plan[0].starts_with("SEARCH retirement USING PRIMARY KEY"), "{plan:?}");
}
