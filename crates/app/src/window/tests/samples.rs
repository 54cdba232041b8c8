//! Every screen with sample data.

use crate::window::page::Act;
use tegata_agent::choice::ChoiceError;
use tegata_agent::issue::Step;
use tegata_agent::store::KeyLocation;
use tegata_agent::{Explanation, Fingerprint};
use tegata_text::{Lang, Text};

use crate::window::model::autoselect::{AutoSelect, Said, Seen, Spot};
use crate::window::model::card::{State, sample};
use crate::window::model::email::{Asked, EmailForm};
use crate::window::model::form::{Entry, IssueForm, ProxyForm};
use crate::window::model::news::{News, Offer};
use crate::window::model::settings::{Look, ProxyChoice, Settings};
use crate::window::model::{
    Cards, Doctor, Failed, Finding, Fix, Issued, Message, Model, Names, Note, Running, Screen,
    Service, Severity, Start, Work,
};

pub(super) const SITE: &str = "https://issue.example.jp/issueweb/0001/SB0001002C/";

/// A model of the sample service.
pub(in crate::window) fn model(lang: Lang, look: Look) -> Model {
    let start = Start {
        version: "0.1.0",
        lang,
        is_updatable: true,
        stores: vec!["nss".to_owned(), "nss:/home/taro/.mozilla/firefox/a1b2c3.default".to_owned()],
    };
    let settings = Settings { look, ..Settings::default() };
    let (mut model, _) = Model::new(start, settings, Some(service()));
    model.schedule = Some(false);
    model
}

pub(super) fn service() -> Service {
    Service {
        site: SITE.parse().unwrap(),
        root: Fingerprint::of(b"sample root"),
        brand: Some(Names {
            organisation: ["サンプル銀行".to_owned(), "Sample Bank, Ltd.".to_owned()],
            service: ["サンプルライトCMS".to_owned(), "Sample Lite CMS".to_owned()],
            help: Some([
                "サンプル銀行 ヘルプデスク 0120-000-000（平日 9:00～17:00）".to_owned(),
                "Sample Bank help desk, 0120-000-000 (weekdays 9:00 to 17:00 JST)".to_owned(),
            ]),
            key_colour: Some("#0017c1".to_owned()),
        }),
    }
}

fn cards() -> Cards {
    Cards::Read(vec![
        sample("CMSM950-006-401", "01", "2027-02-16T14:59:59Z", State::Renewable, 52),
        sample("CMSM950-006-402", "02", "2027-10-01T14:59:59Z", State::Valid, 311),
        sample("CMSM950-006-403", "03", "2026-12-01T14:59:59Z", State::Valid, 8),
        sample("CMSM950-006-401", "04", "2026-02-16T14:59:59Z", State::Expired, 0),
        sample("CMSM950-006-402", "05", "2026-12-20T14:59:59Z", State::Superseded, 27),
    ])
}

fn form() -> IssueForm {
    IssueForm {
        user: Entry::of("CMSM950-006-401"),
        password: Entry::of("ABCD-EFGH-JKMN-PQRS"),
        mail: Entry::of("taro.yamada@example.co.jp"),
        mail_again: Entry::of("taro.yamada@example.co.jp"),
        ..IssueForm::default()
    }
}

fn running(work: Work, step: Option<Step>) -> Running {
    Running { step, ..Running::new(work) }
}

fn explanation(text: Text) -> Explanation {
    Explanation {
        code: "credential_refused".to_owned(),
        title: text.problem_credential_refused(),
        detail: text.problem_credential_refused_detail(),
        reference: "7K3M-Q2XV".to_owned(),
    }
}

fn issued() -> Issued {
    Issued {
        is_renewal: false,
        user: "CMSM950-006-401".to_owned(),
        serial: "5f3a09c2d417be68".to_owned(),
        not_after: "2027-11-23T14:59:59Z".parse().unwrap(),
        renewable_from: "2027-09-24T15:00:00Z".parse().unwrap(),
        email: Some("taro.yamada@example.co.jp".to_owned()),
        unproven: None,
        service_url: "https://service.example.jp/SAMPLE01/cms".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        place: "/home/taro/.pki/nssdb".to_owned(),
        key: KeyLocation::System,
        is_browser: true,
        is_under_initial_password: false,
        remark: None,
    }
}

