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
    let missing = || text.window_password_missing();
    let password = Field {
        error: error(&form.password, missing, missing),
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
            Some(Wrong::Malformed | Wrong::Differs) => text.window_mail_differs(),
        },
        width: 48,
        // Without help, so that the whole form is seen at once on a small screen.
        ..required(FieldId::MailAgain, label, String::new(), &form.mail_again)
    };
    let page = Page::new("issue", text.window_issue_heading());
    let page = if form.errors > 0 {
        page.block(Block::Notice {
            tone: Tone::Error,
            title: text.window_check(&form.errors.to_string()),
            text: String::new(),
        })
    } else {
        page
    };
    page.blocks([user, password, mail, again].map(Block::Field))
        .main(text.window_issue(), Act::Submit)
        .or_escape(text.window_back(), Act::Menu)
        .focus(Focus::Field(FieldId::User))
}
