use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tegata_domain::Clock;
use tegata_text::{Lang, Text};
use tegata_wire::Der;

use super::{
    Confirmation, Order, Outcome, Pause, Person, Ports, Progress, Right, Step, Stopped, believe,
    run,
};
use crate::store::{Options, StoreError, StoreUri, open};
use crate::testing::{Authority, Call, Counter, FakeSite, Script, Still, now, openssl};
use crate::transport::TransportError;
use crate::trust::TrustError;
use crate::{Error, Exit, Fingerprint};

/// A first issuance into the store in `folder`.
pub(super) fn first(folder: &Path, site: &FakeSite) -> Outcome {
    pinned(folder, site, 1).result.unwrap()
}

pub(super) struct Says(pub(super) Confirmation, pub(super) Option<Fingerprint>);

impl Person for Says {
    fn confirm_root(&mut self, fingerprint: &Fingerprint) -> Confirmation {
        self.1 = Some(*fingerprint);
        self.0
    }
}

#[derive(Default)]
pub(super) struct Waits(RefCell<Vec<Duration>>);

impl Pause for Waits {
    fn pause(&self, duration: Duration) {
        self.0.borrow_mut().push(duration);
    }
}

struct Run {
    result: Result<Outcome, Error>,
    /// All that was said of a run that stopped, but for the error itself.
    stopped: Option<Rest>,
    waits: Vec<Duration>,
    progress: Vec<Progress>,
}

struct Rest {
    kept: Option<String>,
    existing: Option<Box<super::Existing>>,
    detail: String,
}

impl Rest {
    fn of(stopped: &Stopped) -> Self {
        let kept = stopped.kept.as_ref();
        Self {
            kept: kept.and_then(|path| path.rsplit('/').next()).map(str::to_owned),
            existing: stopped.existing.clone(),
            detail: stopped.explain(Text::of(Lang::En)).detail,
        }
    }
}

const PENDING: &str = "0001-SB0001002C-CMSM950-006-401.pending.key.pem";

fn order(pin: Option<Fingerprint>) -> Order {
    Order {
        site: "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
        pin,
        user: "CMSM950-006-401".parse().unwrap(),
        right: Right::Slip {
            password: "01AB-CDEF-GHJK-MNPQ".to_owned().into(),
            email: "taro@example.jp".parse().unwrap(),
        },
        app_version: "0.1.0",
        unattended: true,
    }
}

/// One run of the application on the store in `folder`; `seed` is its randomness.
fn run_in(
    folder: &Path,
    site: &FakeSite,
    pin: Option<Fingerprint>,
    person: Confirmation,
    seed: u64,
) -> Run {
    run_at(&Still, folder, site, pin, person, seed)
}

fn run_at(
    clock: &dyn Clock,
    folder: &Path,
    site: &FakeSite,
    pin: Option<Fingerprint>,
    person: Confirmation,
    seed: u64,
) -> Run {
    let mut store = open(&StoreUri::Pem(folder.to_owned()), Options::default()).unwrap();
    let (waits, mut progress) = (Waits::default(), Vec::new());
    let result = run(
        order(pin),
        &mut Ports {
            network: site,
            store: store.as_mut(),
            person: &mut Says(person, None),
            clock,
            entropy: &Counter::new(1000 * seed),
            pause: &waits,
            progress: &mut |step| progress.push(step),
        },
    );
    let stopped = result.as_ref().err().map(Rest::of);
    let result = result.map_err(|stopped| stopped.error);
    Run { result, stopped, waits: waits.0.take(), progress }
}

fn pinned(folder: &Path, site: &FakeSite, seed: u64) -> Run {
    let pin = Fingerprint::of(&site.authority().trust().root.0);
    run_in(folder, site, Some(pin), Confirmation::Nobody, seed)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const INSTALLED: [&str; 4] = [
    "CMSM950-006-401.chain.pem",
    "CMSM950-006-401.crt.pem",
    "CMSM950-006-401.key.pem",
    "root.crt.pem",
];

#[test]
fn a_store_names_the_certificate_by_its_last_day_in_the_services_time_zone() {
    // It ends at 2046-02-16T00:00:00Z.
    for (zone, day) in [("Asia/Tokyo", "2046-02-16"), ("America/New_York", "2046-02-15")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate.p12");
        let password = Some("sesame".to_owned().into());
        let options = Options { password, ..Options::default() };
        let site = FakeSite::new([Script::Issue]);
        site.is_in(zone);
        let root = Fingerprint::of(&site.authority().trust().root.0);
        run(
            order(Some(root)),
            &mut Ports {
                network: &site,
                store: open(&StoreUri::Pkcs12(file.clone()), options).unwrap().as_mut(),
                person: &mut Says(Confirmation::Nobody, None),
                clock: &Still,
                entropy: &Counter::new(1000),
                pause: &Waits::default(),
                progress: &mut |_| {},
            },
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let said = openssl(&["pkcs12", "-in", file, "-passin", "pass:sesame", "-nokeys"]);
        let name = format!("friendlyName: CMSM950-006-401 (until {day})");
        assert!(said.contains(&name), "{zone}: {said}");
    }
}

#[test]
fn every_step_is_reported_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue]);
    let ran = pinned(folder.path(), &site, 1);
    let outcome = ran.result.unwrap();
    assert_eq!(outcome.user.as_str(), "CMSM950-006-401");
    assert_eq!(outcome.root, Fingerprint::of(&site.authority().trust().root.0));
    assert_eq!(outcome.not_after.to_string(), "2046-02-16T00:00:00Z");
    use Step::*;
    let steps = [Connect, Trust, Key, Request, Install, ReadBack, Prove, Done].map(Progress::Step);
    assert_eq!(ran.progress, steps);
    assert_eq!(files(folder.path()), INSTALLED, "and nothing waits any more");
}

