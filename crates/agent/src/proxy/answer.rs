//! What a proxy answers to `CONNECT` (RFC 9110 §9.3.6).

use super::auth::{Challenge, challenges};

/// Longest head of an answer, in octets. A Kerberos token may stand in it.
pub const MAX_HEAD: usize = 96 * 1024;

/// Most header lines of an answer.
const MAX_HEADERS: usize = 100;

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What the proxy offers to those who have to prove who they are.
    pub challenges: Vec<Challenge>,
    /// How the rest of the answer ends.
    pub body: Body,
    /// Whether the connection is said to stay open.
    pub is_kept: bool,
}

/// How a body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// After so many octets.
    Length(u64),
    /// By chunks.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// Not an answer of HTTP/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy does not answer with HTTP")]
pub struct AnswerError;

impl Answer {
    /// Reads a head from its octets so far, and says how long it is; `None` while its end has not
    /// arrived.
    ///
    /// # Errors
    /// When it is no HTTP, or longer than [`MAX_HEAD`].
    pub fn read(octets: &[u8]) -> Result<Option<(Self, usize)>, AnswerError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(&octets[..octets.len().min(MAX_HEAD)]) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if octets.len() < MAX_HEAD => return Ok(None),
            Ok(httparse::Status::Partial) | Err(_) => return Err(AnswerError),
        };
        // Three digits, of which RFC 9110 §15 knows five kinds.
        let status = response.code.filter(|code| (100..600).contains(code)).ok_or(AnswerError)?;
        let version = response.version;
        let values = |name: &'static str| {
            let named = response.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name));
            named.map(|header| header.value)
        };
        let says = |name, word: &str| {
            values(name).any(|value| {
                let mut words = value.split(|octet| *octet == b',');
                words.any(|said| said.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
            })
        };
        // Older proxies write `Proxy-Connection`, which never was a standard.
        let either = |word| says("connection", word) || says("proxy-connection", word);
        let is_kept = !either("close") && (version == Some(1) || either("keep-alive"));
        let lengths: Vec<_> = values("content-length").map(number).collect();
        let body = match lengths[..] {
            _ if says("transfer-encoding", "chunked") => Body::Chunked,
            // Neither has a body, whatever its head says (RFC 9110 §9.3.6, §15.2).
            _ if status < 300 || status == 304 => Body::Length(0),
            [Some(length), ref more @ ..] if more.iter().all(|other| *other == Some(length)) => {
                Body::Length(length)
            }
            _ => Body::UntilClose,
        };
        let challenges = challenges(values("proxy-authenticate"));
        Ok(Some((Self { status, challenges, body, is_kept }, length)))
    }
}

fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proxy::Scheme;

    fn read(head: &str) -> Answer {
        let (answer, length) = Answer::read(head.as_bytes()).unwrap().unwrap();
        assert_eq!(length, head.len());
        answer
    }

    #[test]
    fn a_tunnel_is_open() {
        let answer = read("HTTP/1.1 200 Connection established\r\n\r\n");
        let challenges = vec![];
        let open = Answer { status: 200, challenges, body: Body::Length(0), is_kept: true };
        assert_eq!(answer, open);
        let odd = read("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n");
        assert_eq!((odd.body, odd.is_kept), (Body::Length(0), false));
    }

    #[test]
    fn a_proxy_wants_to_know_who_asks() {
        let answer = read(
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\
             proxy-authenticate: Basic realm=\"x\"\r\nContent-Length: 12\r\n\
             Proxy-Connection: close\r\n\r\n",
        );
        let schemes: Vec<_> = answer.challenges.iter().filter_map(|c| c.scheme).collect();
        assert_eq!(schemes, [Scheme::Ntlm, Scheme::Basic]);
        assert_eq!((answer.status, answer.body, answer.is_kept), (407, Body::Length(12), false));
    }

    #[test]
    fn bodies_end_in_three_ways() {
        let body = |headers: &str| read(&format!("HTTP/1.1 502 X\r\n{headers}\r\n")).body;
        assert_eq!(body("Content-Length: 3\r\nContent-Length: 3\r\n"), Body::Length(3));
        assert_eq!(body("Content-Length: 3\r\nContent-Length: 4\r\n"), Body::UntilClose);
        assert_eq!(body("Content-Length: +3\r\n"), Body::UntilClose);
        assert_eq!(body("Content-Length: 99999999999999999999\r\n"), Body::UntilClose);
        assert_eq!(body("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), Body::Chunked);
        assert_eq!(body(""), Body::UntilClose);
    }

    #[test]
    fn an_unfinished_head_is_waited_for_and_an_endless_one_is_not() {
        let head = "HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(Answer::read(&head.as_bytes()[..end]), Ok(None), "{end}");
        }
        let endless = format!("HTTP/1.1 407 X\r\nX: {}", "x".repeat(MAX_HEAD));
        assert_eq!(Answer::read(endless.as_bytes()), Err(AnswerError));
        let many = format!("HTTP/1.1 407 X\r\n{}\r\n", "X: x\r\n".repeat(MAX_HEADERS + 1));
        assert_eq!(Answer::read(many.as_bytes()), Err(AnswerError));
    }

    #[test]
    fn other_protocols_are_told() {
        for octets in [
            &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
            b"\x16\x03\x01\x00",
            b"HTTP/2 200 OK\r\n\r\n",
            b"HTTP/1.1 020 OK\r\n\r\n",
            b"HTTP/1.1 600 OK\r\n\r\n",
        ] {
            assert_eq!(Answer::read(octets), Err(AnswerError), "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Answer::read(&octets);
            let _ = Answer::read(&[b"HTTP/1.1 407 X\r\nProxy-Authenticate: ", &octets[..], b"\r\n\r\n"].concat());
        }
    }
}
