//! What a person does, and what becomes of it.

use super::autoselect::Wish;
use super::form::{self, IssueForm, Wrong};
use super::report::running;
use super::settings::{Look, ProxyChoice, Settings};
use super::{Answer, Doctor, Effect, Job, Message, Model, Note, Running, Screen, Work};
use crate::window::page::{Act, FieldId};

impl Model {
    /// Takes a message; says what has to be done. What makes no sense on the screen of the moment,
    /// such as a button pressed twice, changes nothing.
    pub(crate) fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Edited(field, text) => self.edited(field, &text),
            Message::Left(field) => self.left(field),
            Message::Chosen(field, index) => return self.chosen(field, index),
            Message::Shown(field) => self.shown(field),
            Message::Pressed(act) => return self.pressed(act),
            Message::Close => return self.close(),
            Message::Reported(report) => return self.reported(report),
            Message::Knocked(link) => return self.knocked(link),
            Message::BadLink => self.not_followed(Note::ForeignLink),
        }
        Vec::new()
    }

    fn edited(&mut self, field: FieldId, text: &str) {
        let form = &mut self.issue_form;
        match (field, &mut self.screen) {
            (FieldId::Mail, Screen::Email) => self.email_form.mail.type_in(text),
            (FieldId::MailAgain, Screen::Email) => self.email_form.again.type_in(text),
            (FieldId::Site, _) => self.site_form.site.type_in(text),
            (FieldId::User, _) => form.user.type_in(text),
            (FieldId::Password, _) => form.password.type_in(text),
            (FieldId::Mail, _) => form.mail.type_in(text),
            (FieldId::MailAgain, _) => form.mail_again.type_in(text),
            (FieldId::ProxyUser, Screen::Proxy { form, .. }) => form.user.type_in(text),
            (FieldId::ProxyPassword, Screen::Proxy { form, .. }) => {
                // Not ours to fold: it may have been set with full-width letters.
                form.password = form::Entry::of(text);
            }
            (FieldId::Reference, _) => self.reference.type_in(text),
            (FieldId::ProxyAddress, _) => self.settings_form.address.type_in(text),
            (FieldId::ProxyScript, _) => self.settings_form.script.type_in(text),
            _ => {}
        }
    }

    fn left(&mut self, field: FieldId) {
        match (field, &self.screen) {
            (FieldId::Site, Screen::Site) => self.site_form.left(),
            (FieldId::User, Screen::Issue) => self.issue_form.left_user(),
            (FieldId::Password, Screen::Issue) => self.issue_form.left_password(),
            (FieldId::Mail, Screen::Issue) => self.issue_form.left_mail(),
            (FieldId::Mail, Screen::Email) => self.email_form.left_mail(),
            (FieldId::MailAgain, Screen::Email) => self.email_form.left_again(),
            (FieldId::Reference, Screen::Doctor(_)) => self.reference.left(form::reference),
            (FieldId::MailAgain, Screen::Issue) => self.issue_form.left_mail_again(),
            _ => {}
        }
    }

    fn shown(&mut self, field: FieldId) {
        match (field, &mut self.screen) {
            (FieldId::Password, _) => self.issue_form.is_password_shown ^= true,
            (FieldId::ProxyPassword, Screen::Proxy { form, .. }) => form.is_password_shown ^= true,
            _ => {}
        }
    }

    fn chosen(&mut self, field: FieldId, index: usize) -> Vec<Effect> {
        if field == FieldId::Schedule {
            let wanted = index == 1;
            let is_new = self.schedule != Some(wanted);
            return is_new.then_some(Effect::Work(Job::Schedule(wanted))).into_iter().collect();
        }
        let before = self.settings.clone();
        let settings = &mut self.settings;
        match field {
            FieldId::Language => {
                settings.language = tegata_text::Lang::ALL.get(index).map(|l| l.code().to_owned());
            }
            FieldId::Look => settings.look = Look::ALL.get(index).copied().unwrap_or_default(),
            FieldId::Store => settings.store = self.start.stores.get(index).cloned(),
            FieldId::Proxy => {
                settings.proxy = ProxyChoice::ALL.get(index).copied().unwrap_or_default();
            }
            _ => {}
        }
        if self.settings == before {
            return Vec::new();
        }
        let mut effects = vec![Effect::Save];
        if self.settings.store != before.store {
            // What was marked lies in the store of before.
            self.marked.clear();
            effects.push(self.load());
        }
        effects.extend(self.scheduled_anew(&before));
        effects
    }

    /// What renews by itself works with the settings, so it is told of others.
    fn scheduled_anew(&self, before: &Settings) -> Option<Effect> {
        let is_other =
            self.settings.store != before.store || self.settings.way_out() != before.way_out();
        (is_other && self.schedule == Some(true)).then_some(Effect::Work(Job::Schedule(true)))
    }

    fn pressed(&mut self, act: Act) -> Vec<Effect> {
        match act {
            Act::SwitchLanguage => {
                self.settings.language = Some(self.text().lang().other().code().to_owned());
                return vec![Effect::Save];
            }
            Act::OpenUrl(url) => {
                return is_web(&url).then_some(Effect::OpenUrl(url)).into_iter().collect();
            }
            Act::Copy(text) => {
                self.copied = Some(text.clone());
                return vec![Effect::Copy(text)];
            }
            Act::Submit => return self.submit(),
            Act::Cancel => return self.cancel(),
            Act::Compared(is_same) => return self.compared(is_same),
            Act::Leave => return self.leave(),
            Act::Stay => self.stay(),
            Act::Close => return self.close(),
            Act::Look => return self.look(),
            Act::Update => return self.update_app(),
            Act::UpdateLater => return self.postpone(),
            Act::Diagnose => return self.diagnose(),
            Act::Fix(index) => return vec![Effect::Work(Job::Fix(index))],
            Act::Schedule => return vec![Effect::Work(Job::Schedule(true))],
            Act::SaveReport => return vec![Effect::Work(Job::SaveReport)],
            Act::Mark(serial) => {
                self.marked.retain(|marked| *marked != serial);
                self.marked.push(serial);
            }
            Act::Unmark(serial) => self.marked.retain(|marked| *marked != serial),
            _ if self.is_busy() => {}
            Act::Form => self.back_to_form(),
            Act::Menu if self.screen == Screen::Settings => return self.leave_settings(),
            Act::Menu => self.menu(),
            Act::OpenSite => self.go(Screen::Site),
            Act::OpenIssue if self.service.is_some() => self.go(Screen::Issue),
            Act::OpenIssue => self.go(Screen::Site),
            Act::OpenRenew(serial) => self.go(Screen::Renew { serial }),
            Act::OpenEmail(serial) => self.open_email(serial),
            Act::OpenCleanUp => self.go(Screen::CleanUp),
            Act::OpenDoctor => {
                self.reference = form::Entry::default();
                return self.diagnose();
            }
            Act::OpenSettings => self.go(Screen::Settings),
            Act::OpenAbout => self.go(Screen::About),
            Act::OpenAutoSelect => return self.open_autoselect(),
            Act::WriteAutoSelect => return self.wish(Wish::Write),
            Act::RemoveAutoSelect => return self.wish(Wish::Remove),
            Act::Back => return self.back(),
        }
        Vec::new()
    }

    fn submit(&mut self) -> Vec<Effect> {
        match &mut self.screen {
            Screen::Site => match self.site_form.submit() {
                Some(site) => self.work_from(Work::Site, Job::Believe { site }),
                None => self.blame(FieldId::Site),
            },
            Screen::Issue => self.submit_issue(),
            Screen::Email => self.submit_email(),
            Screen::Renew { serial } => {
                let serial = serial.clone();
                self.work_from(Work::Renewal { serial: serial.clone() }, Job::Renew { serial })
            }
            Screen::Proxy { form, beneath } => match form.submit() {
                Some(answer) => {
                    self.proxy_user = Some((form.proxy.clone(), answer.0.clone()));
                    let beneath = (**beneath).clone();
                    self.go(beneath);
                    vec![Effect::Answer(Answer::Proxy(Some(answer)))]
                }
                None if form.user.wrong.is_some() => self.blame(FieldId::ProxyUser),
                None => self.blame(FieldId::ProxyPassword),
            },
            _ => Vec::new(),
        }
    }

    fn submit_issue(&mut self) -> Vec<Effect> {
        let Some(service) = &self.service else { return Vec::new() };
        let (site, root) = (service.site.clone(), service.root);
        if let Some(filled) = self.issue_form.submit() {
            return self.work_from(Work::Issue, Job::Issue { site, root, filled });
        }
        match self.issue_form.blamed.first() {
            Some(field) => self.blame(*field),
            None => Vec::new(),
        }
    }

    pub(super) fn blame(&mut self, field: FieldId) -> Vec<Effect> {
        self.point_at(field);
        Vec::new()
    }

    /// Starts work that nothing else runs beside.
    pub(super) fn work_from(&mut self, work: Work, job: Job) -> Vec<Effect> {
        if self.is_busy() {
            return Vec::new();
        }
        self.go(Screen::Running(Running::new(work)));
        vec![Effect::Work(job)]
    }

    fn diagnose(&mut self) -> Vec<Effect> {
        if self.is_busy() || self.screen == Screen::Doctor(Doctor::Running) {
            return Vec::new();
        }
        let reference = match self.reference.is_empty() {
            true => String::new(),
            false => match self.reference.judge(form::reference) {
                Some(reference) => reference.to_string(),
                None => return self.blame(FieldId::Reference),
            },
        };
        self.go(Screen::Doctor(Doctor::Running));
        vec![Effect::Work(Job::Diagnose { reference })]
    }

    /// Whether something runs that has to be stopped before anything else.
    pub(super) fn is_busy(&self) -> bool {
        matches!(
            self.screen,
            Screen::Running(_) | Screen::Root { .. } | Screen::Proxy { .. } | Screen::Leaving(_)
        )
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.screen {
            Screen::Running(running) if !running.is_stopping && !running.is_installing => {
                running.is_stopping = true;
                vec![Effect::Cancel]
            }
            Screen::Root { beneath, .. } | Screen::Proxy { beneath, .. } => {
                let mut beneath = (**beneath).clone();
                if let Some(running) = running(&mut beneath) {
                    running.is_stopping = true;
                }
                let answer = match self.screen {
                    Screen::Root { .. } => Answer::Root(false),
                    _ => Answer::Proxy(None),
                };
                // An examination goes on: it tells that the proxy lets nobody through.
                let goes_on = matches!(beneath, Screen::Doctor(_));
                self.go(beneath);
                let stop = (!goes_on).then_some(Effect::Cancel);
                stop.into_iter().chain([Effect::Answer(answer)]).collect()
            }
            _ => Vec::new(),
        }
    }

    fn compared(&mut self, is_same: bool) -> Vec<Effect> {
        let Screen::Root { beneath, .. } = &self.screen else { return Vec::new() };
        let beneath = (**beneath).clone();
        self.go(beneath);
        vec![Effect::Answer(Answer::Root(is_same))]
    }

    pub(super) fn close(&mut self) -> Vec<Effect> {
        if self.is_closing {
            // Asked twice: whatever still runs may be cut off, it survives that.
            return vec![Effect::Quit];
        }
        let is_asked = matches!(self.screen, Screen::Root { .. } | Screen::Proxy { .. });
        if is_asked && running(&mut self.screen).is_none() {
            // A question above something that needs no stopping: closing it is an answer.
            let mut effects = self.cancel();
            effects.extend(self.close());
            return effects;
        }
        match &self.screen {
            Screen::Leaving(_) => Vec::new(),
            screen if self.is_busy() => {
                let screen = screen.clone();
                self.go(Screen::Leaving(Box::new(screen)));
                Vec::new()
            }
            _ if self.marked.is_empty() => vec![self.quit()],
            _ => {
                self.is_closing = true;
                let serials = std::mem::take(&mut self.marked);
                self.go(Screen::Running(Running::new(Work::Removal)));
                vec![Effect::Work(Job::Remove { serials })]
            }
        }
    }

    fn leave(&mut self) -> Vec<Effect> {
        if !matches!(self.screen, Screen::Leaving(_)) {
            return Vec::new();
        }
        self.stay();
        self.is_closing = true;
        self.cancel()
    }

    fn stay(&mut self) {
        if let Screen::Leaving(screen) = &self.screen {
            let screen = (**screen).clone();
            self.go(screen);
        }
    }

    fn back_to_form(&mut self) {
        let Screen::Failed(failed) = &self.screen else { return };
        let explanation = failed.explanation.clone();
        let is_refused = explanation.code == "credential_refused";
        match failed.work.clone() {
            Work::Site => self.go(Screen::Site),
            Work::Issue => {
                self.go(Screen::Issue);
                if is_refused {
                    self.point_at(FieldId::Password);
                }
            }
            Work::Renewal { serial } => self.go(Screen::Renew { serial }),
            Work::Email => self.back_to_email(&explanation),
            Work::Removal | Work::Examination | Work::Look | Work::Update => self.menu(),
        }
    }

    pub(super) fn menu(&mut self) {
        let screen = if self.service.is_some() { Screen::Menu } else { Screen::Site };
        self.go(screen);
    }

    /// Keeps what was typed, unless it is wrong: then the field says so.
    fn leave_settings(&mut self) -> Vec<Effect> {
        let form = &mut self.settings_form;
        let wrong = match self.settings.proxy {
            ProxyChoice::Address => {
                form.address.judge(proxy_address).is_none().then_some(FieldId::ProxyAddress)
            }
            ProxyChoice::Script => {
                form.script.judge(script_address).is_none().then_some(FieldId::ProxyScript)
            }
            ProxyChoice::Automatic | ProxyChoice::None => None,
        };
        if let Some(field) = wrong {
            return self.blame(field);
        }
        let before = self.settings.clone();
        if form.address.wrong != Some(Wrong::Malformed) {
            self.settings.proxy_address = form.address.text.trim().to_owned();
        }
        if form.script.wrong != Some(Wrong::Malformed) {
            self.settings.proxy_script = form.script.text.trim().to_owned();
        }
        self.menu();
        let saves = (self.settings != before).then_some(Effect::Save);
        saves.into_iter().chain(self.scheduled_anew(&before)).collect()
    }

    pub(super) fn load(&self) -> Effect {
        let site = self.service.as_ref().map(|service| service.site.clone());
        Effect::Work(Job::Load { site })
    }

    /// Forgets what was typed, the password above all.
    pub(super) fn forget_form(&mut self) {
        self.issue_form = IssueForm::default();
    }
}

/// Only web pages are opened: the address came over the network.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") && !url.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// `host:port`, without a scheme.
fn proxy_address(text: &str) -> Option<()> {
    let (host, port) = text.rsplit_once(':')?;
    let is_host =
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c));
    (is_host && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(())
}

fn script_address(text: &str) -> Option<()> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    // A name and a password in it would be written down with the settings.
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.contains('@'))?;
    let is_address = !host.is_empty() && !rest.contains(|c: char| c.is_whitespace());
    is_address.then_some(())
}
