//! What the window knows and what becomes of it: [`Model::update`] takes what a person did or
//! the worker reported and says what has to be done. It knows no toolkit, no network, no clock.

pub(crate) mod autoselect;
pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod form;
mod link;
pub(crate) mod news;
mod purpose;
mod report;
pub(crate) mod settings;
#[cfg(test)]
mod tests;
mod update;

use tegata_agent::issue::Step;
use tegata_agent::link::{Link, LinkAnswer};
use tegata_agent::site::Site;
use tegata_agent::{Explanation, Fingerprint};
use tegata_text::{Lang, Text};
use zeroize::Zeroizing;

use super::page::{Act, FieldId};
use autoselect::{AutoSelect, Seen, Wish};
use card::Card;
use email::EmailForm;
use form::{Filled, IssueForm, ProxyForm, SiteForm};
use news::{News, Updated};
pub(crate) use purpose::{Cards, Purpose};
use settings::Settings;

/// Everything that the window shows follows from this.
pub(crate) struct Model {
    pub(crate) start: Start,
    pub(crate) settings: Settings,
    /// Why the settings could not be written, when they could not.
    pub(crate) settings_lost: Option<String>,
    /// Whether this PC renews by itself, once that is known.
    pub(crate) schedule: Option<bool>,
    /// Why that could not be changed, when it could not.
    pub(crate) schedule_lost: Option<Explanation>,
    pub(crate) service: Option<Service>,
    pub(crate) cards: Cards,
    /// Serial numbers of the certificates to be removed on closing.
    pub(crate) marked: Vec<String>,
    pub(crate) site_form: SiteForm,
    pub(crate) issue_form: IssueForm,
    pub(crate) email_form: EmailForm,
    pub(crate) settings_form: SettingsForm,
    /// The proxy that was told last who is there, and the name that was typed for it.
    proxy_user: Option<(String, String)>,
    /// The reference of a page that refused, for the doctor.
    pub(crate) reference: form::Entry,
    pub(crate) screen: Screen,
    /// Counted up whenever the focus should move to [`Model::focus`].
    pub(crate) focus_turn: i32,
    /// The field that takes the focus, where it is not the page's first.
    pub(crate) focus: Option<FieldId>,
    /// What was copied last on this screen.
    pub(crate) copied: Option<String>,
    /// What has to be said on this screen beside what it always says.
    pub(crate) note: Option<Note>,
    /// What is known of newer versions.
    pub(crate) news: News,
    /// Whether the program ends with what runs.
    is_closing: bool,
    /// The program that starts when this one has ended.
    restart: Option<std::path::PathBuf>,
}

/// What is known when the program starts.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) version: &'static str,
    /// The system's language.
    pub(crate) lang: Lang,
    /// Whether this installation can replace itself by a newer version.
    pub(crate) is_updatable: bool,
    /// Stores to choose from, the default first, as the command line names them.
    pub(crate) stores: Vec<String>,
}

/// The service that certificates are issued for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Service {
    pub(crate) site: Site,
    pub(crate) root: Fingerprint,
    /// What its installer says of it.
    pub(crate) brand: Option<Names>,
}

/// Names of an organisation and its service, in Japanese and English.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Names {
    pub(crate) organisation: [String; 2],
    pub(crate) service: [String; 2],
    /// Whom to call.
    pub(crate) help: Option<[String; 2]>,
    /// `#rrggbb`
    pub(crate) key_colour: Option<String>,
}

/// What of the settings is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SettingsForm {
    pub(crate) address: form::Entry,
    pub(crate) script: form::Entry,
}

/// What is on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Screen {
    Site,
    Menu,
    Issue,
    Renew {
        serial: String,
    },
    /// Another e-mail address.
    Email,
    EmailAsked(email::Asked),
    Running(Running),
    /// A question; what it lies above comes back once it is answered.
    Root {
        fingerprint: Fingerprint,
        beneath: Box<Screen>,
    },
    Proxy {
        form: ProxyForm,
        beneath: Box<Screen>,
    },
    Done(Box<Issued>),
    Failed(Failed),
    /// There is another version, offered or demanded.
    Update,
    /// An administrator has to install it with this command.
    Told {
        command: String,
        version: String,
    },
    Doctor(Doctor),
    CleanUp,
    Settings,
    AutoSelect(Box<AutoSelect>),
    About,
    /// The person wants to close while something runs.
    Leaving(Box<Screen>),
}

