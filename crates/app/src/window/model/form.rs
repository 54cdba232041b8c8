//! Forms: what is typed, when it is judged, and what is wrong with it.

use tegata_agent::doctor::Reference;
use tegata_agent::site::Site;
use tegata_domain::{Email, InitialPassword, UserId, half_width};
use zeroize::Zeroizing;

use crate::window::page::FieldId;

/// What is wrong with a field, in one word; the page says it in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Missing,
    Malformed,
    /// Not the same as the field above.
    Differs,
    /// So many letters and digits, which cannot be right.
    Length(usize),
}

/// One line of text, judged when it is left and when the form is handed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) text: Zeroizing<String>,
    pub(crate) wrong: Option<Wrong>,
}

impl Entry {
    pub(crate) fn of(text: &str) -> Self {
        Self { text: Zeroizing::new(text.to_owned()), wrong: None }
    }

    /// Takes what was typed: full-width letters become half-width, line ends go. An error stays
    /// until the field is judged again.
    pub(crate) fn type_in(&mut self, text: &str) {
        let text = Zeroizing::new(half_width(text));
        self.text = Zeroizing::new(text.chars().filter(|c| !c.is_control()).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The value, or what is wrong, which is kept to be shown.
    pub(crate) fn judge<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let parsed = if self.is_empty() { Err(Wrong::Missing) } else { self.parse(parse) };
        self.wrong = parsed.as_ref().err().copied();
        parsed.ok()
    }

    fn parse<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<T, Wrong> {
        parse(self.text.trim()).ok_or(Wrong::Malformed)
    }

    /// On leaving: an empty field is not blamed, the person may only be looking around. One that
    /// was blamed before is judged again.
    pub(super) fn left<T>(&mut self, parse: impl Fn(&str) -> Option<T>) {
        if !self.is_empty() || self.wrong.is_some() {
            self.judge(parse);
        }
    }
}

/// The reference of a page by which the gateway refused.
pub(super) fn reference(text: &str) -> Option<Reference> {
    text.parse().ok()
}

/// The form for a first certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct IssueForm {
    pub(crate) user: Entry,
    pub(crate) password: Entry,
    pub(crate) is_password_shown: bool,
    pub(crate) mail: Entry,
    pub(crate) mail_again: Entry,
    /// What was wrong when it was handed in last.
    pub(crate) blamed: Vec<FieldId>,
}

/// A filled form.
#[derive(Debug, PartialEq)]
pub(crate) struct Filled {
    pub(crate) user: UserId,
    /// As typed: the server alone judges it.
    pub(crate) password: Zeroizing<String>,
    pub(crate) email: Email,
}

impl IssueForm {
    pub(crate) fn left_user(&mut self) {
        self.user.left(parse_user);
        // Shown as it will stand in the certificate.
        if let (None, Some(user)) = (self.user.wrong, parse_user(&self.user.text)) {
            self.user.text = Zeroizing::new(user.to_string());
        }
    }

    pub(crate) fn left_password(&mut self) {
        if !self.password.is_empty() || self.password.wrong.is_some() {
            self.judge_password();
        }
    }

    pub(crate) fn left_mail(&mut self) {
        left_mail(&mut self.mail, &mut self.mail_again);
    }

    pub(crate) fn left_mail_again(&mut self) {
        left_again(&self.mail, &mut self.mail_again);
    }

    /// By its length alone, as the server counts it: whether it is the right one the server says,
    /// and counts the tries.
    fn judge_password(&mut self) -> Option<Zeroizing<String>> {
        let length = InitialPassword::length_of(&self.password.text);
        self.password.wrong = match length {
            InitialPassword::LENGTH => None,
            _ if self.password.is_empty() => Some(Wrong::Missing),
            length => Some(Wrong::Length(length)),
        };
        let text = self.password.text.trim();
        self.password.wrong.is_none().then(|| Zeroizing::new(text.to_owned()))
    }

    /// What to ask for, or `None` with the errors counted.
    pub(crate) fn submit(&mut self) -> Option<Filled> {
        let user = self.user.judge(parse_user);
        let password = self.judge_password();
        let email = self.mail.judge(parse_mail);
        let again = judge_again(&self.mail, &mut self.mail_again);
        let entries = [
            (FieldId::User, &self.user),
            (FieldId::Password, &self.password),
            (FieldId::Mail, &self.mail),
            (FieldId::MailAgain, &self.mail_again),
        ];
        let wrong = entries.into_iter().filter(|(_, entry)| entry.wrong.is_some());
        self.blamed = wrong.map(|(field, _)| field).collect();
        again?;
        Some(Filled { user: user?, password: password?, email: email? })
    }
}

fn parse_user(text: &str) -> Option<UserId> {
    text.parse().ok()
}

pub(super) fn parse_mail(text: &str) -> Option<Email> {
    text.parse().ok()
}

/// The first of two fields for one address was left.
pub(super) fn left_mail(mail: &mut Entry, again: &mut Entry) {
    mail.left(parse_mail);
    if !again.is_empty() {
        judge_again(mail, again);
    }
}

/// The second was left.
pub(super) fn left_again(mail: &Entry, again: &mut Entry) {
    if !again.is_empty() || again.wrong.is_some() {
        judge_again(mail, again);
    }
}

