//! What the worker reports, and what becomes of it.

use tegata_agent::Explanation;

use super::form::{Entry, ProxyForm};
use super::settings::KnownService;
use super::{
    Cards, Doctor, Effect, Failed, Model, Question, Report, Running, Screen, Service, Work,
};

impl Model {
    pub(super) fn reported(&mut self, report: Report) -> Vec<Effect> {
        match report {
            Report::Loaded(Ok(cards)) => {
                let before = std::mem::replace(&mut self.cards, Cards::Read(cards));
                // Another main action has the focus.
                if self.screen == Screen::Menu && self.cards.purpose() != before.purpose() {
                    self.focus_turn += 1;
                }
            }
            Report::Loaded(Err(explanation)) => self.cards = Cards::Failed(explanation),
            Report::Step(step) => self.runs(|running| {
                running.step = Some(step);
                running.waits = None;
            }),
            Report::KeyResumed => self.runs(|running| running.is_resumed = true),
            Report::Waits(seconds) => self.runs(|running| running.waits = Some(seconds)),
            Report::Percent(percent) => self.runs(|running| {
                running.percent = percent.min(100);
                running.waits = None;
            }),
            Report::Asked(question) => self.asked(question),
            Report::Believed(site, root) => {
                return self.believed(Service { site, root, brand: None });
            }
            Report::Issued(issued) => {
                self.forget_form();
                return self.ends(Screen::Done(issued), true);
            }
            Report::EmailAsked(asked) => return self.email_asked(asked),
            Report::Failed(explanation) => return self.failed(explanation, false),
            Report::Cancelled(explanation) => return self.failed(explanation, true),
            Report::Linked(answer) => self.linked(answer),
            Report::Removed(gone, failed) => return self.removed(&gone, failed),
            Report::AutoSelect(seen) => self.autoselect_seen(seen),
            Report::Looked(news) => return self.looked(news),
            Report::Installs => self.runs(|running| running.is_installing = true),
            Report::Updated(updated) => return self.updated(updated),
            Report::Diagnosed(findings) => {
                if let Screen::Doctor(_) = self.screen {
                    self.screen = Screen::Doctor(Doctor::Found { findings, saved: None });
                    self.focus_turn += 1;
                }
            }
            Report::Scheduled(Ok(on)) => {
                self.schedule = Some(on);
                self.schedule_lost = None;
            }
            Report::Scheduled(Err(why)) => self.schedule_lost = Some(why),
            Report::Saved(place) => {
                if let Screen::Doctor(Doctor::Found { saved, .. }) = &mut self.screen {
                    *saved = Some(place);
                }
            }
        }
        Vec::new()
    }

    /// Notes something about what runs, whether or not a question lies above it.
    fn runs(&mut self, note: impl FnOnce(&mut Running)) {
        if let Some(running) = running(&mut self.screen) {
            note(running);
        }
    }

    /// Shows a question above whatever is on the screen: its job waits until it is answered.
    fn asked(&mut self, question: Question) {
        let (is_leaving, beneath) = match self.screen.clone() {
            Screen::Leaving(screen) => (true, *screen),
            screen => (false, screen),
        };
        let beneath = match beneath {
            Screen::Root { beneath, .. } | Screen::Proxy { beneath, .. } => beneath,
            screen => Box::new(screen),
        };
        let screen = match question {
            Question::Root(fingerprint) => Screen::Root { fingerprint, beneath },
            Question::Proxy { proxy, realm, is_again, is_plain } => {
                // Its password was wrong, or ran out; the name is seldom what has to be typed anew.
                let typed = self.proxy_user.as_ref().filter(|(of, _)| *of == proxy);
                let user = typed.map_or_else(Entry::default, |(_, user)| Entry::of(user));
                let form =
                    ProxyForm { proxy, realm, user, is_again, is_plain, ..ProxyForm::default() };
                Screen::Proxy { form, beneath }
            }
        };
        if is_leaving {
            self.screen = Screen::Leaving(Box::new(screen));
        } else {
            self.go(screen);
        }
    }

    fn believed(&mut self, service: Service) -> Vec<Effect> {
        let (site, root_sha256) = (service.site.to_string(), service.root.to_string());
        self.settings.service = Some(KnownService { site, root_sha256 });
        self.service = Some(service);
        self.cards = Cards::Reading;
        let mut effects = self.ends(Screen::Menu, true);
        effects.insert(0, Effect::Save);
        effects
    }

    pub(super) fn failed(&mut self, explanation: Explanation, is_cancelled: bool) -> Vec<Effect> {
        let doctor = matches!(self.screen, Screen::Doctor(_));
        let work = running(&mut self.screen).map(|running| running.work.clone());
        let work = work.unwrap_or(if doctor { Work::Examination } else { Work::Issue });
        let failed = Failed { explanation, is_cancelled, work, lang: self.text().lang() };
        self.ends(Screen::Failed(failed), true)
    }

    fn removed(&mut self, gone: &[String], failed: Option<Explanation>) -> Vec<Effect> {
        if let Cards::Read(cards) = &mut self.cards {
            cards.retain(|card| !gone.contains(&card.serial));
        }
        match failed {
            None => self.ends(Screen::Menu, false),
            Some(explanation) => {
                // Said before the program ends; closing again ends it.
                self.is_closing = false;
                let (work, lang) = (Work::Removal, self.text().lang());
                let failed = Failed { explanation, is_cancelled: false, work, lang };
                self.ends(Screen::Failed(failed), true)
            }
        }
    }

    /// What runs has ended: the program ends too, if the person wanted that.
    pub(super) fn ends(&mut self, screen: Screen, reads_again: bool) -> Vec<Effect> {
        if self.is_closing {
            return vec![self.quit()];
        }
        self.go(screen);
        if reads_again { vec![self.load()] } else { Vec::new() }
    }
}

pub(super) fn running(screen: &mut Screen) -> Option<&mut Running> {
    match screen {
        Screen::Running(running) => Some(running),
        Screen::Root { beneath: screen, .. }
        | Screen::Proxy { beneath: screen, .. }
        | Screen::Leaving(screen) => running(screen),
        _ => None,
    }
}
