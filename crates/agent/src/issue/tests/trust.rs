//! Whom the application believes, and what leaves before it does.

use super::{Says, files, order, pinned, run_in};
use jiff::SignedDuration;
use tegata_wire::Problem;
use tegata_wire::api::Trust;

use crate::issue::{Confirmation, believe, read, read_trust};
use crate::testing::{Authority, Call, FakeSite, Script, now};
use crate::transport::Reply;
use crate::trust::TrustError;
use crate::{Error, Exit};

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
fn a_problem_told_before_the_site_proved_itself_is_nobodys_word() {
    let reply = {
        let (title, until) =
            ("Call 0120-000-000.".to_owned(), now() + SignedDuration::from_hours(9));
        let problem = Problem::new("renewal_too_early", 403, title, String::new(), String::new());
        let problem = Problem { renewable_from: Some(until), ..problem };
        let body = serde_json::to_vec(&problem).unwrap();
        let content_type = tegata_wire::problem::CONTENT_TYPE.to_owned();
        Reply { status: 403, content_type, retry_after: None, date: None, body }
    };
    assert!(
        matches!(read::<Trust>(&reply), Err(Error::Refused(_))),
        "whoever proved itself says so"
    );
    assert!(matches!(read_trust(&reply), Err(Error::NotTegata(403))));
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
fn believing_alone_sends_one_get() {
    let site = FakeSite::new([]);
    let address = order(None).site;
    let mut person = Says(Confirmation::Yes, None);
    let trusted = believe(&address, None, &site, &mut person, now()).unwrap();
    assert_eq!(person.1, Some(trusted.fingerprint()));
    assert_eq!(site.calls().len(), 1);
}