/// Something that runs in the worker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    pub(crate) work: Work,
    pub(crate) step: Option<Step>,
    /// Whether the key of an earlier try is used.
    pub(crate) is_resumed: bool,
    /// Seconds until the request is repeated, while it waits.
    pub(crate) waits: Option<u64>,
    /// How much of a download is there, in percent.
    pub(crate) percent: u8,
    /// Whether the download is put in place: nothing stops that.
    pub(crate) is_installing: bool,
    pub(crate) is_stopping: bool,
}

impl Running {
    pub(crate) fn new(work: Work) -> Self {
        let (step, is_resumed, waits) = (None, false, None);
        Self { work, step, is_resumed, waits, percent: 0, is_installing: false, is_stopping: false }
    }
}

/// What runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    Site,
    Issue,
    Renewal {
        serial: String,
    },
    /// Another e-mail address is asked for.
    Email,
    Removal,
    Examination,
    /// Looking for a newer version.
    Look,
    Update,
}

/// What was issued.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Issued {
    pub(crate) is_renewal: bool,
    pub(crate) user: String,
    pub(crate) serial: String,
    pub(crate) not_after: jiff::Timestamp,
    pub(crate) renewable_from: jiff::Timestamp,
    pub(crate) email: Option<String>,
    /// What the gateway said, where it did not let the certificate through.
    pub(crate) unproven: Option<String>,
    pub(crate) service_url: String,
    pub(crate) time_zone: String,
    pub(crate) place: String,
    pub(crate) key: tegata_agent::store::KeyLocation,
    /// Whether the store is a browser's.
    pub(crate) is_browser: bool,
    /// Whether the store is a file that the initial password opens.
    pub(crate) is_under_initial_password: bool,
    /// What else has to be said, such as a note that could not be written.
    pub(crate) remark: Option<String>,
}

/// Work that did not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) explanation: Explanation,
    /// Whether the person wanted it so.
    pub(crate) is_cancelled: bool,
    pub(crate) work: Work,
    /// What it is written in.
    pub(crate) lang: Lang,
}

/// What was found when everything was examined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Doctor {
    Running,
    Found {
        findings: Vec<Finding>,
        /// Where the report was saved.
        saved: Option<String>,
    },
}

/// One thing that was examined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// What it is.
    pub(crate) title: String,
    /// What to do now.
    pub(crate) detail: String,
    /// The button that puts it right, where one can.
    pub(crate) fix: Option<Fix>,
}

/// A button that puts something right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fix {
    pub(crate) label: String,
    pub(crate) act: Act,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Fine,
    Notable,
    Bad,
}

/// What has to be said once: why a link was not followed, or what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Of another site, or in no form of ours.
    ForeignLink,
    /// Used before, or too old.
    SpentLink,
    /// For renewal, and there is nothing to renew.
    NothingToRenew,
    /// This is the first start of another version.
    Updated,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// The program was started again, perhaps by a link.
    Knocked(Option<Link>),
    /// The program was started by something that is no link of ours.
    BadLink,
    Edited(FieldId, String),
    Left(FieldId),
    Chosen(FieldId, usize),
    /// Show or hide a hidden field.
    Shown(FieldId),
    Pressed(Act),
    /// The window's own close button.
    Close,
    Reported(Report),
}

/// What the worker says.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    Loaded(Result<Vec<Card>, Explanation>),
    Step(Step),
    KeyResumed,
    /// The request is repeated after so many seconds.
    Waits(u64),
    /// How much of a download is there, in percent.
    Percent(u8),
    Asked(Question),
    Believed(Site, Fingerprint),
    Issued(Box<Issued>),
    EmailAsked(email::Asked),
    Failed(Explanation),
    Cancelled(Explanation),
    /// Serial numbers that are gone, and why others are not.
    Removed(Vec<String>, Option<Explanation>),
    /// What a link was made for, when its site said so.
    Linked(Option<LinkAnswer>),
    Looked(News),
    /// The download is put in place.
    Installs,
    Updated(Updated),
    Diagnosed(Vec<Finding>),
    Saved(String),
    /// Whether this PC renews by itself now, or why that could not be changed.
    Scheduled(Result<bool, Explanation>),
    AutoSelect(Seen),
}