fn findings(text: Text) -> Vec<Finding> {
    let found =
        |severity, title: String, detail: String, fix| Finding { severity, title, detail, fix };
    let site = "https://issue.example.jp/issueweb/0001/SB0001002C/";
    let fix = |label, act| Some(Fix { label, act });
    vec![
        found(
            Severity::Notable,
            text.doctor_refused(&text.gateway_expired_headline(), "G-E7K3M9QW6"),
            text.doctor_refused_right("CMSM950-006-401 (…0a1f)"),
            fix(text.window_menu_clean_up(), Act::OpenCleanUp),
        ),
        found(Severity::Fine, text.doctor_network(site), String::new(), None),
        found(Severity::Bad, text.doctor_clock_behind("14"), text.doctor_clock_do(), None),
        found(Severity::Fine, text.doctor_site(), String::new(), None),
        found(
            Severity::Bad,
            text.doctor_root_missing(),
            text.doctor_root_missing_do(),
            fix(text.window_doctor_trust(), Act::Fix(3)),
        ),
        found(
            Severity::Notable,
            text.doctor_several("2", "CMSM950-006-401 (…0a1f)"),
            text.doctor_several_do(),
            fix(text.window_menu_clean_up(), Act::OpenCleanUp),
        ),
        found(Severity::Fine, text.doctor_key(), String::new(), None),
    ]
}

/// The browser's choice of certificate at all its ends.
fn autoselects() -> Vec<(&'static str, Option<Seen>)> {
    let entry = |issuer| {
        format!(
            "{{\"pattern\":\"https://service.example.jp\",\
             \"filter\":{{\"ISSUER\":{{\"CN\":\"{issuer}\"}}}}}}"
        )
    };
    let places = |is_written| {
        let key = |browser| {
            format!(
                "HKEY_CURRENT_USER\\Software\\Policies\\{browser}\\AutoSelectCertificateForUrls"
            )
        };
        let file = "/etc/chromium/policies/managed/tegata-0001-SB0001002C.json".to_owned();
        [
            ("Chromium", file),
            ("Google Chrome", key("Google\\Chrome")),
            ("Microsoft Edge", key("Microsoft\\Edge")),
        ]
        .map(|(browser, location)| Spot { browser, location, is_written })
        .to_vec()
    };
    let fresh = Seen {
        service_url: "https://service.example.jp/SAMPLE01/cms".to_owned(),
        entries: ["SB0001002C", "SB0001002D"].map(entry).to_vec(),
        places: places(false),
        is_written: false,
        said: None,
    };
    let written = Seen { places: places(true), is_written: true, ..fresh.clone() };
    let because = |error: ChoiceError| {
        Some(Said::Failed(Box::new(Lang::ALL.map(|lang| error.explain(Text::of(lang))))))
    };
    let taken = "/etc/opt/chrome/policies/managed/company-policies.json".into();
    let command = "sudo env HOME=/home/taro /usr/lib/tegata-sb0001002c/tegata-app autoselect \
                   --store nss --write"
        .to_owned();
    let told = Some(Said::Administrator { command, is_removal: false });
    let io = ChoiceError::Io {
        path: "/etc/chromium/policies/managed/tegata-0001-SB0001002C.json".into(),
        source: std::io::ErrorKind::StorageFull.into(),
    };
    vec![
        ("autoselect-looking", None),
        ("autoselect", Some(fresh.clone())),
        ("autoselect-written", Some(Seen { said: Some(Said::Written), ..written.clone() })),
        ("autoselect-stands", Some(written)),
        ("autoselect-removed", Some(Seen { said: Some(Said::Removed), ..fresh.clone() })),
        ("autoselect-told", Some(Seen { said: told, ..fresh.clone() })),
        (
            "autoselect-taken",
            Some(Seen { said: because(ChoiceError::Taken(taken)), ..fresh.clone() }),
        ),
        ("autoselect-io", Some(Seen { said: because(io), ..fresh.clone() })),
        ("autoselect-no-browser", Some(Seen { places: Vec::new(), ..fresh })),
        (
            "autoselect-no-certificate",
            Some(Seen { said: because(ChoiceError::NoCertificate), ..Seen::default() }),
        ),
    ]
}

fn offer(is_required: bool) -> News {
    News::Offered(Offer {
        version: "0.2.0".to_owned(),
        size: 9_812_345,
        is_required,
        is_downgrade: false,
        is_postponed: false,
        notes: [
            Some("PINの入力が必要なカードに対応しました。".to_owned()),
            Some("Cards that ask for a PIN can be used.".to_owned()),
        ],
    })
}

