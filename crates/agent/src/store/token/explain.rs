use cryptoki::error::{Error, RvError};
use tegata_pkcs11::TokenError;
use tegata_text::Text;

/// A token's error: a stable word, what happened, what to do now.
pub(crate) fn explain(error: &TokenError, text: Text) -> (&'static str, String, String) {
    match error {
        TokenError::Module { path, cause } => (
            "token_driver",
            text.app_token_driver(&path.display().to_string(), cause),
            text.app_token_driver_do(),
        ),
        TokenError::NoToken { wanted, present } => {
            ("token_absent", text.app_token_absent(present, wanted), text.app_token_absent_do())
        }
        TokenError::ManyTokens(count, _) => {
            ("token_many", text.app_token_many(&count.to_string()), text.app_token_many_do())
        }
        TokenError::PinNeeded(_)
        | TokenError::EmptyPin(_)
        | TokenError::NoPin { .. }
        | TokenError::PinFile { .. } => (
            "token_pin_missing",
            text.app_token_pin_missing(&error.to_string()),
            text.app_token_pin_missing_do(),
        ),
        TokenError::PinWrong { token, .. } => {
            ("token_pin_wrong", text.app_token_pin_wrong(token), text.app_token_pin_wrong_do())
        }
        TokenError::LastTry(token) => (
            "token_pin_last_try",
            text.app_token_pin_last_try(token),
            text.app_token_pin_last_try_do(),
        ),
        TokenError::PinLocked(token) => {
            ("token_pin_locked", text.app_token_pin_locked(token), text.app_token_pin_locked_do())
        }
        TokenError::PinExpired(token) => {
            ("token_pin_unset", text.app_token_pin_unset(token), text.app_token_pin_unset_do())
        }
        TokenError::Mechanism { token, mechanism, .. } => {
            ("token_unable", text.app_token_unable(token, mechanism), text.app_token_unable_do())
        }
        TokenError::Exposed { token, attribute, .. } => {
            ("token_unable", text.app_token_unable(token, attribute), text.app_token_unable_do())
        }
        TokenError::Driver { token, cause } => driver(token, cause, error, text),
        other => ("token_key", text.app_token_key(&other.to_string()), text.app_token_key_do()),
    }
}

/// What the driver says, where a person can do something about it.
fn driver(
    token: &str,
    cause: &Error,
    whole: &TokenError,
    text: Text,
) -> (&'static str, String, String) {
    match cause {
        Error::Pkcs11(RvError::DeviceMemory, _) => {
            ("token_full", text.app_token_full(token), text.app_token_full_do())
        }
        Error::Pkcs11(RvError::TokenWriteProtected | RvError::SessionReadOnly, _) => {
            ("token_read_only", text.app_token_read_only(token), text.app_token_read_only_do())
        }
        _ => {
            ("token_failed", text.app_token_failed(&whole.to_string()), text.app_token_failed_do())
        }
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;
    use tegata_text::Lang;

    use super::*;

    #[test]
    fn a_refused_pin_is_named_with_what_to_do_and_never_shown() {
        let error = TokenError::PinWrong {
            token: "\"card\"".to_owned(),
            from: "what was given".to_owned(),
        };
        for lang in Lang::ALL {
            let (code, title, detail) = explain(&error, Text::of(lang));
            assert_eq!(code, "token_pin_wrong");
            assert!(title.contains("\"card\"") && detail.contains("--store-password-file"));
        }
    }

    #[test]
    fn a_full_token_is_told_from_one_that_fails() {
        let code = |cause| {
            let cause = Error::Pkcs11(cause, Function::CreateObject);
            explain(&TokenError::Driver { token: String::new(), cause }, Text::of(Lang::En)).0
        };
        assert_eq!(code(RvError::DeviceMemory), "token_full");
        assert_eq!(code(RvError::TokenWriteProtected), "token_read_only");
        assert_eq!(code(RvError::DeviceRemoved), "token_failed");
    }
}
