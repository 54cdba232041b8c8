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
    page.blocks([user, password].map(Block::Field))
        .main(text.window_proxy_connect(), Act::Submit)
        .or_escape(text.window_cancel(), Act::Cancel)
        .focus(Focus::Field(FieldId::ProxyUser))
}
