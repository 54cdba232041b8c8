//! Why nothing came of a connection, in the person's language as far as it is known.

use std::fmt;
use std::io::{self, ErrorKind};

use tegata_text::Text;

use crate::error::plain;

/// A cause that can be said in any language, and what the system or the library said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    cause: Option<Cause>,
    said: String,
}

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No address for the name.
    NotFound,
    /// Somebody is there and does not take connections.
    Refused,
    /// Nobody answers, or not in time.
    TimedOut,
    /// No network leads there.
    NoRoute,
    /// The connection ended before the answer did.
    Cut,
    /// The other side does not speak TLS, or not the same.
    Tls,
}

impl Reason {
    /// `cause`, with what was said of it.
    pub fn of(cause: Cause, said: impl Into<String>) -> Self {
        Self { cause: Some(cause), said: said.into() }
    }

    /// What `error` is about, by its kind: never by its words, which are in any language.
    pub(crate) fn io(error: &io::Error) -> Self {
        let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        let cause = match error.kind() {
            _ if is_tls => Cause::Tls,
            ErrorKind::ConnectionRefused => Cause::Refused,
            // A socket whose time is over says one or the other, by the system.
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Cause::TimedOut,
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => Cause::NoRoute,
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Cause::Cut,
            _ => return error.to_string().into(),
        };
        Self::of(cause, error.to_string())
    }

    /// The cause in the language of `text`, and behind it what was said.
    pub fn line(&self, text: Text) -> String {
        let said = plain(&self.said);
        let cause = match self.cause {
            None => return said,
            Some(Cause::NotFound) => text.app_reason_not_found(),
            Some(Cause::Refused) => text.app_reason_refused(),
            Some(Cause::TimedOut) => text.app_reason_timed_out(),
            Some(Cause::NoRoute) => text.app_reason_no_route(),
            Some(Cause::Cut) => text.app_reason_cut(),
            Some(Cause::Tls) => text.app_reason_tls(),
        };
        if said.is_empty() { cause } else { text.app_reason(&cause, &said) }
    }
}

impl From<String> for Reason {
    fn from(said: String) -> Self {
        Self { cause: None, said }
    }
}

impl From<&str> for Reason {
    fn from(said: &str) -> Self {
        said.to_owned().into()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use tegata_text::Lang;

    use super::*;
    use crate::Error;
    use crate::proof::Proof;
    use crate::transport::{ProxyTrouble, TransportError};

    #[test]
    fn the_cause_is_said_in_the_persons_language_and_the_rest_behind_it() {
        let error = TcpStream::connect("127.0.0.1:9").unwrap_err();
        let refused = Reason::io(&error);
        let line = refused.line(Text::of(Lang::Ja));
        assert!(line.starts_with("接続が拒否されました") && line.contains("refused"), "{line}");
        let tls = io::Error::other(rustls::Error::General("no".to_owned()));
        for (error, cause) in [
            (io::Error::from(ErrorKind::TimedOut), Cause::TimedOut),
            (io::Error::from(ErrorKind::HostUnreachable), Cause::NoRoute),
            (io::Error::from(ErrorKind::UnexpectedEof), Cause::Cut),
            (tls, Cause::Tls),
        ] {
            assert_eq!(Reason::io(&error).cause, Some(cause), "{error}");
        }
        assert_eq!(Reason::from("odd\u{1b}[1m").line(Text::of(Lang::Ja)), "odd[1m");
    }

    #[test]
    fn no_japanese_sentence_about_a_connection_is_english_but_for_its_detail() {
        let text = Text::of(Lang::Ja);
        let because = || Reason::of(Cause::Refused, "Connection refused (os error 111)");
        let trouble = ProxyTrouble::Unreachable(because());
        let errors = [
            TransportError::NoConnection(because()),
            TransportError::LostReply(because()),
            TransportError::Proxy { proxy: "p:8080".to_owned(), trouble },
        ];
        for error in errors {
            let title = Error::from(error.clone()).explain(text).title;
            assert!(title.contains("接続が拒否されました"), "{title}");
            let proof = Proof::Unreachable(error).line(text);
            assert!(proof.contains("接続が拒否されました"), "{proof}");
        }
        let proof = Proof::Unreachable(TransportError::HostNotFound).line(text);
        assert!(!proof.contains("host not found"), "{proof}");
    }
}
