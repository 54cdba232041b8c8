use std::path::PathBuf;

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};

/// Why a token or a key in it cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The driver.
    #[error(
        "{path}: cannot be used as a PKCS#11 driver ({cause}); install the token's driver or \
         correct module-path"
    )]
    Module {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// No token fits the address.
    #[error(
        "token {wanted} is not there (there: {present}); plug it in or bring it back on the \
         network, nothing needs to be restarted"
    )]
    NoToken {
        /// Which was asked for.
        wanted: String,
        /// Those that are there.
        present: String,
    },
    /// Several tokens fit the address.
    #[error("{0} tokens fit {1}; add serial= to the address")]
    ManyTokens(usize, String),
    /// The PIN's file.
    #[error("{path}: the token's PIN cannot be read ({cause})")]
    PinFile {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// No source of the PIN.
    #[error(
        "there is no PIN for the token: name its file with pin-source=file:/PATH, or put it into \
         the variable {variable}"
    )]
    NoPin {
        /// The variable that was looked at.
        variable: String,
    },
    /// Nobody said where the PIN is.
    #[error("token {0} wants its PIN, and none was given")]
    PinNeeded(String),
    /// Nothing in the source.
    #[error("{0}: the token's PIN is empty")]
    EmptyPin(String),
    /// The token refused the PIN.
    #[error(
        "token {token} refused the PIN of {from}; it is not tried again, because a few wrong \
         tries lock the token: correct the PIN there"
    )]
    PinWrong {
        /// Which token.
        token: String,
        /// Where the PIN comes from.
        from: String,
    },
    /// Only one try is left.
    #[error(
        "token {0} would lock itself after one more wrong PIN, so none is tried: log in once \
         with the right PIN and the token's own program, which resets the count"
    )]
    LastTry(String),
    /// Too many wrong PINs.
    #[error(
        "the PIN of token {0} is locked: its security officer must set a new one with the \
         token's own program"
    )]
    PinLocked(String),
    /// The PIN must be changed first.
    #[error("the PIN of token {0} has expired or was never set: set it with the token's program")]
    PinExpired(String),
    /// No such key.
    #[error("token {token} holds no private key {key}")]
    NoKey {
        /// Which token.
        token: String,
        /// Label or identifier.
        key: String,
    },
    /// Several such keys.
    #[error("token {token} holds {count} private keys {key}; add id= to the address")]
    ManyKeys {
        /// Which token.
        token: String,
        /// Label or identifier.
        key: String,
        /// How many.
        count: usize,
    },
    /// The label of a new key is taken.
    #[error(
        "token {token} holds an object {label:?} already; nothing was made: use another token \
         or remove what is there with the token's own program"
    )]
    LabelTaken {
        /// Which token.
        token: String,
        /// The label.
        label: String,
    },
    /// The public key cannot be read or is of no kind used here.
    #[error("the public key of {0} cannot be read from its token, or is of no kind used here")]
    PublicKey(String),
    /// A key of another kind.
    #[error("{key}: {kind} does not sign with {algorithm}")]
    Algorithm {
        /// Which key.
        key: String,
        /// What it is.
        kind: String,
        /// What was asked for.
        algorithm: &'static str,
    },
    /// A key for a person at the token.
    #[error(
        "key {0} wants the PIN anew for every signature (CKA_ALWAYS_AUTHENTICATE), which a server \
         cannot give; use another key"
    )]
    AlwaysAuthenticate(String),
    /// The token cannot.
    #[error("token {token} cannot {what} (no {mechanism})")]
    Mechanism {
        /// Which token.
        token: String,
        /// What was to be done.
        what: String,
        /// The mechanisms, any of which would do.
        mechanism: &'static str,
    },
    /// A key is not kept as it must be.
    #[error("token {token} made {label:?} without keeping it {attribute}; it is not used")]
    Exposed {
        /// Which token.
        token: String,
        /// The key's label.
        label: String,
        /// `sensitive`, `private`, `inside`.
        attribute: &'static str,
    },
    /// A signature that does not verify.
    #[error("token {0} made a signature that does not verify; it was thrown away")]
    BadSignature(String),
    /// Another public key than before.
    #[error("token {token} came back with another key {key}; it is not used")]
    KeyChanged {
        /// Which token.
        token: String,
        /// Label or identifier.
        key: String,
    },
    /// Everything else the driver says.
    #[error(
        "token {token} does not answer as it should ({}); see that it is plugged in or \
         reachable, nothing needs to be restarted",
        brief(cause)
    )]
    Driver {
        /// Which token.
        token: String,
        /// What the driver said.
        cause: Error,
    },
}

/// The driver's code and function; the library's own texts are paragraphs of the standard.
pub(crate) fn brief(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("C_{function:?}: {code:?}"),
        other => other.to_string(),
    }
}

/// Whether a session, a login or the token itself is gone, so that logging in anew may help.
pub(crate) fn is_loss(error: &Error) -> bool {
    let Error::Pkcs11(code, _) = error else { return false };
    matches!(
        code,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::UserNotLoggedIn
            | RvError::ObjectHandleInvalid
            | RvError::KeyHandleInvalid
            | RvError::SlotIdInvalid
            | RvError::CryptokiNotInitialized
            | RvError::GeneralError
            | RvError::FunctionFailed
    )
}

/// What went wrong at a login.
pub(crate) fn at_login(error: Error, token: String, from: String) -> TokenError {
    match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            TokenError::PinWrong { token, from }
        }
        Error::Pkcs11(RvError::PinLocked, _) => TokenError::PinLocked(token),
        Error::Pkcs11(RvError::PinExpired | RvError::UserPinNotInitialized, _) => {
            TokenError::PinExpired(token)
        }
        cause => TokenError::Driver { token, cause },
    }
}

/// Whether a user of the token is logged in already, which is as good as a login.
pub(crate) fn is_logged_in(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::UserAlreadyLoggedIn, Function::Login))
}
