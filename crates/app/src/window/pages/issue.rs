use tegata_domain::InitialPassword;
use tegata_text::Text;

use super::{error, hidden, mail, required};
use crate::window::model::form::{IssueForm, Wrong};
use crate::window::page::{Act, Field, FieldId, Focus, Page};

/// The form for a first certificate.
pub(super) fn page(form: &IssueForm, text: Text) -> Page {
    let user = Field {
        error: error(&form.user, || text.window_user_missing(), || text.window_user_bad()),
        width: 24,
        ..required(FieldId::User, text.window_user(), text.window_user_help(), &form.user)
    };
    let (label, help) = (text.window_password(), text.window_password_help());
    let password = Field {
        error: match form.password.wrong {
            Some(Wrong::Length(length)) => text
                .window_password_length(&length.to_string(), &InitialPassword::LENGTH.to_string()),
            _ => error(&form.password, || text.window_password_missing(), String::new),
        },
        kind: hidden(form.is_password_shown),
        // Its dots are wider than what they hide.
        width: 34,
        ..required(FieldId::Password, label, help, &form.password)
    };
    let labels = (text.window_mail(), text.window_mail_again(), text.window_mail_help());
    let [mail, again] = mail::fields((&form.mail, &form.mail_again), labels, text);
    let page = Page::new("issue", text.window_issue_heading());
    mail::with_fields(page, [user, password, mail, again], &form.blamed, text)
        .main(text.window_issue(), Act::Submit)
        .or_escape(text.window_back(), Act::Menu)
        .focus(Focus::Field(FieldId::User))
}