/// What only a person can answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    /// Does this stand on the slip?
    Root(Fingerprint),
    /// Who are you, to this proxy?
    Proxy {
        proxy: String,
        realm: String,
        is_again: bool,
        /// Whether everybody on the way to the proxy can read the password.
        is_plain: bool,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Root(bool),
    Proxy(Option<(String, Zeroizing<String>)>),
}

/// What the worker is to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Job {
    Load {
        site: Option<Site>,
    },
    Believe {
        site: Site,
    },
    Issue {
        site: Site,
        root: Fingerprint,
        filled: Filled,
    },
    Renew {
        serial: String,
    },
    ChangeEmail {
        serial: String,
        email: tegata_domain::Email,
    },
    Redeem {
        link: Link,
        root: Fingerprint,
    },
    Remove {
        serials: Vec<String>,
    },
    /// Is there a newer version?
    Look,
    /// The person does not want it now.
    Later,
    Update,
    /// Look at everything; what a page said that refused may be empty.
    Diagnose {
        reference: String,
    },
    Fix(usize),
    SaveReport,
    /// Have this PC renew by itself, or not.
    Schedule(bool),
    /// The browser's choice of certificate.
    AutoSelect(Wish),
}

/// What has to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Work(Job),
    /// Look for a newer version beside everything else, without asking anybody anything.
    LookAside,
    Answer(Answer),
    /// What runs is to stop as soon as it can.
    Cancel,
    OpenUrl(String),
    Copy(String),
    /// Comes to the front.
    Raise,
    Save,
    Quit,
    /// The program ends, and this one starts.
    Restart(std::path::PathBuf),
}

impl Model {
    /// The window as it opens, and what it does at once.
    pub(crate) fn new(
        start: Start,
        settings: Settings,
        service: Option<Service>,
    ) -> (Self, Vec<Effect>) {
        let screen = if service.is_some() { Screen::Menu } else { Screen::Site };
        let site = service.as_ref().map(|service| service.site.clone());
        let mut model = Self {
            settings_form: SettingsForm {
                address: form::Entry::of(&settings.proxy_address),
                script: form::Entry::of(&settings.proxy_script),
            },
            start,
            settings,
            settings_lost: None,
            schedule: None,
            schedule_lost: None,
            service,
            cards: Cards::Reading,
            marked: Vec::new(),
            site_form: SiteForm::default(),
            issue_form: IssueForm::default(),
            email_form: EmailForm::default(),
            proxy_user: None,
            reference: form::Entry::default(),
            screen,
            focus_turn: 0,
            focus: None,
            copied: None,
            note: None,
            news: News::Unknown,
            is_closing: false,
            restart: None,
        };
        model.focus_turn = 1;
        let mut effects = vec![Effect::Work(Job::Load { site })];
        effects.extend(model.start.is_updatable.then_some(Effect::LookAside));
        effects.extend(model.welcome());
        (model, effects)
    }

    /// The language of everything.
    pub(crate) fn text(&self) -> Text {
        Text::of(self.settings.lang(self.start.lang))
    }

    /// Where certificates are saved, as the command line names it.
    pub(crate) fn store(&self) -> &str {
        let known = |store: &&String| self.start.stores.contains(store);
        let chosen = self.settings.store.as_ref().filter(known);
        chosen.or(self.start.stores.first()).map_or("", String::as_str)
    }

    fn go(&mut self, screen: Screen) {
        self.screen = self.allowed(screen);
        self.focus = None;
        self.copied = None;
        self.note = None;
        self.focus_turn += 1;
    }

    /// Moves the focus to a field of this page.
    fn point_at(&mut self, field: FieldId) {
        self.focus = Some(field);
        self.focus_turn += 1;
    }
}
