//! Links that start the application, and what becomes of them.
//!
//! A link chooses a form and a language, nothing else, and only when the site of this service says
//! that it made it just now.

use tegata_agent::link::{Link, LinkAnswer, LinkTask};

use super::form::Entry;
use super::{Effect, Job, Model, Note, Screen};

impl Model {
    /// The program was started again.
    pub(super) fn knocked(&mut self, link: Option<Link>) -> Vec<Effect> {
        let mut effects = vec![Effect::Raise];
        let Some(link) = link.filter(|_| !self.is_busy()) else { return effects };
        let Some(service) = &self.service else {
            // As if its address had been typed: a person still compares the root.
            self.site_form.site = Entry::of(&link.site.to_string());
            self.go(Screen::Site);
            return effects;
        };
        match link.of_known([&service.site]) {
            Ok(link) => effects.push(Effect::Work(Job::Redeem { link, root: service.root })),
            Err(_) => self.not_followed(Note::ForeignLink),
        }
        effects
    }

    /// The site said what a link was made for, or that it knows none such.
    pub(super) fn linked(&mut self, answer: Option<LinkAnswer>) {
        // Whoever began something meanwhile goes on with it.
        if self.screen != Screen::Menu {
            return;
        }
        let Some(answer) = answer else { return self.not_followed(Note::SpentLink) };
        if self.settings.language.is_none() {
            self.start.lang =
                tegata_text::Lang::from_tag(&answer.language).unwrap_or(self.start.lang);
        }
        match answer.task {
            LinkTask::Issue => self.go(Screen::Issue),
            LinkTask::Renew => match self.due().map(|card| card.serial.clone()) {
                Some(serial) => self.go(Screen::Renew { serial }),
                None => self.not_followed(Note::NothingToRenew),
            },
        }
    }

    /// Whether a form is open.
    pub(crate) fn is_filling(&self) -> bool {
        matches!(
            self.screen,
            Screen::Site | Screen::Issue | Screen::Renew { .. } | Screen::Email | Screen::Settings
        )
    }

    pub(super) fn not_followed(&mut self, note: Note) {
        if self.is_busy() {
            return;
        }
        // Whoever fills a form in keeps it.
        if self.service.is_some() && !self.is_filling() {
            self.go(Screen::Menu);
        }
        self.note = Some(note);
    }
}

#[cfg(test)]
mod tests {
    use tegata_agent::Fingerprint;
    use tegata_text::Lang;

    use super::super::card::{State, sample};
    use super::super::form::IssueForm;
    use super::super::settings::Settings;
    use super::super::{Cards, Message, Report, Running, Service, Start, Work};
    use super::*;
    use crate::window::page::Block;

    const OURS: &str = "https://issue.example.jp/issueweb/0001/SB0001002C/";

    fn link(task: &str, host: &str) -> Link {
        let site = format!("https%3A%2F%2F{host}%2Fissueweb%2F0001%2FSB0001002C%2F");
        format!("tegata:{task}?site={site}&nonce=AAAA").parse().unwrap()
    }

    fn model(is_known: bool) -> Model {
        let start = Start {
            version: "0.1.0",
            lang: Lang::Ja,
            is_updatable: false,
            stores: vec!["nss".to_owned()],
        };
        let (site, root) = (OURS.parse().unwrap(), Fingerprint::of(b"root"));
        let service = is_known.then_some(Service { site, root, brand: None });
        Model::new(start, Settings::default(), service).0
    }

    fn answer(task: LinkTask) -> Message {
        let answer = LinkAnswer { task, language: "en".to_owned() };
        Message::Reported(Report::Linked(Some(answer)))
    }

