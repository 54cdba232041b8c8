//! An e-mail address, twice: on the form for a certificate, and on the one for another address.

use tegata_text::Text;

use super::{error, required};
use crate::window::model::form::{Entry, Wrong};
use crate::window::page::{Block, Field, FieldId, Page, Tone};

/// Both fields with these labels, and help under the first.
pub(super) fn fields(
    (mail, again): (&Entry, &Entry),
    (label, label_again, help): (String, String, String),
    text: Text,
) -> [Field; 2] {
    let first = Field {
        error: error(mail, || text.window_mail_missing(), || text.window_mail_bad()),
        width: 48,
        ..required(FieldId::Mail, label, help, mail)
    };
    let second = Field {
        error: match again.wrong {
            None => String::new(),
            Some(Wrong::Missing) => text.window_mail_again_missing(),
            Some(_) => text.window_mail_differs(),
        },
        width: 48,
        // Without help, so that the whole form is seen at once on a small screen.
        ..required(FieldId::MailAgain, label_again, String::new(), again)
    };
    [first, second]
}

/// The fields of a form, below what was wrong with them when it was handed in.
pub(super) fn with_fields<const N: usize>(
    page: Page,
    fields: [Field; N],
    blamed: &[FieldId],
    text: Text,
) -> Page {
    let wrong = fields.iter().filter(|field| blamed.contains(&field.id));
    let names = wrong.map(|field| field.label.clone());
    let notice = names.reduce(|first, next| text.window_check_and(&first, &next));
    let notice = notice.map(|names| Block::Notice {
        tone: Tone::Error,
        title: text.window_check(&blamed.len().to_string()),
        text: names,
    });
    page.blocks(notice).blocks(fields.map(Block::Field))
}
