//! The browser's choice of certificate: its page is opened from another one and leads back there.
//! What stands on the PC is looked at anew after each act, so that the page never says what it
//! only hopes.

use tegata_agent::Explanation;

use super::{Effect, Job, Model, Screen};

/// The page and where it leads back to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AutoSelect {
    /// What there is; `None` while the worker looks, writes or removes.
    pub(crate) seen: Option<Seen>,
    pub(crate) from: Screen,
}

/// What the worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Look,
    Write,
    Remove,
}

/// What there is to write, and what stands already.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Empty when no certificate tells it.
    pub(crate) service_url: String,
    /// As the browsers read them.
    pub(crate) entries: Vec<String>,
    pub(crate) places: Vec<Spot>,
    /// Whether there is something to remove, perhaps of a certificate that is gone.
    pub(crate) is_written: bool,
    /// What came of the last act.
    pub(crate) said: Option<Said>,
}

impl Seen {
    /// Whether a browser is there that has not been told yet.
    pub(crate) fn is_writable(&self) -> bool {
        !self.entries.is_empty() && self.places.iter().any(|place| !place.is_written)
    }
}

/// Where a browser reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) browser: &'static str,
    pub(crate) location: String,
    pub(crate) is_written: bool,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Written,
    Removed,
    /// Only an administrator can do it, with this command.
    Administrator {
        command: String,
        is_removal: bool,
    },
    /// In the languages of [`tegata_text::Lang::ALL`].
    Failed(Box<[Explanation; 2]>),
}

impl Model {
    pub(super) fn open_autoselect(&mut self) -> Vec<Effect> {
        if let Screen::AutoSelect(_) = self.screen {
            return Vec::new();
        }
        let page = AutoSelect { seen: None, from: self.screen.clone() };
        self.go(Screen::AutoSelect(Box::new(page)));
        vec![Effect::Work(Job::AutoSelect(Wish::Look))]
    }

    /// Does what the person wants, unless something is being done.
    pub(super) fn wish(&mut self, wish: Wish) -> Vec<Effect> {
        let Screen::AutoSelect(page) = &mut self.screen else { return Vec::new() };
        if page.seen.take().is_none() {
            return Vec::new();
        }
        self.copied = None;
        self.focus_turn += 1;
        vec![Effect::Work(Job::AutoSelect(wish))]
    }

    /// To the page that this one was opened from. From the command for an administrator, who may
    /// have run it by now, to what there is.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        let Screen::AutoSelect(page) = &self.screen else { return Vec::new() };
        let said = page.seen.as_ref().and_then(|seen| seen.said.as_ref());
        if let Some(Said::Administrator { .. }) = said {
            return self.wish(Wish::Look);
        }
        let from = page.from.clone();
        self.go(from);
        Vec::new()
    }

    pub(super) fn autoselect_seen(&mut self, seen: Seen) {
        if let Screen::AutoSelect(page) = &mut self.screen {
            page.seen = Some(seen);
            self.focus_turn += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use tegata_agent::Fingerprint;
    use tegata_text::Lang;

    use super::super::settings::Settings;
    use super::super::{Message, Report, Service, Start};
    use super::*;
    use crate::window::page::Act;

    fn model() -> Model {
        let site = "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap();
        let stores = vec!["nss".to_owned()];
        let start = Start { version: "0.1.0", lang: Lang::Ja, is_updatable: false, stores };
        let service = Service { site, root: Fingerprint::of(b"root"), brand: None };
        Model::new(start, Settings::default(), Some(service)).0
    }

    fn press(model: &mut Model, act: Act) -> Vec<Effect> {
        model.update(Message::Pressed(act))
    }

    fn report(model: &mut Model, said: Option<Said>) {
        let seen = Seen { said, ..Seen::default() };
        assert_eq!(model.update(Message::Reported(Report::AutoSelect(seen))), []);
    }

    fn job(wish: Wish) -> Vec<Effect> {
        vec![Effect::Work(Job::AutoSelect(wish))]
    }

    #[test]
    fn it_is_shown_before_it_is_written_and_written_once() {
        let mut model = model();
        press(&mut model, Act::OpenSettings);
        assert_eq!(press(&mut model, Act::OpenAutoSelect), job(Wish::Look));
        assert_eq!(press(&mut model, Act::OpenAutoSelect), []);
        assert_eq!(press(&mut model, Act::WriteAutoSelect), [], "nothing is shown yet");
        report(&mut model, None);
        let turn = model.focus_turn;
        assert_eq!(press(&mut model, Act::WriteAutoSelect), job(Wish::Write));
        assert_eq!(press(&mut model, Act::WriteAutoSelect), []);
        assert_eq!(press(&mut model, Act::RemoveAutoSelect), []);
        report(&mut model, Some(Said::Written));
        assert!(model.focus_turn > turn, "a screen reader hears of it");
        assert_eq!(press(&mut model, Act::RemoveAutoSelect), job(Wish::Remove));
    }

    #[test]
    fn it_leads_back_to_where_it_was_opened() {
        let mut model = model();
        for open in [Act::OpenSettings, Act::OpenAbout] {
            press(&mut model, open);
            let from = model.screen.clone();
            press(&mut model, Act::OpenAutoSelect);
            report(&mut model, Some(Said::Removed));
            assert_eq!(press(&mut model, Act::Back), []);
            assert_eq!(model.screen, from);
        }
        assert_eq!(press(&mut model, Act::Back), [], "there is nothing to go back to");
    }

    #[test]
    fn after_the_command_for_an_administrator_it_looks_again() {
        let mut model = model();
        press(&mut model, Act::OpenAutoSelect);
        let command = || "sudo …".to_owned();
        report(&mut model, Some(Said::Administrator { command: command(), is_removal: false }));
        assert_eq!(press(&mut model, Act::Copy(command())), [Effect::Copy(command())]);
        assert_eq!(press(&mut model, Act::Back), job(Wish::Look));
        assert_eq!(model.copied, None);
        report(&mut model, None);
        press(&mut model, Act::Back);
        assert_eq!(model.screen, Screen::Menu);
    }

    #[test]
    fn what_comes_when_the_person_has_gone_takes_no_page_away() {
        let mut model = model();
        press(&mut model, Act::OpenAutoSelect);
        press(&mut model, Act::Back);
        let turn = model.focus_turn;
        report(&mut model, None);
        assert_eq!((&model.screen, model.focus_turn), (&Screen::Menu, turn));
    }
}