/// Every screen by its name. What follows from `lang` is in it.
pub(super) fn all(lang: Lang, look: Look) -> Vec<(&'static str, Model)> {
    let text = Text::of(lang);
    let fingerprint = Fingerprint::of(b"sample root");
    let failed = |work| Failed { explanation: explanation(text), is_cancelled: false, work, lang };
    let mut wrong = IssueForm { mail_again: Entry::of("taro@example.co.jp"), ..form() };
    wrong.user = Entry::of("CMSM!");
    wrong.password = Entry::default();
    wrong.submit();
    let proxy = ProxyForm {
        proxy: "proxy.example.co.jp:8080".to_owned(),
        realm: "Corporate Internet Access".to_owned(),
        ..ProxyForm::default()
    };
    let again = ProxyForm { is_again: true, user: Entry::of("taro"), ..proxy.clone() };
    let renewal = Work::Renewal { serial: "01".to_owned() };
    let issuing = running(Work::Issue, Some(Step::Request));
    let screens = [
        ("menu", Screen::Menu),
        ("issue", Screen::Issue),
        ("running", Screen::Running(Running { is_resumed: true, ..issuing.clone() })),
        ("stopping", Screen::Running(Running { is_stopping: true, ..issuing.clone() })),
        ("waiting", Screen::Running(Running { waits: Some(12), ..issuing.clone() })),
        ("root", Screen::Root { fingerprint, beneath: Box::new(Screen::Running(issuing.clone())) }),
        (
            "proxy",
            Screen::Proxy { form: proxy, beneath: Box::new(Screen::Running(issuing.clone())) },
        ),
        (
            "proxy-again",
            Screen::Proxy { form: again, beneath: Box::new(Screen::Running(issuing.clone())) },
        ),
        ("done", Screen::Done(Box::new(issued()))),
        ("renewed", Screen::Done(Box::new(Issued { is_renewal: true, ..issued() }))),
        ("failed", Screen::Failed(failed(Work::Issue))),
        (
            "cancelled",
            Screen::Failed(Failed {
                is_cancelled: true,
                explanation: Explanation {
                    title: text.window_cancelled(),
                    detail: text.app_within_a_day(),
                    reference: String::new(),
                    ..explanation(text)
                },
                ..failed(Work::Issue)
            }),
        ),
        ("renew", Screen::Renew { serial: "01".to_owned() }),
        ("renewing", Screen::Running(running(renewal, Some(Step::Key)))),
        (
            "told",
            Screen::Told {
                command: "sudo apt install /home/taro/.local/state/tegata/updates/\
                          tegata-app-0.2.0-linux-x86_64.deb"
                    .to_owned(),
                version: "0.2.0".to_owned(),
            },
        ),
        ("looking", Screen::Running(running(Work::Look, None))),
        (
            "installing",
            Screen::Running(Running { is_installing: true, ..running(Work::Update, None) }),
        ),
        (
            "update-unsigned",
            Screen::Failed(Failed {
                explanation: Explanation {
                    code: "update_unsigned".to_owned(),
                    title: text.update_unsigned(),
                    detail: text.update_not_believed_do(),
                    reference: String::new(),
                },
                ..failed(Work::Look)
            }),
        ),
        (
            "done-unproven",
            Screen::Done(Box::new(Issued {
                unproven: Some(text.app_proof_unreachable("connection refused")),
                ..issued()
            })),
        ),
        ("updating", Screen::Running(Running { percent: 40, ..running(Work::Update, None) })),
        ("doctor-running", Screen::Doctor(Doctor::Running)),
        (
            "doctor",
            Screen::Doctor(Doctor::Found {
                findings: findings(text),
                saved: Some("/home/taro/tegata-2026-11-23.txt".to_owned()),
            }),
        ),
        ("clean-up", Screen::CleanUp),
        ("settings", Screen::Settings),
        ("about", Screen::About),
        ("leaving", Screen::Leaving(Box::new(Screen::Running(issuing)))),
    ];
    let filled = screens.into_iter().map(|(name, screen)| {
        let mut model = model(lang, look);
        model.screen = screen;
        model.cards = cards();
        model.issue_form = form();
        (name, model)
    });
    let mut all: Vec<_> = filled.collect();
    let mut more = |name, change: &dyn Fn(&mut Model)| {
        let mut model = model(lang, look);
        change(&mut model);
        all.push((name, model));
    };
    more("menu-update", &|model| {
        (model.cards, model.news) = (cards(), offer(false));
    });
    more("menu-updated", &|model| {
        (model.cards, model.note) = (Cards::Read(Vec::new()), Some(Note::Updated));
    });
    more("menu-due-soon", &|model| {
        let until = "2026-11-24T02:59:59Z";
        let card = |serial, left| sample("CMSM950-006-401", serial, until, State::Renewable, left);
        model.cards = Cards::Read(vec![card("01", 0)]);
    });
    more("menu-valid", &|model| {
        let until = "2027-10-01T14:59:59Z";
        let card = sample("CMSM950-006-402", "02", until, State::Valid, 311);
        model.cards = Cards::Read(vec![card]);
    });
    more("update", &|model| (model.screen, model.news) = (Screen::Update, offer(false)));
    more("update-required", &|model| (model.screen, model.news) = (Screen::Update, offer(true)));
    more("update-too-old", &|model| {
        model.screen = Screen::Update;
        model.news = News::TooOld { minimum: "0.2.0".to_owned() };
    });
    more("about-failed", &|model| {
        model.screen = Screen::About;
        model.news = News::Failed(Explanation {
            code: "update_unsigned".to_owned(),
            title: text.update_unsigned(),
            detail: text.update_not_believed_do(),
            reference: String::new(),
        });
    });
    more("doctor-reference", &|model| {
        let findings = findings(text).into_iter().filter(|found| found.severity == Severity::Fine);
        let findings = findings.collect();
        model.screen = Screen::Doctor(Doctor::Found { findings, saved: None });
        model.reference = Entry::of("G-7K3M9QWX");
        model.reference.judge(|_| None::<()>);
    });
    for (name, seen) in autoselects() {
        more(name, &|model| {
            let page = AutoSelect { seen: seen.clone(), from: Screen::Settings };
            model.screen = Screen::AutoSelect(Box::new(page));
        });
    }
    let new = "hanako.yamada@example.co.jp";
    let email = |mail: &str, again: &str| EmailForm {
        serial: "02".to_owned(),
        mail: Entry::of(mail),
        again: Entry::of(again),
        blamed: Vec::new(),
    };
    more("email", &|model| {
        (model.cards, model.screen, model.email_form) = (cards(), Screen::Email, email(new, new));
    });
    more("email-wrong", &|model| {
        model.cards = cards();
        (model.screen, model.email_form) = (Screen::Email, email("hanako", ""));
        model.update(Message::Pressed(Act::Submit));
    });
    more("email-asking", &|model| model.screen = Screen::Running(running(Work::Email, None)));
    more("email-asked", &|model| {
        let (user, email) = ("CMSM950-006-402".to_owned(), new.to_owned());
        model.screen = Screen::EmailAsked(Asked { user, email });
    });
    more("email-failed", &|model| {
        let explanation = Explanation {
            code: "email_unchanged".to_owned(),
            title: text.problem_email_same(),
            detail: text.problem_email_same_detail(),
            reference: "7K3M-Q2XV".to_owned(),
        };
        model.screen = Screen::Failed(Failed { explanation, ..failed(Work::Email) });
    });
    more("menu-reading", &|_| {});
    more("menu-none", &|model| model.cards = Cards::Read(Vec::new()));
    more("menu-failed", &|model| model.cards = Cards::Failed(explanation(text)));
    more("issue-empty", &|model| model.screen = Screen::Issue);
    more("issue-wrong", &|model| {
        model.screen = Screen::Issue;
        model.issue_form = wrong.clone();
    });
    more("site", &|model| {
        (model.service, model.screen) = (None, Screen::Site);
    });
    more("site-wrong", &|model| {
        (model.service, model.screen) = (None, Screen::Site);
        model.site_form.site = Entry::of("issue.example.jp");
        model.site_form.submit();
    });
    more("clean-up-marked", &|model| {
        (model.cards, model.screen) = (cards(), Screen::CleanUp);
        model.marked = vec!["04".to_owned()];
    });
    more("settings-proxy", &|model| {
        model.screen = Screen::Settings;
        model.settings.proxy = ProxyChoice::Script;
        model.settings_lost = Some("Permission denied (os error 13)".to_owned());
        model.settings_form.script = Entry::of("proxy.pac");
        model.settings_form.script.judge(|_| None::<()>);
    });
    all
}