/// Whether both are the same address.
pub(super) fn judge_again(mail: &Entry, again: &mut Entry) -> Option<()> {
    let parsed = parse_mail(&mail.text);
    again.wrong = if again.is_empty() {
        Some(Wrong::Missing)
    } else if parsed.is_none() || parse_mail(&again.text) != parsed {
        Some(Wrong::Differs)
    } else {
        None
    };
    again.wrong.is_none().then_some(())
}

/// The form for the site, where no installer said it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SiteForm {
    pub(crate) site: Entry,
}

impl SiteForm {
    pub(crate) fn left(&mut self) {
        self.site.left(parse_site);
    }

    pub(crate) fn submit(&mut self) -> Option<Site> {
        self.site.judge(parse_site)
    }
}

fn parse_site(text: &str) -> Option<Site> {
    text.parse().ok()
}

/// What a proxy asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ProxyForm {
    /// `host:port`
    pub(crate) proxy: String,
    /// What it calls itself; empty when it does not say.
    pub(crate) realm: String,
    pub(crate) user: Entry,
    pub(crate) password: Entry,
    pub(crate) is_password_shown: bool,
    /// Whether an earlier answer was refused.
    pub(crate) is_again: bool,
    /// Whether everybody on the way to the proxy can read the password.
    pub(crate) is_plain: bool,
}

impl ProxyForm {
    /// User and password.
    pub(crate) fn submit(&mut self) -> Option<(String, Zeroizing<String>)> {
        let user = self.user.judge(|text| Some(text.to_owned()));
        // A password may begin or end with a space.
        self.password.wrong = self.password.text.is_empty().then_some(Wrong::Missing);
        let password = self.password.wrong.is_none().then(|| self.password.text.clone());
        Some((user?, password?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> IssueForm {
        IssueForm {
            user: Entry::of("CMSM950-006-401"),
            password: Entry::of("abcd efgh jkmn pqrs"),
            mail: Entry::of("taro@example.co.jp"),
            mail_again: Entry::of("taro@example.co.jp"),
            ..IssueForm::default()
        }
    }

    #[test]
    fn full_width_turns_into_half_width_as_one_types() {
        let mut entry = Entry::default();
        entry.type_in("ＣＭＳＭ９５０ー００６－４０１\n");
        assert_eq!(entry.text.as_str(), "CMSM950-006-401");
    }

    #[test]
    fn a_user_id_left_is_shown_as_it_will_stand_in_the_certificate() {
        let mut form = IssueForm { user: Entry::of(" cmsm950-006-401 "), ..filled() };
        form.left_user();
        assert_eq!(form.user, Entry::of("CMSM950-006-401"));
    }

    #[test]
    fn an_empty_field_is_not_blamed_on_leaving_but_on_handing_in() {
        let mut form = IssueForm::default();
        form.left_user();
        form.left_password();
        form.left_mail();
        form.left_mail_again();
        assert_eq!(form, IssueForm::default());
        assert_eq!(form.submit(), None);
        assert_eq!(form.blamed.len(), 4);
        let wrong =
            [&form.user, &form.password, &form.mail, &form.mail_again].map(|entry| entry.wrong);
        assert_eq!(wrong, [Some(Wrong::Missing); 4]);
    }

    #[test]
    fn a_field_blamed_once_is_judged_again_on_leaving() {
        let mut form = IssueForm::default();
        form.submit();
        form.mail.type_in("taro@example");
        form.left_mail();
        assert_eq!(form.mail.wrong, Some(Wrong::Malformed));
        form.mail.type_in("taro@example.co.jp");
        form.left_mail();
        assert_eq!(form.mail.wrong, None);
    }

    #[test]
    fn the_second_address_is_compared_as_an_address_and_again_when_the_first_changes() {
        let mut form = IssueForm { mail_again: Entry::of(" taro@EXAMPLE.co.jp"), ..filled() };
        form.left_mail_again();
        assert_eq!(form.mail_again.wrong, None);
        form.mail.type_in("hanako@example.co.jp");
        form.left_mail();
        assert_eq!(form.mail_again.wrong, Some(Wrong::Differs));
        assert_eq!(form.submit(), None);
        assert_eq!(form.blamed, [FieldId::MailAgain]);
    }

    #[test]
    fn the_password_is_handed_on_as_typed_when_it_may_be_one() {
        for text in ["abcd efgh jkmn pqrs", "ＡＢＣＤ-efgh-jkmn-pqr!", "uuuuuuuuuuuuuuuu"] {
            let mut form = IssueForm { password: Entry::of(text), ..filled() };
            assert_eq!(form.submit().unwrap().password.as_str(), text);
        }
    }

    #[test]
    fn a_password_that_is_too_short_or_too_long_costs_no_try() {
        for (text, wrong) in [
            ("  ", Wrong::Missing),
            ("-", Wrong::Length(0)),
            ("ABCD-EFGH-JK", Wrong::Length(10)),
            ("ABCD-EFGH-JKMN-PQRS-T", Wrong::Length(17)),
        ] {
            let mut form = IssueForm { password: Entry::of(text), ..filled() };
            assert_eq!(form.submit(), None);
            assert_eq!(
                (form.password.wrong, &form.blamed[..]),
                (Some(wrong), &[FieldId::Password][..])
            );
        }
    }

    #[test]
    fn a_proxy_password_may_be_anything_but_empty() {
        let mut form = ProxyForm { user: Entry::of("taro"), ..ProxyForm::default() };
        assert_eq!(form.submit(), None);
        form.password = Entry::of(" ");
        assert_eq!(form.submit().unwrap().1.as_str(), " ");
    }
}
