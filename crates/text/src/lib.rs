//! Every sentence a person reads, in Japanese and English.
//!
//! The messages stand in `messages/{ja,en}/*.ftl` (Project Fluent). The build script makes one
//! method of [`Text`] out of each; variables become `&str` parameters in alphabetical order.

mod date;
mod guard;
mod lang;
mod mail;

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use date::{date, date_time};
pub use lang::Lang;
pub use mail::{MailMessage, MailTemplates, MailText, TemplateFault};

/// The messages of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(Lang);

impl Text {
    /// The messages of `lang`.
    pub fn of(lang: Lang) -> Self {
        Self(lang)
    }

    /// Which language this is.
    pub fn lang(self) -> Lang {
        self.0
    }

    fn format(self, id: &str, variables: &[(&str, &str)]) -> String {
        let bundle = match self.0 {
            Lang::Ja => &*JA,
            Lang::En => &*EN,
        };
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            return String::new();
        };
        let mut args = FluentArgs::with_capacity(variables.len());
        for (name, value) in variables {
            args.set(*name, Cow::Borrowed(*value));
        }
        bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

static JA: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle("ja", include_str!(concat!(env!("OUT_DIR"), "/ja.ftl"))));
static EN: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle("en", include_str!(concat!(env!("OUT_DIR"), "/en.ftl"))));

#[expect(clippy::expect_used, reason = "the build script parsed the same text")]
fn bundle(lang: &str, messages: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.parse().expect("a language tag")]);
    // Isolation marks are for mixed directions; here they would only end up in copied text.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(FluentResource::try_new(messages.to_owned()).expect("parsed before"))
        .expect("ids are unique");
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_formats_without_error_in_both_languages() {
        for (bundle, lang) in [(&*JA, "ja"), (&*EN, "en")] {
            for id in IDS {
                let pattern = bundle.get_message(id).and_then(|m| m.value()).unwrap();
                let mut args = FluentArgs::new();
                for name in VARIABLES {
                    args.set(*name, "1");
                }
                let mut errors = Vec::new();
                let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
                let unknown: Vec<_> = errors
                    .iter()
                    .map(ToString::to_string)
                    .filter(|error| !error.contains("Unknown variable"))
                    .collect();
                assert!(unknown.is_empty(), "{lang} {id}: {unknown:?}");
                assert!(!text.trim().is_empty(), "{lang} {id} is empty");
            }
        }
    }

    /// A user gets initial passwords from the company's administrator, who asks the branch for new
    /// ones (design §1 and the table of roles in §3). Site, application, mails and the gateway's
    /// pages send the user to the same person.
    #[test]
    fn a_user_asks_the_companys_administrator_for_passwords_and_nobody_else() {
        let about =
            ["初期パスワード", "再発行", "の解除", "initial password", "reissue", "released"];
        for (bundle, other) in [(&*JA, "取引営業部店"), (&*EN, "branch")] {
            let said: Vec<_> = IDS.iter().map(|id| (id, raw(bundle, id))).collect();
            let said = said.iter().filter(|(_, text)| about.iter().any(|word| text.contains(word)));
            assert!(said.clone().count() > 20);
            for (id, text) in said {
                assert!(!text.contains(other), "{id}: {text}");
            }
        }
    }

    /// An installer names the command after its service (`tegata-app-sb0001002c`), and a downloaded
    /// one is called by its file's name: the name comes in by a variable.
    #[test]
    fn no_message_names_the_program_by_a_fixed_name() {
        for id in IDS {
            for bundle in [&*JA, &*EN] {
                assert!(!raw(bundle, id).contains("tegata-app"), "{id}");
            }
        }
    }

    /// A message, its variables by name.
    fn raw(bundle: &FluentBundle<FluentResource>, id: &str) -> String {
        let pattern = bundle.get_message(id).and_then(|message| message.value()).unwrap();
        bundle.format_pattern(pattern, None, &mut Vec::new()).to_lowercase()
    }

    const VARIABLES: &[&str] = &["count"];
}
