//! What a person does, what the worker reports, and what becomes of it.

use tegata_agent::issue::Step;
use tegata_agent::store::KeyLocation;
use tegata_agent::{Explanation, Fingerprint};
use tegata_text::Lang;

use super::card::{State, sample};
use super::form::Entry;
use super::settings::{Look, ProxyChoice, Settings};
use super::*;
use crate::window::page::{Act, FieldId};

const SITE: &str = "https://issue.example.jp/issueweb/0001/SB0001002C/";

fn start() -> Start {
    Start {
        version: "0.1.0",
        lang: Lang::Ja,
        is_updatable: false,
        stores: vec!["nss".to_owned(), "nss:/profile".to_owned()],
    }
}

fn service() -> Service {
    Service { site: SITE.parse().unwrap(), root: Fingerprint::of(b"root"), brand: None }
}

pub(super) fn model() -> Model {
    Model::new(start(), Settings::default(), Some(service())).0
}

/// A model whose form is filled and on the screen.
fn filled() -> Model {
    let mut model = model();
    press(&mut model, Act::OpenIssue);
    for (field, text) in [
        (FieldId::User, "CMSM950-006-401"),
        (FieldId::Password, "abcd-efgh-jkmn-pqrs"),
        (FieldId::Mail, "taro@example.co.jp"),
        (FieldId::MailAgain, "taro@example.co.jp"),
    ] {
        model.update(Message::Edited(field, text.to_owned()));
    }
    model
}

fn issuing() -> Model {
    let mut model = filled();
    assert_eq!(press(&mut model, Act::Submit).len(), 1);
    model
}

fn press(model: &mut Model, act: Act) -> Vec<Effect> {
    model.update(Message::Pressed(act))
}

pub(super) fn report(model: &mut Model, report: Report) -> Vec<Effect> {
    model.update(Message::Reported(report))
}

fn explanation(code: &str) -> Explanation {
    let word = || "…".to_owned();
    Explanation { code: code.to_owned(), title: word(), detail: word(), reference: word() }
}

fn issued() -> Box<Issued> {
    Box::new(Issued {
        is_renewal: false,
        user: "CMSM950-006-401".to_owned(),
        serial: "5f3a09c2d417be68".to_owned(),
        not_after: "2027-11-23T14:59:59Z".parse().unwrap(),
        renewable_from: "2027-09-24T15:00:00Z".parse().unwrap(),
        email: Some("taro@example.co.jp".to_owned()),
        unproven: None,
        service_url: "https://service.example.jp/".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        place: "nss".to_owned(),
        key: KeyLocation::System,
        is_browser: true,
        is_under_initial_password: false,
        remark: None,
    })
}

fn running(model: &Model) -> &Running {
    let Screen::Running(running) = &model.screen else { panic!("{:?}", model.screen) };
    running
}

#[test]
fn a_known_service_begins_with_its_certificates_an_unknown_one_with_its_address() {
    let (known, effects) = Model::new(start(), Settings::default(), Some(service()));
    assert_eq!(known.screen, Screen::Menu);
    assert_eq!(effects, [Effect::Work(Job::Load { site: Some(SITE.parse().unwrap()) })]);
    let (unknown, _) = Model::new(start(), Settings::default(), None);
    assert_eq!(unknown.screen, Screen::Site);
}

#[test]
fn a_double_press_issues_once() {
    let mut model = filled();
    let effects = press(&mut model, Act::Submit);
    assert!(
        matches!(&effects[..], [Effect::Work(Job::Issue { root, .. })] if *root == service().root)
    );
    assert_eq!(press(&mut model, Act::Submit), []);
    assert_eq!(press(&mut model, Act::OpenIssue), []);
    assert_eq!(press(&mut model, Act::Menu), []);
    assert_eq!(running(&model).work, Work::Issue);
}

#[test]
fn progress_is_followed_and_a_wait_ends_with_the_next_step() {
    let mut model = issuing();
    report(&mut model, Report::Step(Step::Key));
    report(&mut model, Report::KeyResumed);
    report(&mut model, Report::Step(Step::Request));
    report(&mut model, Report::Waits(5));
    assert_eq!((running(&model).waits, running(&model).is_resumed), (Some(5), true));
    report(&mut model, Report::Step(Step::Install));
    assert_eq!((running(&model).step, running(&model).waits), (Some(Step::Install), None));
}