#[test]
fn only_a_get_of_trust_leaves_before_the_root_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue]);
    pinned(folder.path(), &site, 1).result.unwrap();
    let api = "https://issue.example.jp/api/v1/0001/SB0001002C/";
    let calls = site.calls();
    assert_eq!(calls[0], Call::Unbelieved(format!("{api}trust")));
    assert_eq!(calls[1], Call::Believe);
    assert_eq!(calls[2], Call::Get(format!("{api}service")));
    assert!(matches!(calls[3], Call::Enroll(_)));
    assert!(matches!(calls[4], Call::Present(..)));
    assert_eq!(calls.len(), 5);
}

#[test]
fn wrong_root_is_refused_before_anything_is_posted_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([]);
    site.says(Authority::new().trust());
    let ran = pinned(folder.path(), &site, 1);
    let error = ran.result.unwrap_err();
    assert!(matches!(error, Error::Trust(TrustError::Mismatch { .. })));
    assert_eq!(error.exit(), Exit::Refused);
    assert_eq!(site.calls().len(), 1, "{:?}", site.calls());
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn an_unsound_chain_is_refused_even_with_the_right_pin() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([]);
    let foreign = Authority::new().trust().intermediates;
    let trust = site.authority().trust();
    site.says(tegata_wire::api::Trust { intermediates: foreign, ..trust });
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Trust(TrustError::Unsound(_))));
    assert_eq!(site.calls().len(), 1);
}

#[test]
fn a_person_decides_where_no_pin_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue]);
    let answer = |said| run_in(folder.path(), &site, None, said, 1).result;
    let declined = answer(Confirmation::No).unwrap_err();
    assert!(matches!(declined, Error::Trust(TrustError::Declined(_))));
    assert_eq!(declined.exit(), Exit::Refused);
    let nobody = answer(Confirmation::Nobody).unwrap_err();
    assert!(matches!(nobody, Error::Trust(TrustError::Unconfirmed(_))));
    assert_eq!(nobody.exit(), Exit::Usage);
    assert!(site.calls().iter().all(|call| matches!(call, Call::Unbelieved(_))));
    answer(Confirmation::Yes).unwrap();
}

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
fn after_a_lost_reply_the_same_key_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::LoseReply, Script::LoseReply, Script::Issue]);
    let ran = pinned(folder.path(), &site, 1);
    ran.result.unwrap();
    assert_eq!(ran.waits, [Duration::from_secs(2)], "the first repetition goes out at once");
    let keys = site.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn three_lost_replies_end_the_run_but_not_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::LoseReply, Script::LoseReply, Script::LoseReply]);
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Unreachable(TransportError::LostReply(_))));
    assert_eq!(error.exit(), Exit::Unreachable);
    site.then(Script::Issue);
    pinned(folder.path(), &site, 2).result.unwrap();
    let keys = site.keys();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_so_but_not_for_longer_than_half_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([
        Script::Problem(503, "busy", Some(Duration::from_secs(5))),
        Script::Problem(409, "in_progress", Some(Duration::from_secs(3600))),
        Script::Issue,
    ]);
    let ran = pinned(folder.path(), &site, 1);
    ran.result.unwrap();
    assert_eq!(ran.waits, [5, 30].map(Duration::from_secs));
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
fn a_page_of_someone_else_is_not_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    for status in [200, 404, 502] {
        let site = FakeSite::new([Script::Page(status)]);
        let error = pinned(folder.path(), &site, 1).result.unwrap_err();
        assert!(matches!(error, Error::NotTegata(seen) if seen == status));
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}

