//! Another e-mail address for a seat: the form, what is asked for, and what the site took up.

use tegata_agent::Explanation;
use tegata_domain::Email;

use super::form::{self, Entry};
use super::{Effect, Job, Model, Screen, Work};
use crate::window::page::FieldId;

/// The new address, typed twice, for the seat of a certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EmailForm {
    /// Serial number of the certificate whose key asks for it.
    pub(crate) serial: String,
    pub(crate) mail: Entry,
    pub(crate) again: Entry,
    /// What was wrong when it was handed in last.
    pub(crate) blamed: Vec<FieldId>,
}

/// What the site took up: it counts once the link in the mail was followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) user: String,
    /// Where the mail with the link goes.
    pub(crate) email: String,
}

impl EmailForm {
    pub(super) fn left_mail(&mut self) {
        form::left_mail(&mut self.mail, &mut self.again);
    }

    pub(super) fn left_again(&mut self) {
        form::left_again(&self.mail, &mut self.again);
    }

    /// The address, or `None` with the errors counted.
    fn submit(&mut self) -> Option<Email> {
        let email = self.mail.judge(form::parse_mail);
        let again = form::judge_again(&self.mail, &mut self.again);
        let entries = [(FieldId::Mail, &self.mail), (FieldId::MailAgain, &self.again)];
        let wrong = entries.into_iter().filter(|(_, entry)| entry.wrong.is_some());
        self.blamed = wrong.map(|(field, _)| field).collect();
        again.and(email)
    }
}

impl Model {
    /// The form for the seat of this certificate; what was typed for another one is forgotten.
    pub(super) fn open_email(&mut self, serial: String) {
        if self.email_form.serial != serial {
            self.email_form = EmailForm { serial, ..EmailForm::default() };
        }
        self.go(Screen::Email);
    }

    pub(super) fn submit_email(&mut self) -> Vec<Effect> {
        match self.email_form.submit() {
            Some(email) => {
                let serial = self.email_form.serial.clone();
                self.work_from(Work::Email, Job::ChangeEmail { serial, email })
            }
            None => self.blame(self.email_form.blamed.first().copied().unwrap_or(FieldId::Mail)),
        }
    }

    /// Back to the form, which still has what was typed.
    pub(super) fn back_to_email(&mut self, why: &Explanation) {
        self.go(Screen::Email);
        if ["email_unchanged", "invalid_email"].contains(&why.code.as_str()) {
            self.point_at(FieldId::Mail);
        }
    }

    pub(super) fn email_asked(&mut self, asked: Asked) -> Vec<Effect> {
        self.email_form = EmailForm::default();
        self.ends(Screen::EmailAsked(asked), false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Wrong;
    use super::super::tests::{model, report};
    use super::super::{Message, Report};
    use super::*;
    use crate::window::page::Act;

    fn press(model: &mut Model, act: Act) -> Vec<Effect> {
        model.update(Message::Pressed(act))
    }

    fn filled(mail: &str, again: &str) -> Model {
        let mut model = model();
        press(&mut model, Act::OpenEmail("41".to_owned()));
        for (field, text) in [(FieldId::Mail, mail), (FieldId::MailAgain, again)] {
            model.update(Message::Edited(field, text.to_owned()));
            model.update(Message::Left(field));
        }
        model
    }

    fn explanation(code: &str) -> Explanation {
        let word = || "…".to_owned();
        Explanation { code: code.to_owned(), title: word(), detail: word(), reference: word() }
    }

    #[test]
    fn another_address_is_asked_for_once_by_the_certificate_of_its_row() {
        let mut model = filled("ｈａｎａｋｏ＠example.co.jp", " hanako@EXAMPLE.co.jp ");
        assert_eq!(model.issue_form, form::IssueForm::default(), "the other form is untouched");
        let effects = press(&mut model, Act::Submit);
        let (serial, email) = ("41".to_owned(), "hanako@example.co.jp".parse().unwrap());
        assert_eq!(effects, [Effect::Work(Job::ChangeEmail { serial, email })]);
        assert_eq!(press(&mut model, Act::Submit), []);
        let asked = Asked { user: "A".to_owned(), email: "hanako@example.co.jp".to_owned() };
        assert_eq!(report(&mut model, Report::EmailAsked(asked.clone())), []);
        assert_eq!(model.screen, Screen::EmailAsked(asked));
        press(&mut model, Act::Menu);
        press(&mut model, Act::OpenEmail("41".to_owned()));
        assert!(model.email_form.mail.is_empty(), "what was done is forgotten");
    }

    #[test]
    fn what_is_wrong_is_said_on_leaving_and_named_on_handing_in() {
        let mut model = filled("hanako@example", "");
        assert_eq!(model.email_form.mail.wrong, Some(Wrong::Malformed));
        assert_eq!(model.email_form.again.wrong, None, "nobody is blamed for looking around");
        assert_eq!(press(&mut model, Act::Submit), []);
        assert_eq!(model.email_form.blamed, [FieldId::Mail, FieldId::MailAgain]);
        assert_eq!((&model.screen, model.focus), (&Screen::Email, Some(FieldId::Mail)));
        let mut model = filled("hanako@example.co.jp", "taro@example.co.jp");
        assert_eq!(model.email_form.again.wrong, Some(Wrong::Differs));
        assert_eq!(press(&mut model, Act::Submit), []);
        assert_eq!(model.focus, Some(FieldId::MailAgain));
    }

    #[test]
    fn after_a_refusal_the_form_is_still_filled_and_another_seat_begins_anew() {
        for (code, focus) in [("email_unchanged", Some(FieldId::Mail)), ("no_connection", None)] {
            let mut model = filled("hanako@example.co.jp", "hanako@example.co.jp");
            press(&mut model, Act::Submit);
            report(&mut model, Report::Failed(explanation(code)));
            assert!(matches!(model.screen, Screen::Failed(_)));
            press(&mut model, Act::Form);
            assert_eq!((&model.screen, model.focus), (&Screen::Email, focus), "{code}");
            assert_eq!(model.email_form.mail.text.as_str(), "hanako@example.co.jp");
            press(&mut model, Act::Menu);
            press(&mut model, Act::OpenEmail("42".to_owned()));
            let anew = EmailForm { serial: "42".to_owned(), ..EmailForm::default() };
            assert_eq!(model.email_form, anew);
        }
    }
}