#[test]
fn what_was_issued_is_shown_and_the_password_forgotten() {
    let mut model = issuing();
    let effects = report(&mut model, Report::Issued(issued()));
    assert!(matches!(model.screen, Screen::Done(_)));
    assert_eq!(model.issue_form, form::IssueForm::default());
    assert!(matches!(&effects[..], [Effect::Work(Job::Load { .. })]), "the list has grown");
}

#[test]
fn after_a_failure_the_form_is_still_filled() {
    let mut model = issuing();
    report(&mut model, Report::Failed(explanation("credential_refused")));
    press(&mut model, Act::Form);
    assert_eq!(model.screen, Screen::Issue);
    assert_eq!(model.focus, Some(FieldId::Password), "what is most likely wrong");
    assert_eq!(model.issue_form.user.text.as_str(), "CMSM950-006-401");
    assert_eq!(model.issue_form.password.text.as_str(), "abcd-efgh-jkmn-pqrs");
}

#[test]
fn stopping_is_asked_for_once_and_ends_when_the_worker_says_so() {
    let mut model = issuing();
    assert_eq!(press(&mut model, Act::Cancel), [Effect::Cancel]);
    assert_eq!(press(&mut model, Act::Cancel), []);
    assert!(running(&model).is_stopping);
    report(&mut model, Report::Cancelled(explanation("stopped")));
    assert!(matches!(&model.screen, Screen::Failed(failed) if failed.is_cancelled));
}

#[test]
fn a_certificate_that_came_before_the_stop_is_shown() {
    let mut model = issuing();
    press(&mut model, Act::Cancel);
    report(&mut model, Report::Issued(issued()));
    assert!(matches!(model.screen, Screen::Done(_)));
}

#[test]
fn closing_midway_asks_and_goes_on_if_wanted() {
    let mut model = issuing();
    assert_eq!(model.update(Message::Close), []);
    assert!(matches!(model.screen, Screen::Leaving(_)));
    // Meanwhile it goes on.
    report(&mut model, Report::Step(Step::Request));
    assert_eq!(press(&mut model, Act::Stay), []);
    assert_eq!(running(&model).step, Some(Step::Request));
}

#[test]
fn closing_midway_stops_what_runs_and_ends_with_it() {
    let mut model = issuing();
    model.update(Message::Close);
    assert_eq!(press(&mut model, Act::Leave), [Effect::Cancel]);
    assert!(running(&model).is_stopping);
    assert_eq!(report(&mut model, Report::Cancelled(explanation("stopped"))), [Effect::Quit]);
}

#[test]
fn closing_again_does_not_wait() {
    let mut model = issuing();
    model.update(Message::Close);
    press(&mut model, Act::Leave);
    assert_eq!(model.update(Message::Close), [Effect::Quit]);
}

#[test]
fn a_result_that_comes_while_one_is_asked_whether_to_close_is_shown() {
    let mut model = issuing();
    model.update(Message::Close);
    report(&mut model, Report::Issued(issued()));
    assert!(matches!(model.screen, Screen::Done(_)));
    assert_eq!(model.update(Message::Close), [Effect::Quit]);
}

#[test]
fn a_root_is_compared_then_believed_then_remembered() {
    let (mut model, _) = Model::new(start(), Settings::default(), None);
    model.update(Message::Edited(FieldId::Site, SITE.to_owned()));
    let site: Site = SITE.parse().unwrap();
    assert_eq!(press(&mut model, Act::Submit), [Effect::Work(Job::Believe { site: site.clone() })]);
    let root = Fingerprint::of(b"root");
    report(&mut model, Report::Asked(Question::Root(root)));
    assert!(matches!(model.screen, Screen::Root { .. }));
    assert_eq!(press(&mut model, Act::Compared(true)), [Effect::Answer(Answer::Root(true))]);
    // Pressed twice: there is no question any more.
    assert_eq!(press(&mut model, Act::Compared(true)), []);
    let effects = report(&mut model, Report::Believed(site.clone(), root));
    assert_eq!(effects, [Effect::Save, Effect::Work(Job::Load { site: Some(site) })]);
    assert_eq!(model.screen, Screen::Menu);
    assert_eq!(model.settings.service.as_ref().unwrap().root_sha256, root.to_string());
}

