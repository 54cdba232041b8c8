use tegata_domain::is_hidden;
use tegata_pkcs11::TokenError;
use tegata_text::Text;
use tegata_wire::Problem;

use crate::proxy::Scheme;
use crate::store::{StoreError, explain_token};
use crate::transport::{ProxyTrouble, TransportError};
use crate::trust::TrustError;

/// The documented exit codes of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done = 0,
    /// 2: something is missing or mistyped; nothing was sent.
    Usage = 2,
    /// 3: the server said no, or did not prove that it is the right one.
    Refused = 3,
    /// 4: no usable answer.
    Unreachable = 4,
    /// 5: the key store failed.
    Store = 5,
}

/// What it takes before something that failed can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Time: a network that comes back, a server that is up again.
    Time,
    /// A person has to do something. Trying again does no harm.
    Person,
    /// A person has to do something, and trying again before may make it worse.
    PersonFirst,
}

/// What stops an issuance.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server said no, in words of its own.
    #[error("refused: {}", .0.code)]
    Refused(Box<Problem>),
    /// The root is not the right one, not confirmed, or no root.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No whole answer.
    #[error(transparent)]
    Unreachable(#[from] TransportError),
    /// Something answers there that is not an issuing site, such as a proxy's own page.
    #[error("status {0} without a known form")]
    NotTegata(u16),
    /// The server asks for a newer application.
    #[error("version {minimum} or newer is needed")]
    TooOld {
        /// The oldest that it talks to.
        minimum: String,
    },
    /// The certificate in the answer is not the one asked for.
    #[error("{0}")]
    BadAnswer(&'static str),
    /// The key does not sign.
    #[error("the key does not sign")]
    KeySilent,
    /// The key store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error in words: what happened, what to do now, whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Stable word for programs.
    pub code: String,
    /// What happened.
    pub title: String,
    /// What to do now.
    pub detail: String,
    /// What to tell the help desk; empty when the server gave none.
    pub reference: String,
}

impl Error {
    /// The exit code of the command.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Trust(TrustError::Unconfirmed(_)) => Exit::Usage,
            Self::Refused(_) | Self::Trust(_) | Self::TooOld { .. } | Self::BadAnswer(_) => {
                Exit::Refused
            }
            Self::Unreachable(TransportError::Unproven(_) | TransportError::Intercepted { .. }) => {
                Exit::Refused
            }
            Self::Unreachable(TransportError::ProxySetting { .. }) => Exit::Usage,
            Self::Unreachable(_) | Self::NotTegata(_) => Exit::Unreachable,
            Self::Store(StoreError::Unsupported(_) | StoreError::CannotUntrust) => Exit::Usage,
            Self::KeySilent | Self::Store(_) => Exit::Store,
        }
    }

    /// What it takes before the same can succeed, where nobody is in front of the screen.
    pub fn remedy(&self) -> Remedy {
        match self {
            // The site's own rules and clock: neither is a person's to change.
            Self::Refused(problem) if problem.code == "renewal_too_early" => Remedy::Time,
            Self::Refused(problem) if problem.status == 429 || problem.status >= 500 => {
                Remedy::Time
            }
            Self::Refused(_) | Self::Trust(_) | Self::TooOld { .. } => Remedy::Person,
            Self::Unreachable(
                TransportError::ProxyRefused { .. } | TransportError::ProxySetting { .. },
            ) => Remedy::Person,
            // Each try counts: a few wrong ones lock the token.
            Self::Store(StoreError::Token(
                TokenError::PinWrong { .. } | TokenError::LastTry(_) | TokenError::PinLocked(_),
            )) => Remedy::PersonFirst,
            Self::Store(
                StoreError::Token(
                    TokenError::PinNeeded(_)
                    | TokenError::NoPin { .. }
                    | TokenError::EmptyPin(_)
                    | TokenError::PinFile { .. }
                    | TokenError::PinExpired(_),
                )
                | StoreError::PasswordNeeded
                | StoreError::Unreadable(_),
            ) => Remedy::Person,
            _ => Remedy::Time,
        }
    }

    /// The error in the language of `text`. What others said is shown without control
    /// characters and not longer than a paragraph.
    pub fn explain(&self, text: Text) -> Explanation {
        let (code, title, detail) = match self {
            Self::Refused(problem) => {
                return Explanation {
                    code: plain(&problem.code),
                    title: plain(&problem.title),
                    detail: plain(&problem.detail),
                    reference: plain(&problem.reference),
                };
            }
            Self::Trust(error) => explain_trust(error, text),
            Self::Unreachable(error) => explain_transport(error, text),
            Self::NotTegata(status) => {
                let status = status.to_string();
                ("not_an_issuing_site", text.app_not_tegata(&status), text.app_not_tegata_do())
            }
            Self::TooOld { minimum } => {
                ("app_too_old", text.app_too_old(&plain(minimum)), text.app_too_old_do())
            }
            Self::BadAnswer(why) => {
                ("bad_answer", text.app_bad_answer(why), text.app_bad_answer_do())
            }
            Self::KeySilent => ("key_failed", text.app_key_failed(), text.app_key_failed_do()),
            Self::Store(error) => explain_store(error, text),
        };
        Explanation { code: code.to_owned(), title, detail, reference: String::new() }
    }
}

