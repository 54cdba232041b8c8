use tegata_text::Text;

use super::{error, hidden, required};
use crate::window::model::form::ProxyForm;
use crate::window::page::{Act, Block, Fact, Field, FieldId, Focus, Page, Tone};

/// Who are you, to this proxy?
pub(super) fn page(form: &ProxyForm, text: Text) -> Page {
    let (label, help) = (text.window_proxy_user(), text.window_proxy_user_help());
    let missing = || text.window_proxy_user_missing();
    let user = Field {
        error: error(&form.user, missing, missing),
        ..required(FieldId::ProxyUser, label, help, &form.user)
    };
    let (label, help) = (text.window_proxy_password(), text.window_proxy_password_help());
    let missing = || text.window_proxy_password_missing();
    let password = Field {
        error: error(&form.password, missing, missing),
        kind: hidden(form.is_password_shown),
        ..required(FieldId::ProxyPassword, label, help, &form.password)
    };
    let mut facts = vec![Fact::new(text.window_proxy_address(), form.proxy.as_str())];
    if !form.realm.is_empty() {
        facts.push(Fact::new(text.window_proxy_realm(), form.realm.as_str()));
    }
    // Words stand next to the fields: on a small screen the focus scrolls away what is above them.
    let page = Page::new("proxy", text.window_proxy_heading()).block(Block::Facts(facts));
    let page = if form.is_again {
        page.block(Block::Notice {
            tone: Tone::Error,
            title: text.window_proxy_wrong(),
            text: text.window_proxy_wrong_do(),
        })
    } else {
        page.block(Block::Lead(text.window_proxy_lead()))
    };
    let page = if form.is_plain {
        page.block(Block::Notice {
            tone: Tone::Warning,
            title: text.app_ask_proxy_plain(),
            text: String::new(),
        })
    } else {
        page
    };
    // Where the name stands there already, the password is what is missing.
    let first = if form.user.is_empty() { FieldId::ProxyUser } else { FieldId::ProxyPassword };
    page.blocks([user, password].map(Block::Field))
        .main(text.window_proxy_connect(), Act::Submit)
        .or_escape(text.window_cancel(), Act::Cancel)
        .focus(Focus::Field(first))
}

#[cfg(test)]
mod tests {
    use tegata_text::Lang;

    use super::*;
    use crate::window::model::settings::Look;
    use crate::window::model::{Message, Model, Question, Report, Screen};
    use crate::window::tests::samples;

    fn asked(model: &mut Model, proxy: &str) -> (String, Focus) {
        let (proxy, realm) = (proxy.to_owned(), String::new());
        let question = Question::Proxy { proxy, realm, is_again: true, is_plain: false };
        model.update(Message::Reported(Report::Asked(question)));
        let Screen::Proxy { form, .. } = &model.screen else { panic!("{:?}", model.screen) };
        assert!(form.password.text.is_empty(), "what was refused is not kept");
        (form.user.text.to_string(), page(form, Text::of(Lang::Ja)).focus)
    }

    #[test]
    fn the_name_typed_for_a_proxy_is_still_there_when_it_asks_again() {
        let mut model = samples::model(Lang::Ja, Look::Light);
        let (user, password) =
            (Focus::Field(FieldId::ProxyUser), Focus::Field(FieldId::ProxyPassword));
        assert_eq!(asked(&mut model, "a:8080"), (String::new(), user.clone()));
        for (field, text) in [(FieldId::ProxyUser, "taro"), (FieldId::ProxyPassword, "wrong")] {
            model.update(Message::Edited(field, text.to_owned()));
        }
        assert_eq!(model.update(Message::Pressed(Act::Submit)).len(), 1);
        assert_eq!(asked(&mut model, "a:8080"), ("taro".to_owned(), password));
        // It was typed for that one only.
        model.update(Message::Pressed(Act::Cancel));
        assert_eq!(asked(&mut model, "b:8080"), (String::new(), user));
    }
}