#[test]
fn a_root_that_differs_goes_back_to_the_address() {
    let (mut model, _) = Model::new(start(), Settings::default(), None);
    model.update(Message::Edited(FieldId::Site, SITE.to_owned()));
    press(&mut model, Act::Submit);
    report(&mut model, Report::Asked(Question::Root(Fingerprint::of(b"other"))));
    assert_eq!(press(&mut model, Act::Compared(false)), [Effect::Answer(Answer::Root(false))]);
    report(&mut model, Report::Failed(explanation("root_declined")));
    press(&mut model, Act::Form);
    assert_eq!(model.screen, Screen::Site);
    assert_eq!(model.service, None);
}

#[test]
fn a_question_that_comes_while_one_is_asked_whether_to_close_waits_below() {
    let mut model = issuing();
    model.update(Message::Close);
    let proxy = "proxy.example.co.jp:8080".to_owned();
    let asked =
        Question::Proxy { proxy, realm: "office".to_owned(), is_again: false, is_plain: true };
    report(&mut model, Report::Asked(asked));
    assert!(matches!(model.screen, Screen::Leaving(_)));
    // Stopping answers it, so that the worker does not wait for ever.
    assert_eq!(
        press(&mut model, Act::Leave),
        [Effect::Cancel, Effect::Answer(Answer::Proxy(None))]
    );
}

fn proxy_asks() -> Report {
    let (proxy, realm) = ("p:8080".to_owned(), "office".to_owned());
    Report::Asked(Question::Proxy { proxy, realm, is_again: false, is_plain: true })
}

#[test]
fn a_proxy_is_answered_on_every_screen_and_the_screen_comes_back() {
    for screen in [Screen::Menu, Screen::Issue, Screen::Doctor(Doctor::Running)] {
        let mut model = model();
        model.screen = screen.clone();
        report(&mut model, proxy_asks());
        assert!(matches!(model.screen, Screen::Proxy { .. }), "{screen:?}");
        model.update(Message::Edited(FieldId::ProxyUser, "taro".to_owned()));
        model.update(Message::Edited(FieldId::ProxyPassword, "pw".to_owned()));
        let effects = press(&mut model, Act::Submit);
        assert!(matches!(effects[..], [Effect::Answer(Answer::Proxy(Some(_)))]), "{effects:?}");
        assert_eq!(model.screen, screen);
    }
}

#[test]
fn a_proxy_that_gets_no_answer_ends_the_link_and_not_the_examination() {
    let no = || Effect::Answer(Answer::Proxy(None));
    for (screen, said) in
        [(Screen::Menu, vec![Effect::Cancel, no()]), (Screen::Doctor(Doctor::Running), vec![no()])]
    {
        let mut model = model();
        model.screen = screen.clone();
        report(&mut model, proxy_asks());
        assert_eq!(press(&mut model, Act::Cancel), said);
        assert_eq!(model.screen, screen);
        report(&mut model, proxy_asks());
        let effects = model.update(Message::Close);
        assert_eq!(effects.last(), Some(&Effect::Quit), "nothing runs that has to be stopped");
    }
}

#[test]
fn marks_do_not_outlive_a_change_of_store() {
    let mut model = model();
    model.start.stores = vec!["nss".to_owned(), "pkcs12:/a.p12".to_owned()];
    press(&mut model, Act::Mark("1".to_owned()));
    model.update(Message::Chosen(FieldId::Store, 1));
    assert_eq!(model.update(Message::Close), [Effect::Quit]);
}