fn explain_trust(error: &TrustError, text: Text) -> (&'static str, String, String) {
    match error {
        TrustError::Mismatch { expected, found } => (
            "root_mismatch",
            text.app_root_mismatch(),
            text.app_root_mismatch_do(&expected.grouped(), &found.grouped()),
        ),
        TrustError::Declined(_) => {
            ("root_declined", text.app_root_declined(), text.app_root_declined_do())
        }
        TrustError::Unconfirmed(found) => (
            "root_unconfirmed",
            text.app_root_unconfirmed(),
            text.app_root_unconfirmed_do(&found.grouped(), &found.to_string()),
        ),
        TrustError::Unsound(why) => {
            ("root_unsound", text.app_root_unsound(why), text.app_root_unsound_do())
        }
    }
}

fn explain_transport(error: &TransportError, text: Text) -> (&'static str, String, String) {
    match error {
        TransportError::HostNotFound => {
            ("host_not_found", text.app_host_not_found(), text.app_host_not_found_do())
        }
        TransportError::NoConnection(why) => {
            ("no_connection", text.app_no_connection(&why.line(text)), text.app_no_connection_do())
        }
        TransportError::Proxy { proxy, trouble } => explain_proxy(proxy, trouble, text),
        TransportError::ProxyRefused { proxy, realm, schemes, refusals } => {
            explain_refusal(proxy, realm.as_deref(), schemes, *refusals, text)
        }
        TransportError::ProxyScript { url, why } => (
            "proxy_script_failed",
            text.app_proxy_script(&plain(url), &plain(why)),
            text.app_proxy_script_do(),
        ),
        TransportError::ProxySetting { setting, .. } => {
            ("bad_proxy", text.app_proxy_setting(setting), text.app_proxy_setting_do())
        }
        TransportError::Intercepted { issuer } => {
            ("intercepted", text.app_intercepted(issuer), text.app_intercepted_do(issuer))
        }
        TransportError::Unproven(why) => {
            ("server_unproven", text.app_unproven(&plain(why)), text.app_unproven_do())
        }
        TransportError::LostReply(why) => {
            ("reply_lost", text.app_reply_lost(&why.line(text)), text.app_reply_lost_do())
        }
        TransportError::Unusable(why) => {
            ("unusable_answer", text.app_unusable(&plain(why)), text.app_not_tegata_do())
        }
    }
}

fn explain_proxy(
    proxy: &str,
    trouble: &ProxyTrouble,
    text: Text,
) -> (&'static str, String, String) {
    match trouble {
        ProxyTrouble::Unreachable(why) => (
            "proxy_unreachable",
            text.app_proxy_unreachable(proxy, &why.line(text)),
            text.app_proxy_unreachable_do(),
        ),
        ProxyTrouble::Status(status @ (401 | 403 | 405 | 451)) => (
            "proxy_forbids",
            text.app_proxy_forbidden(proxy, &status.to_string()),
            text.app_proxy_forbidden_do(),
        ),
        ProxyTrouble::Status(status) => (
            "proxy_failed",
            text.app_proxy_status(proxy, &status.to_string()),
            text.app_proxy_status_do(),
        ),
        ProxyTrouble::Unusable(why) => (
            "proxy_unusable",
            text.app_proxy_unusable(proxy, &plain(why)),
            text.app_proxy_unusable_do(),
        ),
    }
}

