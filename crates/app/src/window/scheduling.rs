//! Automatic renewal, as the window switches it.

use tegata_agent::Explanation;
use tegata_agent::proxy::ProxyChoice;

use super::model::Report;
use super::worker::Context;
use crate::schedule;

/// Has this PC renew by itself, with the store and the way out of the settings; or not.
pub(super) fn switch(context: &Context, is_wanted: bool) -> Report {
    let text = context.text;
    let switched = if is_wanted {
        // Written anew: settings may hold an address with a password in it, which is none.
        way_out(context).and_then(|proxy| {
            let with = ["--store", &context.store, "--proxy", &proxy.to_string()];
            let switched = schedule::switch_on(&with.map(str::to_owned), text);
            switched.map(|_| true).map_err(|failure| failure.explanation)
        })
    } else {
        schedule::switch_off(text).map(|_| false).map_err(|failure| failure.explanation)
    };
    Report::Scheduled(switched)
}

/// The way out of the settings.
pub(super) fn way_out(context: &Context) -> Result<ProxyChoice, Explanation> {
    let text = context.text;
    context.proxy.parse().map_err(|_| Explanation {
        code: "bad_proxy".to_owned(),
        title: text.window_failed_proxy_setting(),
        detail: text.window_failed_proxy_setting_do(),
        reference: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use tegata_text::{Lang, Text};

    use super::*;

    #[test]
    fn a_password_of_a_proxy_is_not_written_into_a_schedule() {
        let (store, proxy) = ("pem:/x".to_owned(), "http://user:s3cret@proxy:3128".to_owned());
        let context = Context { text: Text::of(Lang::En), store, proxy, service: None };
        let report = switch(&context, true);
        let Report::Scheduled(Err(refused)) = &report else { panic!("{report:?}") };
        assert_eq!(refused.code, "bad_proxy");
        assert!(!format!("{report:?}").contains("s3cret"), "{report:?}");
    }
}