#[test]
fn a_proxy_is_answered_as_typed() {
    let mut model = issuing();
    let asked = Question::Proxy {
        proxy: "p:8080".to_owned(),
        realm: String::new(),
        is_again: true,
        is_plain: false,
    };
    report(&mut model, Report::Asked(asked));
    assert_eq!(press(&mut model, Act::Submit), []);
    assert_eq!(model.focus, Some(FieldId::ProxyUser));
    model.update(Message::Edited(FieldId::ProxyUser, "taro".to_owned()));
    model.update(Message::Edited(FieldId::ProxyPassword, "ｐ w".to_owned()));
    let effects = press(&mut model, Act::Submit);
    let [Effect::Answer(Answer::Proxy(Some((user, password))))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((user.as_str(), password.as_str()), ("taro", "ｐ w"));
    assert_eq!(running(&model).work, Work::Issue);
}

#[test]
fn old_certificates_are_removed_on_closing_and_not_before() {
    let mut model = model();
    let until = "2026-01-01T00:00:00Z";
    let cards = ["1", "2"].map(|serial| sample("A", serial, until, State::Expired, 0));
    report(&mut model, Report::Loaded(Ok(cards.to_vec())));
    press(&mut model, Act::OpenCleanUp);
    press(&mut model, Act::Mark("1".to_owned()));
    press(&mut model, Act::Mark("2".to_owned()));
    press(&mut model, Act::Unmark("2".to_owned()));
    let effects = model.update(Message::Close);
    assert_eq!(effects, [Effect::Work(Job::Remove { serials: vec!["1".to_owned()] })]);
    assert_eq!(report(&mut model, Report::Removed(vec!["1".to_owned()], None)), [Effect::Quit]);
}

#[test]
fn what_could_not_be_removed_is_said_before_the_program_ends() {
    let mut model = model();
    press(&mut model, Act::OpenCleanUp);
    press(&mut model, Act::Mark("1".to_owned()));
    model.update(Message::Close);
    report(&mut model, Report::Removed(Vec::new(), Some(explanation("store_io"))));
    assert!(matches!(model.screen, Screen::Failed(_)));
    assert_eq!(model.update(Message::Close), [Effect::Quit]);
}

#[test]
fn only_web_pages_are_opened() {
    let mut model = model();
    for url in ["file:///etc/passwd", "http://a/", "javascript:1", "https://a/ b", "https://a/\n"] {
        assert_eq!(press(&mut model, Act::OpenUrl(url.to_owned())), [], "{url}");
    }
    let url = "https://service.example.jp/SAMPLE01/cms".to_owned();
    assert_eq!(press(&mut model, Act::OpenUrl(url.clone())), [Effect::OpenUrl(url)]);
}

#[test]
fn what_was_copied_is_said_until_the_screen_changes() {
    let mut model = model();
    assert_eq!(press(&mut model, Act::Copy("R-1".to_owned())), [Effect::Copy("R-1".to_owned())]);
    assert_eq!(model.copied.as_deref(), Some("R-1"));
    press(&mut model, Act::OpenAbout);
    assert_eq!(model.copied, None);
}

#[test]
fn another_language_and_store_apply_at_once_and_are_saved() {
    let mut model = model();
    assert_eq!(press(&mut model, Act::SwitchLanguage), [Effect::Save]);
    assert_eq!(model.text().lang(), Lang::En);
    press(&mut model, Act::OpenSettings);
    assert_eq!(model.update(Message::Chosen(FieldId::Language, 0)), [Effect::Save]);
    assert_eq!(model.text().lang(), Lang::Ja);
    assert_eq!(model.update(Message::Chosen(FieldId::Language, 0)), [], "nothing changed");
    let effects = model.update(Message::Chosen(FieldId::Store, 1));
    assert_eq!(model.store(), "nss:/profile");
    assert!(matches!(&effects[..], [Effect::Save, Effect::Work(Job::Load { .. })]));
    model.update(Message::Chosen(FieldId::Look, 3));
    assert_eq!(model.settings.look, Look::Contrast);
}

#[test]
fn renewal_by_itself_is_switched_and_follows_the_settings() {
    let mut model = model();
    model.update(Message::Reported(Report::Scheduled(Ok(false))));
    let on = [Effect::Work(Job::Schedule(true))];
    assert_eq!(press(&mut model, Act::Schedule), on);
    assert_eq!(model.schedule, Some(false), "not before it is so");
    press(&mut model, Act::OpenSettings);
    assert_eq!(model.update(Message::Chosen(FieldId::Schedule, 0)), [], "it is off");
    assert_eq!(model.update(Message::Chosen(FieldId::Schedule, 1)), on);
    model.update(Message::Reported(Report::Scheduled(Ok(true))));
    let effects = model.update(Message::Chosen(FieldId::Proxy, 1));
    assert_eq!(effects, [Effect::Save, Effect::Work(Job::Schedule(true))]);
    let effects = model.update(Message::Chosen(FieldId::Schedule, 0));
    assert_eq!(effects, [Effect::Work(Job::Schedule(false))]);
}

#[test]
fn a_store_that_is_no_longer_there_is_not_used() {
    let settings = Settings { store: Some("nss:/gone".to_owned()), ..Settings::default() };
    assert_eq!(Model::new(start(), settings, None).0.store(), "nss");
}

#[test]
fn a_proxy_address_is_judged_on_leaving_the_settings() {
    let mut model = model();
    press(&mut model, Act::OpenSettings);
    model.update(Message::Chosen(FieldId::Proxy, 2));
    assert_eq!(model.settings.proxy, ProxyChoice::Address);
    for bad in ["", "proxy", "proxy:0", "proxy:70000", "http://proxy:8080", ":8080"] {
        model.update(Message::Edited(FieldId::ProxyAddress, bad.to_owned()));
        assert_eq!(press(&mut model, Act::Menu), [], "{bad}");
        assert_eq!(model.screen, Screen::Settings, "{bad}");
    }
    model.update(Message::Edited(FieldId::ProxyAddress, "ｐroxy.example.co.jp:8080".to_owned()));
    assert_eq!(press(&mut model, Act::Menu), [Effect::Save]);
    assert_eq!(model.settings.proxy_address, "proxy.example.co.jp:8080");
    assert_eq!(model.screen, Screen::Menu);
}

#[test]
fn a_script_address_holds_no_password() {
    let mut model = model();
    press(&mut model, Act::OpenSettings);
    model.update(Message::Chosen(FieldId::Proxy, 3));
    for bad in ["http://taro:secret@wpad/a", "https://taro@wpad", "http:///a", "ftp://wpad/"] {
        model.update(Message::Edited(FieldId::ProxyScript, bad.to_owned()));
        assert_eq!(press(&mut model, Act::Menu), [], "{bad}");
        assert_eq!(model.settings.proxy_script, "", "{bad}");
    }
    model.update(Message::Edited(FieldId::ProxyScript, "http://wpad/a?b@c".to_owned()));
    assert_eq!(press(&mut model, Act::Menu), [Effect::Save]);
}

#[test]
fn the_reference_of_a_page_is_taken_as_it_was_copied_and_a_wrong_one_blamed() {
    let mut model = model();
    press(&mut model, Act::OpenDoctor);
    report(&mut model, Report::Diagnosed(Vec::new()));
    let type_in = |model: &mut Model, text: &str| {
        model.update(Message::Edited(FieldId::Reference, text.to_owned()));
    };
    type_in(&mut model, "G-7K3M9QWX");
    assert_eq!(press(&mut model, Act::Diagnose), []);
    assert_eq!(model.focus, Some(FieldId::Reference));
    assert_eq!(model.reference.wrong, Some(form::Wrong::Malformed));
    let reference = tegata_agent::doctor::Reference::new("revoked", [1; 7]).to_string();
    let wide: String =
        reference.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
    type_in(&mut model, &wide);
    let diagnose = [Effect::Work(Job::Diagnose { reference })];
    assert_eq!(press(&mut model, Act::Diagnose), diagnose);
}

#[test]
fn findings_are_shown_and_fixed() {
    let mut model = model();
    assert_eq!(
        press(&mut model, Act::OpenDoctor),
        [Effect::Work(Job::Diagnose { reference: String::new() })]
    );
    assert_eq!(press(&mut model, Act::Diagnose), [], "it runs already");
    let finding = Finding {
        severity: Severity::Bad,
        title: "…".to_owned(),
        detail: "…".to_owned(),
        fix: Some(Fix { label: "…".to_owned(), act: Act::Fix(2) }),
    };
    let fine = Finding { severity: Severity::Fine, fix: None, ..finding.clone() };
    let notable = Finding { severity: Severity::Notable, ..fine.clone() };
    report(&mut model, Report::Diagnosed(vec![fine, notable, finding]));
    assert_eq!(press(&mut model, Act::Fix(2)), [Effect::Work(Job::Fix(2))]);
    assert_eq!(press(&mut model, Act::SaveReport), [Effect::Work(Job::SaveReport)]);
    report(&mut model, Report::Saved("/home/taro/report.txt".to_owned()));
    assert!(matches!(&model.screen, Screen::Doctor(Doctor::Found { saved: Some(_), .. })));
}

#[test]
fn a_renewal_needs_one_press() {
    let mut model = model();
    press(&mut model, Act::OpenRenew("1".to_owned()));
    let renew = Effect::Work(Job::Renew { serial: "1".to_owned() });
    assert_eq!(press(&mut model, Act::Submit), [renew]);
    assert_eq!(press(&mut model, Act::Submit), []);
}

#[test]
fn a_field_of_another_screen_changes_nothing() {
    let mut model = model();
    model.update(Message::Edited(FieldId::ProxyUser, "x".to_owned()));
    model.update(Message::Left(FieldId::User));
    model.update(Message::Shown(FieldId::ProxyPassword));
    assert_eq!(model.screen, Screen::Menu);
    assert_eq!(model.issue_form.user, Entry::default());
}