fn explain_refusal(
    proxy: &str,
    realm: Option<&str>,
    schemes: &[String],
    refusals: usize,
    text: Text,
) -> (&'static str, String, String) {
    let named = match realm.map(plain).filter(|realm| !realm.is_empty()) {
        Some(realm) => text.app_proxy_named(proxy, &realm),
        None => proxy.to_owned(),
    };
    let is_known = schemes.iter().any(|name| Scheme::of(name).is_some());
    let (title, detail) = match (refusals, is_known) {
        (0, false) => (
            text.app_proxy_scheme_unknown(&named, &plain(&schemes.join(", "))),
            text.app_proxy_scheme_unknown_do(),
        ),
        (0, true) => {
            (text.app_proxy_password_missing(&named), text.app_proxy_password_missing_do())
        }
        _ => (text.app_proxy_password_wrong(&named), text.app_proxy_password_wrong_do()),
    };
    ("proxy_refused", title, detail)
}

fn explain_store(error: &StoreError, text: Text) -> (&'static str, String, String) {
    match error {
        StoreError::Io { path, source } => (
            "store_io",
            text.app_store_io(&path.display().to_string(), &source.to_string()),
            text.app_store_io_do(),
        ),
        StoreError::Missing(path) => (
            "store_missing",
            text.app_store_missing(&path.display().to_string()),
            text.app_store_missing_do(),
        ),
        StoreError::Occupied(path) => (
            "store_occupied",
            text.app_store_occupied(&path.display().to_string()),
            text.app_store_occupied_do(),
        ),
        StoreError::OpenToOthers(path) => {
            let path = path.display().to_string();
            ("store_shared", text.store_shared(&path), text.store_shared_do(&path))
        }
        StoreError::Unreadable(path) => (
            "store_unreadable",
            text.app_store_unreadable(&path.display().to_string()),
            text.app_store_unreadable_do(),
        ),
        StoreError::SoftokenMissing => {
            ("store_nss_missing", text.app_store_nss_missing(), text.app_store_nss_missing_do())
        }
        StoreError::Folder(path) => (
            "store_folder",
            text.app_store_folder(&path.display().to_string()),
            text.app_store_folder_do(),
        ),
        StoreError::Token(error) => explain_token(error, text),
        StoreError::Keychain(said) => (
            "store_keychain",
            text.app_keychain_failed(&plain(said)),
            text.app_keychain_failed_do(),
        ),
        StoreError::System(said) => {
            ("store_system", text.app_store_system(&plain(said)), text.app_store_system_do())
        }
        StoreError::NoPlaceForKey(why) => (
            "store_no_place_for_key",
            text.app_store_no_place_for_key(&plain(why)),
            text.app_store_no_place_for_key_do(),
        ),
        StoreError::RootDeclined => (
            "store_root_declined",
            text.app_store_root_declined(),
            text.app_store_root_declined_do(),
        ),
        StoreError::CannotUntrust => (
            "store_cannot_untrust",
            text.app_store_cannot_untrust(),
            text.app_store_cannot_untrust_do(),
        ),
        StoreError::PasswordNeeded => (
            "store_password_needed",
            text.app_store_password_needed(),
            text.app_store_password_needed_do(),
        ),
        StoreError::NotReadBack(what) => (
            "store_not_read_back",
            text.app_store_not_read_back(what),
            text.app_store_not_read_back_do(),
        ),
        StoreError::Unsupported(what) => {
            ("store_unsupported", text.app_store_unsupported(what), text.app_store_unsupported_do())
        }
        StoreError::Internal(what) => {
            ("store_failed", text.app_store_failed(what), text.app_store_failed_do())
        }
    }
}

/// What someone else said, fit for a terminal.
pub(crate) fn plain(said: &str) -> String {
    let one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(600).collect()
}

#[cfg(test)]
mod tests {
    use tegata_text::Lang;

    use super::*;

    #[test]
    fn nobody_turns_the_direction_of_writing() {
        assert_eq!(plain("a\u{202e}b\u{2066}c\u{2069}d\u{200f}e\u{61c}本\u{200b}店"), "abcde本店");
    }

    #[test]
    fn a_server_cannot_write_control_sequences_to_the_terminal() {
        let title = "\u{1b}]0;owned\u{7}Sorry\u{9b}31m\r\nsecond line".to_owned();
        let problem =
            Problem::new("credential_refused", 403, title, "x".repeat(5000), "R\u{0}1".to_owned());
        let explained = Error::Refused(Box::new(problem)).explain(Text::of(Lang::En));
        assert_eq!(explained.title, "]0;ownedSorry31m second line");
        assert_eq!(explained.detail.len(), 600);
        assert_eq!(explained.reference, "R1");
    }
}
