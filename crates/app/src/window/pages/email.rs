use tegata_text::Text;

use super::{mail, to_menu};
use crate::window::model::Model;
use crate::window::model::email::Asked;
use crate::window::page::{Act, Block, Fact, FieldId, Focus, Page, Tone};

/// The form for another e-mail address.
pub(super) fn page(model: &Model, text: Text) -> Page {
    let form = &model.email_form;
    let card = model.read().iter().find(|card| card.serial == form.serial);
    let user = card.map(|card| Fact::new(text.window_done_user(), card.user.as_str()));
    let labels =
        (text.window_email_new(), text.window_email_new_again(), text.window_email_new_help());
    let page = Page::new("email", text.window_email_heading())
        .block(Block::Lead(text.window_email_lead()))
        .blocks(user.map(|user| Block::Facts(vec![user])));
    let fields = mail::fields((&form.mail, &form.again), labels, text);
    mail::with_fields(page, fields, &form.blamed, text)
        .main(text.window_email_submit(), Act::Submit)
        .or_escape(text.window_back(), Act::Menu)
        .focus(Focus::Field(FieldId::Mail))
}

/// A mail is on its way; what the person does with it decides.
pub(super) fn asked(asked: &Asked, text: Text) -> Page {
    let page = Page::new("email-asked", text.window_email_asked_heading())
        .block(Block::Notice {
            tone: Tone::Info,
            title: text.window_email_asked(&asked.email),
            text: text.window_email_asked_do(),
        })
        .block(Block::Facts(vec![
            Fact::new(text.window_done_user(), asked.user.as_str()),
            Fact::new(text.window_email_new(), asked.email.as_str()),
        ]))
        .block(Block::Words(text.window_email_asked_none()));
    to_menu(page, text).focus(Focus::Act(Act::Menu))
}
