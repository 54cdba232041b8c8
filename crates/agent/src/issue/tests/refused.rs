//! A site that says no: what stays, and what is said of it.

use jiff::Timestamp;
use tegata_domain::Clock;

use super::{INSTALLED, PENDING, files, pinned, run_at};
use crate::issue::Confirmation;
use crate::testing::{FakeSite, Script};
use crate::{Error, Exit, Fingerprint};

#[test]
fn a_refusal_is_final_and_leaves_no_key_behind() {
    let folder = tempfile::tempdir().unwrap();
    let refusals = [(403, "credential_refused"), (429, "too_many"), (422, "bad_email")];
    for (seed, (status, code)) in (1..).zip(refusals) {
        let site = FakeSite::new([Script::Problem(status, code, None)]);
        let refused = pinned(folder.path(), &site, seed);
        let error = refused.result.unwrap_err();
        assert!(matches!(&error, Error::Refused(problem) if problem.code == code));
        assert_eq!(error.exit(), Exit::Refused);
        assert!(refused.waits.is_empty());
        assert_eq!(files(folder.path()), [""; 0]);
        let rest = refused.stopped.unwrap();
        assert_eq!((rest.kept, rest.existing, rest.detail.as_str()), (None, None, "Ask."));
    }
}

#[test]
fn a_refusal_after_a_lost_reply_keeps_the_key_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = || Script::Problem(403, "credential_refused", None);
    let site = FakeSite::new([Script::LoseReply, refusal(), refusal(), refusal(), Script::Issue]);
    // In the same run, and twice in later ones.
    for seed in 1..=3 {
        let refused = pinned(folder.path(), &site, seed);
        assert_eq!(refused.result.unwrap_err().exit(), Exit::Refused);
        assert_eq!(files(folder.path()), [PENDING]);
        let rest = refused.stopped.unwrap();
        assert_eq!(rest.kept.as_deref(), Some(PENDING));
        let place = folder.path().join(PENDING).display().to_string();
        assert_eq!(rest.detail.matches(&place).count(), 1, "{}", rest.detail);
    }
    pinned(folder.path(), &site, 4).result.unwrap();
    let keys = site.keys();
    assert_eq!(keys.len(), 5);
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(files(folder.path()), INSTALLED);
}

#[test]
fn a_refusal_after_a_busy_answer_keeps_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([
        Script::Problem(503, "busy", None),
        Script::Problem(403, "credential_refused", None),
    ]);
    let refused = pinned(folder.path(), &site, 1);
    assert_eq!(refused.stopped.unwrap().kept.as_deref(), Some(PENDING));
    assert_eq!(files(folder.path()), [PENDING]);
}

#[test]
fn what_is_no_refusal_by_the_site_keeps_the_key() {
    for script in [Script::Page(403), Script::Down, Script::Problem(500, "internal", None)] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = pinned(folder.path(), &FakeSite::new([script]), 1).stopped.unwrap();
        assert_eq!(stopped.kept.as_deref(), Some(PENDING));
        assert_eq!(files(folder.path()), [PENDING]);
    }
}

#[test]
fn who_has_the_certificate_already_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = || Script::Problem(403, "credential_refused", None);
    let site = FakeSite::new([Script::Issue, refusal(), Script::Problem(429, "too_many", None)]);
    let issued = pinned(folder.path(), &site, 1).result.unwrap();
    let again = pinned(folder.path(), &site, 2);
    assert_eq!(again.result.unwrap_err().exit(), Exit::Refused);
    let rest = again.stopped.unwrap();
    let existing = rest.existing.unwrap();
    assert_eq!(existing.serial, issued.serial);
    assert_eq!(existing.not_after, issued.not_after);
    assert_eq!(existing.location, issued.installed.location);
    for words in ["Ask.\n", "16 Feb 2046, 09:00 JST", &issued.installed.location, "nothing more"] {
        assert!(rest.detail.contains(words), "{words}: {}", rest.detail);
    }
    assert_eq!(files(folder.path()), INSTALLED, "and no key waits");
    let limited = pinned(folder.path(), &site, 3).stopped.unwrap();
    assert_eq!(limited.existing, None, "that refusal has another reason");
}

#[test]
fn an_expired_certificate_or_one_without_its_key_is_no_comfort() {
    struct Later;
    impl Clock for Later {
        fn now(&self) -> Timestamp {
            "2046-02-16T00:00:01Z".parse().unwrap()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let refusal = || Script::Problem(403, "credential_refused", None);
    let site = FakeSite::new([Script::Issue, refusal(), refusal()]);
    pinned(folder.path(), &site, 1).result.unwrap();
    let pin = Fingerprint::of(&site.authority().trust().root.0);
    let nobody = Confirmation::Nobody;
    let expired = run_at(&Later, folder.path(), &site, Some(pin), nobody, 2).stopped.unwrap();
    assert_eq!(expired.existing, None);
    std::fs::remove_file(folder.path().join("CMSM950-006-401.key.pem")).unwrap();
    assert_eq!(pinned(folder.path(), &site, 3).stopped.unwrap().existing, None);
}

#[test]
fn a_day_to_repeat_is_promised_only_for_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("file");
    std::fs::write(&place, "").unwrap();
    let site = FakeSite::new([Script::Issue]);
    let unwritable = pinned(&place, &site, 1);
    assert_eq!(unwritable.result.unwrap_err().exit(), Exit::Store);
    let detail = unwritable.stopped.unwrap().detail;
    assert!(detail.contains("permissions") && !detail.contains("24 hours"), "{detail}");
    assert!(site.keys().is_empty());
    let place = folder.path().join("certs");
    std::fs::create_dir_all(place.join("CMSM950-006-401.crt.pem")).unwrap();
    let rest = pinned(&place, &site, 2).stopped.unwrap();
    assert!(rest.detail.contains("24 hours"), "{}", rest.detail);
    assert_eq!(rest.kept.as_deref(), Some(PENDING));
}

#[test]
fn a_conflict_without_a_time_to_come_back_is_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Problem(409, "conflict", None)]);
    let ran = pinned(folder.path(), &site, 1);
    assert_eq!(ran.result.unwrap_err().exit(), Exit::Refused);
    assert!(ran.waits.is_empty());
}

#[test]
fn a_too_old_application_stops_before_it_makes_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([]);
    for minimum in ["0.1.1", "0.2.0", "1.0.0"] {
        site.wants_app(minimum);
        let error = pinned(folder.path(), &site, 1).result.unwrap_err();
        assert!(matches!(error, Error::TooOld { .. }), "{minimum}");
        assert_eq!(error.exit(), Exit::Refused);
        assert_eq!(files(folder.path()), [""; 0]);
    }
    for minimum in ["0.1.0", "0.0.9", "0.1.0-rc.1", "", "soon"] {
        let folder = tempfile::tempdir().unwrap();
        site.wants_app(minimum);
        site.then(Script::Issue);
        pinned(folder.path(), &site, 1).result.unwrap();
    }
}
