//! What is known of newer versions, and what follows from it.
//!
//! Who looks is either the window at its start, beside everything else, or the person. What the
//! window finds by itself never takes a page away from the person, unless the running version
//! must not be used any more: then there is nothing else that they could do.

use std::path::PathBuf;

use tegata_agent::Explanation;

use super::{Effect, Job, Model, Note, Screen, Work};

/// What is known of newer versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum News {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// There is nothing newer.
    UpToDate,
    Offered(Offer),
    /// This version must not be used any more, and the site has none for this PC to offer.
    TooOld {
        minimum: String,
    },
    /// Nobody could find out.
    Failed(Explanation),
}

/// Another version of the application.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offer {
    pub(crate) version: String,
    /// Octets of the package.
    pub(crate) size: u64,
    pub(crate) is_required: bool,
    /// Whether the operator leads back to an older version.
    pub(crate) is_downgrade: bool,
    /// Whether the person said *later*, and is not asked again yet.
    pub(crate) is_postponed: bool,
    /// What is new, in Japanese and English.
    pub(crate) notes: [Option<String>; 2],
}

/// How an update ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Updated {
    /// The program has another version now; this one ends and starts it.
    Replaced(PathBuf),
    /// The system's installer goes on, and starts the application when it is done.
    HandedOver,
    /// An administrator has to run this command.
    Tell { command: String, version: String },
}

impl News {
    /// Whether nothing may be done with this version but replacing it.
    pub(crate) fn is_required(&self) -> bool {
        match self {
            Self::Offered(offer) => offer.is_required,
            Self::TooOld { .. } => true,
            Self::Unknown | Self::UpToDate | Self::Failed(_) => false,
        }
    }

    /// The offer, if there is one.
    pub(crate) fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Offered(offer) => Some(offer),
            _ => None,
        }
    }
}

impl Model {
    /// Where `screen` leads with what is known: everything that needs the site leads to the update
    /// when this version must not be used any more.
    pub(super) fn allowed(&self, screen: Screen) -> Screen {
        let needs_site = matches!(
            screen,
            Screen::Site
                | Screen::Menu
                | Screen::Issue
                | Screen::Renew { .. }
                | Screen::Email
                | Screen::CleanUp
        );
        if needs_site && self.news.is_required() { Screen::Update } else { screen }
    }

    /// Somebody looked.
    pub(super) fn looked(&mut self, news: News) -> Vec<Effect> {
        self.news = news;
        let is_asked =
            matches!(&self.screen, Screen::Running(running) if running.work == Work::Look);
        match &self.news {
            News::Failed(explanation) if is_asked => {
                let explanation = explanation.clone();
                return self.failed(explanation, false);
            }
            News::Offered(_) | News::TooOld { .. } if is_asked => self.go(Screen::Update),
            _ if is_asked => self.go(Screen::About),
            _ if self.allowed(self.screen.clone()) != self.screen => self.go(Screen::Update),
            _ => {}
        }
        Vec::new()
    }

    /// The person wants to know whether there is something newer.
    pub(super) fn look(&mut self) -> Vec<Effect> {
        if self.start.is_updatable { self.work_from(Work::Look, Job::Look) } else { Vec::new() }
    }

    pub(super) fn update_app(&mut self) -> Vec<Effect> {
        match self.news.offer() {
            Some(_) => self.work_from(Work::Update, Job::Update),
            None => Vec::new(),
        }
    }

    /// The person does not want it now.
    pub(super) fn postpone(&mut self) -> Vec<Effect> {
        match &mut self.news {
            News::Offered(offer) if !offer.is_required => offer.is_postponed = true,
            _ => return Vec::new(),
        }
        self.menu();
        vec![Effect::Work(Job::Later)]
    }