    #[test]
    fn a_link_of_this_service_is_redeemed_before_it_is_followed() {
        let mut model = model(true);
        let ours = link("issue", "issue.example.jp");
        let effects = model.update(Message::Knocked(Some(ours.clone())));
        let root = Fingerprint::of(b"root");
        let redeem = Effect::Work(Job::Redeem { link: ours, root });
        assert_eq!(effects, [Effect::Raise, redeem]);
        assert_eq!(model.screen, Screen::Menu, "not before the site said so");
        model.update(answer(LinkTask::Issue));
        assert_eq!(model.screen, Screen::Issue);
        assert_eq!(model.text().lang(), Lang::En, "in the language of the page");
    }

    #[test]
    fn a_link_of_another_site_and_nonsense_do_nothing_but_say_so() {
        for message in [
            Message::Knocked(Some(link("issue", "issue.example.jp.evil.example"))),
            Message::BadLink,
        ] {
            let mut model = model(true);
            let effects = model.update(message);
            assert!(effects.iter().all(|effect| *effect == Effect::Raise), "{effects:?}");
            assert_eq!((&model.screen, model.note), (&Screen::Menu, Some(Note::ForeignLink)));
        }
    }

    #[test]
    fn a_foreign_link_takes_no_form_away() {
        let renewal = Screen::Renew { serial: "41".to_owned() };
        for screen in [Screen::Issue, Screen::Site, Screen::Settings, renewal] {
            for message in [Message::BadLink, Message::Knocked(Some(link("issue", "evil.example")))]
            {
                let mut model = model(true);
                model.screen = screen.clone();
                model.issue_form.user = Entry::of("CMSM950-006-401");
                model.update(message);
                assert_eq!((&model.screen, model.note), (&screen, Some(Note::ForeignLink)));
                let page = crate::window::pages::page(&model);
                let said = model.text().window_link_foreign();
                assert!(
                    page.blocks.iter().any(
                        |block| matches!(block, Block::Notice { title, .. } if *title == said)
                    )
                );
            }
        }
    }

    #[test]
    fn a_link_that_the_site_does_not_know_leaves_the_menu() {
        let mut model = model(true);
        model.update(Message::Reported(Report::Linked(None)));
        assert_eq!((&model.screen, model.note), (&Screen::Menu, Some(Note::SpentLink)));
        model.update(Message::Pressed(crate::window::page::Act::OpenIssue));
        assert_eq!(model.note, None, "said once");
    }

    #[test]
    fn whoever_is_busy_is_not_disturbed_and_what_is_typed_stays() {
        let mut model = model(true);
        model.screen = Screen::Running(Running::new(Work::Issue));
        let effects = model.update(Message::Knocked(Some(link("issue", "issue.example.jp"))));
        assert_eq!(effects, [Effect::Raise]);
        model.update(answer(LinkTask::Renew));
        model.update(Message::BadLink);
        assert!(matches!(model.screen, Screen::Running(_)));
        model.screen = Screen::Issue;
        model.issue_form = IssueForm { user: Entry::of("CMSM950-006-401"), ..IssueForm::default() };
        model.update(answer(LinkTask::Renew));
        assert_eq!(model.screen, Screen::Issue);
        assert_eq!(model.issue_form.user.text.as_str(), "CMSM950-006-401");
    }

    #[test]
    fn a_link_for_renewal_opens_the_certificate_that_is_due() {
        let mut model = model(true);
        model.update(answer(LinkTask::Renew));
        assert_eq!(model.note, Some(Note::NothingToRenew));
        let due = sample("CMSM950-006-401", "41", "2027-02-16T14:59:59Z", State::Renewable, 52);
        let serial = due.serial.clone();
        model.cards = Cards::Read(vec![due]);
        model.screen = Screen::Menu;
        model.update(answer(LinkTask::Renew));
        assert_eq!(model.screen, Screen::Renew { serial });
    }

    #[test]
    fn where_no_site_is_known_it_is_filled_in_and_nothing_else() {
        let mut model = model(false);
        let effects = model.update(Message::Knocked(Some(link("issue", "issue.example.jp"))));
        assert_eq!(effects, [Effect::Raise]);
        assert_eq!(model.screen, Screen::Site);
        assert_eq!(model.site_form.site.text.as_str(), OURS);
    }
}