#[test]
fn without_a_connection_nothing_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Down]);
    let ran = pinned(folder.path(), &site, 1);
    assert_eq!(ran.result.unwrap_err().exit(), Exit::Unreachable);
    assert!(ran.waits.is_empty());
}

#[test]
fn a_crash_between_key_and_certificate_resumes_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::Issue]);
    // The disk refuses the certificate: a folder stands where its file should go.
    let obstacle = folder.path().join("CMSM950-006-401.crt.pem");
    std::fs::create_dir(&obstacle).unwrap();
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Io { .. })));
    assert_eq!(error.exit(), Exit::Store);
    std::fs::remove_dir(&obstacle).unwrap();
    let again = pinned(folder.path(), &site, 2);
    again.result.unwrap();
    assert!(again.progress.contains(&Progress::KeyResumed));
    let keys = site.keys();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(files(folder.path()), INSTALLED);
}

#[test]
fn another_key_in_the_store_stops_the_run_before_the_password_is_spent() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([]);
    let key = folder.path().join("CMSM950-006-401.key.pem");
    std::fs::write(&key, "someone else's").unwrap();
    let error = pinned(folder.path(), &site, 1).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Occupied(_))));
    assert_eq!(error.exit(), Exit::Store);
    assert!(site.keys().is_empty());
    assert_eq!(std::fs::read(&key).unwrap(), b"someone else's");
    assert_eq!(files(folder.path()), ["CMSM950-006-401.key.pem"]);
}

#[test]
fn an_older_certificate_of_the_same_seat_and_service_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Issue, Script::Issue]);
    pinned(folder.path(), &site, 1).result.unwrap();
    pinned(folder.path(), &site, 2).result.unwrap();
    let keys = site.keys();
    assert_ne!(keys[0], keys[1], "a reissue has a new key");
    let older = "CMSM950-006-401.41000000000000000000000000000007.";
    let (kept, current): (Vec<_>, Vec<_>) =
        files(folder.path()).into_iter().partition(|name| name.starts_with(older));
    assert_eq!(kept.len(), 3, "key, certificate and chain");
    assert_eq!(current, INSTALLED);
}

#[test]
fn a_certificate_of_another_service_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    pinned(folder.path(), &FakeSite::new([Script::Issue]), 1).result.unwrap();
    let error = pinned(folder.path(), &FakeSite::new([]), 2).result.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Occupied(_))));
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

#[test]
fn nothing_of_an_answer_is_believed_that_the_certificate_does_not_say() {
    let tampered: [fn(&Authority, &[u8], &mut tegata_wire::api::Issued); 8] = [
        |authority, spki, issued| {
            Script::certificate(issued, authority.leaf("CMSM950-006-402", spki, 7));
        },
        |authority, spki, issued| {
            Script::certificate(issued, authority.leaf("CMSM950-006-401", spki, 8));
        },
        |authority, spki, issued| {
            Script::certificate(issued, authority.server_usage_leaf("CMSM950-006-401", spki, 7));
        },
        |authority, _, issued| {
            let other = Authority::new().trust().root.0;
            let other = crate::cert::Cert::from_der(other).unwrap().spki();
            Script::certificate(issued, authority.leaf("CMSM950-006-401", &other, 7));
        },
        |_, spki, issued| {
            Script::certificate(issued, Authority::new().leaf("CMSM950-006-401", spki, 7));
        },
        |_, _, issued| *issued.certificate.0.last_mut().unwrap() ^= 1,
        |_, _, issued| issued.certificate = Der(vec![]),
        |_, _, issued| issued.certificate = issued.chain[0].clone(),
    ];
    for (i, change) in tampered.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let site = FakeSite::new([Script::Tamper(change)]);
        let error = pinned(folder.path(), &site, 1).result.unwrap_err();
        assert!(matches!(error, Error::BadAnswer(_)), "{i}: {error}");
        assert_eq!(files(folder.path()).len(), 1, "{i}: only the key that waits");
    }
}

#[test]
fn an_issuing_ca_that_is_newer_than_trust_comes_with_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Tamper(|authority, spki, issued| {
        // Stands for a new path: signed by the root itself, so the chain of `trust` is no help.
        issued.certificate = Der(authority.leaf_of_root("CMSM950-006-401", spki));
        issued.serial = crate::testing::hex(9).parse().unwrap();
    })]);
    pinned(folder.path(), &site, 1).result.unwrap();
}

#[test]
fn believing_alone_sends_one_get() {
    let site = FakeSite::new([]);
    let address = order(None).site;
    let mut person = Says(Confirmation::Yes, None);
    let trusted = believe(&address, None, &site, &mut person, now()).unwrap();
    assert_eq!(person.1, Some(trusted.fingerprint()));
    assert_eq!(site.calls().len(), 1);
}
