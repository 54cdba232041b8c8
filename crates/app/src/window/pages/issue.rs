use tegata_domain::InitialPassword;
use tegata_text::Text;

use super::{error, hidden, required};
use crate::window::model::form::{IssueForm, Wrong};
use crate::window::page::{Act, Block, Field, FieldId, Focus, Page, Tone};

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
    let mail = Field {
        error: error(&form.mail, || text.window_mail_missing(), || text.window_mail_bad()),
        width: 48,
        ..required(FieldId::Mail, text.window_mail(), text.window_mail_help(), &form.mail)
    };
    let label = text.window_mail_again();
    let again = Field {
        error: match form.mail_again.wrong {
            None => String::new(),
            Some(Wrong::Missing) => text.window_mail_again_missing(),
            Some(_) => text.window_mail_differs(),
        },
        width: 48,
        // Without help, so that the whole form is seen at once on a small screen.
        ..required(FieldId::MailAgain, label, String::new(), &form.mail_again)
    };
    let page = Page::new("issue", text.window_issue_heading());
    let fields = [user, password, mail, again];
    let blamed = fields.iter().filter(|field| form.blamed.contains(&field.id));
    let names = blamed.map(|field| field.label.clone());
    let page = match names.reduce(|first, next| text.window_check_and(&first, &next)) {
        Some(names) => page.block(Block::Notice {
            tone: Tone::Error,
            title: text.window_check(&form.blamed.len().to_string()),
            text: names,
        }),
        None => page,
    };
    page.blocks(fields.map(Block::Field))
        .main(text.window_issue(), Act::Submit)
        .or_escape(text.window_back(), Act::Menu)
        .focus(Focus::Field(FieldId::User))
}