    /// The update came to its end.
    pub(super) fn updated(&mut self, updated: Updated) -> Vec<Effect> {
        if self.is_closing {
            return vec![Effect::Quit];
        }
        let program = match updated {
            Updated::HandedOver => return vec![Effect::Quit],
            Updated::Tell { command, version } => {
                self.go(Screen::Told { command, version });
                return Vec::new();
            }
            Updated::Replaced(program) => program,
        };
        self.settings.updated_from = Some(self.start.version.to_owned());
        self.restart = Some(program);
        // As if closed: what was marked for removal goes first.
        self.go(Screen::About);
        let mut effects = self.close();
        effects.insert(0, Effect::Save);
        effects
    }

    /// The program ends, or ends to begin anew.
    pub(super) fn quit(&mut self) -> Effect {
        self.restart.take().map_or(Effect::Quit, Effect::Restart)
    }

    /// The first start of another version says so, once.
    pub(super) fn welcome(&mut self) -> Option<Effect> {
        let before = self.settings.updated_from.take()?;
        if before != self.start.version {
            self.note = Some(Note::Updated);
        }
        Some(Effect::Save)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tegata_agent::Fingerprint;
    use tegata_text::Lang;

    use super::super::card::{State, sample};
    use super::super::settings::Settings;
    use super::super::{Cards, Message, Report, Service, Start};
    use super::*;
    use crate::window::page::{Act, FieldId};

    fn opened(is_updatable: bool, settings: Settings) -> (Model, Vec<Effect>) {
        let site = "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap();
        let stores = vec!["nss".to_owned()];
        let start = Start { version: "0.1.0", lang: Lang::Ja, is_updatable, stores };
        let service = Service { site, root: Fingerprint::of(b"root"), brand: None };
        Model::new(start, settings, Some(service))
    }

    fn model() -> Model {
        opened(true, Settings::default()).0
    }

    fn offer(is_required: bool) -> News {
        News::Offered(Offer {
            version: "0.2.0".to_owned(),
            size: 1,
            is_required,
            is_downgrade: false,
            is_postponed: false,
            notes: [None, None],
        })
    }

    fn explanation(code: &str) -> Explanation {
        let word = || "…".to_owned();
        Explanation { code: code.to_owned(), title: word(), detail: word(), reference: word() }
    }

    fn press(model: &mut Model, act: Act) -> Vec<Effect> {
        model.update(Message::Pressed(act))
    }

    fn report(model: &mut Model, report: Report) -> Vec<Effect> {
        model.update(Message::Reported(report))
    }

    #[test]
    fn only_an_installation_that_can_be_updated_looks_at_its_start() {
        let (_, effects) = opened(true, Settings::default());
        assert!(matches!(&effects[..], [Effect::Work(Job::Load { .. }), Effect::LookAside]));
        let (mut other, effects) = opened(false, Settings::default());
        assert!(matches!(&effects[..], [Effect::Work(Job::Load { .. })]));
        assert_eq!(press(&mut other, Act::Look), []);
        assert_eq!(press(&mut other, Act::Update), [], "nothing is offered");
    }

    #[test]
    fn an_offer_takes_no_page_away_and_is_postponed_once() {
        let mut model = model();
        press(&mut model, Act::OpenIssue);
        model.update(Message::Edited(FieldId::User, "CMSM".to_owned()));
        assert_eq!(report(&mut model, Report::Looked(offer(false))), []);
        assert_eq!(model.screen, Screen::Issue);
        press(&mut model, Act::Menu);
        assert_eq!(model.screen, Screen::Menu);
        assert_eq!(press(&mut model, Act::UpdateLater), [Effect::Work(Job::Later)]);
        assert!(model.news.offer().unwrap().is_postponed);
    }

    #[test]
    fn a_required_one_leads_to_its_page_from_wherever_the_site_is_needed() {
        for news in [offer(true), News::TooOld { minimum: "0.2.0".to_owned() }] {
            let mut model = model();
            press(&mut model, Act::OpenIssue);
            report(&mut model, Report::Looked(news));
            assert_eq!(model.screen, Screen::Update);
            for act in [Act::OpenIssue, Act::Menu, Act::OpenCleanUp, Act::UpdateLater] {
                assert_eq!(press(&mut model, act.clone()), []);
                assert_eq!(model.screen, Screen::Update, "{act:?}");
            }
            press(&mut model, Act::OpenSettings);
            assert_eq!(model.screen, Screen::Settings, "for the proxy's sake");
            press(&mut model, Act::Menu);
            assert_eq!(model.screen, Screen::Update);
        }
    }

    #[test]
    fn a_required_one_does_not_interrupt_an_issuance_that_runs() {
        let mut model = model();
        model.cards = Cards::Read(vec![sample(
            "CMSM950-006-401",
            "41",
            "2027-02-16T14:59:59Z",
            State::Renewable,
            52,
        )]);
        press(&mut model, Act::OpenRenew("41".to_owned()));
        press(&mut model, Act::Submit);
        report(&mut model, Report::Looked(offer(true)));
        assert!(matches!(&model.screen, Screen::Running(running) if running.work != Work::Look));
    }

    #[test]
    fn what_the_window_did_not_find_out_is_silent_and_what_the_person_asked_for_is_told() {
        let mut model = model();
        report(&mut model, Report::Looked(News::Failed(explanation("update_unsigned"))));
        assert_eq!(model.screen, Screen::Menu);
        press(&mut model, Act::OpenAbout);
        assert_eq!(press(&mut model, Act::Look), [Effect::Work(Job::Look)]);
        report(&mut model, Report::Looked(News::Failed(explanation("update_unsigned"))));
        assert!(matches!(&model.screen, Screen::Failed(failed) if failed.work == Work::Look));
        press(&mut model, Act::Look);
        report(&mut model, Report::Looked(News::UpToDate));
        assert_eq!(model.screen, Screen::About, "which says so");
        press(&mut model, Act::Look);
        report(&mut model, Report::Looked(offer(false)));
        assert_eq!(model.screen, Screen::Update);
    }

    #[test]
    fn a_download_is_followed_and_stopped_but_its_installation_is_not() {
        let mut model = model();
        report(&mut model, Report::Looked(offer(false)));
        assert_eq!(press(&mut model, Act::Update), [Effect::Work(Job::Update)]);
        assert_eq!(press(&mut model, Act::Update), []);
        report(&mut model, Report::Percent(140));
        let Screen::Running(running) = &model.screen else { panic!("{:?}", model.screen) };
        assert_eq!(running.percent, 100);
        report(&mut model, Report::Installs);
        assert_eq!(press(&mut model, Act::Cancel), []);
    }

    #[test]
    fn the_new_version_starts_after_what_was_marked_is_removed_and_says_so_once() {
        let mut model = model();
        report(&mut model, Report::Looked(offer(false)));
        press(&mut model, Act::Mark("41".to_owned()));
        press(&mut model, Act::Update);
        let program = || Path::new("/opt/tegata-app").to_owned();
        let effects = report(&mut model, Report::Updated(Updated::Replaced(program())));
        let serials = vec!["41".to_owned()];
        assert_eq!(effects, [Effect::Save, Effect::Work(Job::Remove { serials })]);
        let effects = report(&mut model, Report::Removed(vec!["41".to_owned()], None));
        assert_eq!(effects, [Effect::Restart(program())]);

        let kept = Settings { updated_from: Some("0.0.9".to_owned()), ..model.settings };
        let (new, effects) = opened(false, kept);
        assert_eq!(new.note, Some(Note::Updated));
        assert!(effects.contains(&Effect::Save) && new.settings.updated_from.is_none());
    }

    #[test]
    fn who_wanted_to_close_is_not_shown_a_new_window() {
        let mut model = model();
        report(&mut model, Report::Looked(offer(false)));
        press(&mut model, Act::Update);
        model.update(Message::Close);
        assert_eq!(press(&mut model, Act::Leave), [Effect::Cancel]);
        let program = Path::new("/opt/tegata-app").to_owned();
        let effects = report(&mut model, Report::Updated(Updated::Replaced(program)));
        assert_eq!(effects, [Effect::Quit]);
    }
}
