//! `CONNECT` through a proxy, with whatever it asks for (RFC 9110 §9.3.6, §11.7).

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::answer::{Answer, Body, MAX_HEAD};
use super::auth::{Abilities, Challenge, Known, Plan, ProxyPerson, Salt, Try, begin};
use super::{Line, ProxyAddress};
use crate::transport::{ProxyTrouble, Reason, TransportError};

/// Longest wait for an answer to `CONNECT`: the proxy connects to the server meanwhile.
const ANSWER: Duration = Duration::from_secs(30);

/// Longest page of a refusal that is read away to use the connection again, in octets.
const MAX_PAGE: u64 = 256 * 1024;

/// Most messages of one exchange; NTLM takes two, Kerberos rarely three.
const MAX_STEPS: usize = 5;

/// A proxy, what is behind it, and everything needed to get there.
pub(super) struct Tunnel<'a> {
    pub(super) proxy: &'a ProxyAddress,
    /// Host and port of the server, as in a URL.
    pub(super) target: &'a str,
    pub(super) user_agent: &'a str,
    pub(super) known: &'a Known,
    pub(super) person: &'a dyn ProxyPerson,
    pub(super) abilities: Abilities,
    /// Opens a new connection to the proxy.
    pub(super) dial: &'a dyn Fn() -> io::Result<Line>,
    /// Draws what an exchange needs.
    pub(super) salt: &'a dyn Fn() -> Salt,
}

/// How a try ended.
enum Tried {
    Open(Line),
    Refused(Vec<Challenge>),
    /// It could not be made; nothing was refused.
    Impossible,
}

impl Tunnel<'_> {
    /// Opens the tunnel. Each try has a connection of its own: a person may take minutes to
    /// answer, and NTLM proves a connection, not a request.
    pub(super) fn open(&self) -> Result<Line, TransportError> {
        let mut line = self.dial()?;
        let answer = self.ask(&mut line, None)?;
        if answer.status != 407 {
            return self.through(line, &answer);
        }
        drop(line);
        let mut offered = answer.challenges;
        let mut plan = Plan::new(self.proxy, self.known, self.person, self.abilities);
        while let Some(next) = plan.next(&offered) {
            match self.attempt(&next)? {
                Tried::Open(line) => {
                    plan.passed(next);
                    return Ok(line);
                }
                Tried::Refused(challenges) => {
                    plan.refused(next);
                    // In the middle of an exchange some proxies name only the scheme in use.
                    if challenges.len() >= offered.len() {
                        offered = challenges;
                    }
                }
                Tried::Impossible => {}
            }
        }
        Err(TransportError::ProxyRefused {
            proxy: self.proxy.to_string(),
            realm: offered.iter().find_map(|challenge| challenge.realm.clone()),
            schemes: offered.into_iter().map(|challenge| challenge.name).collect(),
            refusals: plan.refusals(),
        })
    }

    /// One try on a new connection.
    fn attempt(&self, next: &Try) -> Result<Tried, TransportError> {
        let (scheme, account) = match next {
            Try::SignedIn(scheme) => (*scheme, None),
            Try::As(scheme, account) => (*scheme, Some(account)),
        };
        let Some(mut exchange) = begin(scheme, self.proxy, account, (self.salt)()) else {
            return Ok(Tried::Impossible);
        };
        let mut line = self.dial()?;
        let mut token: Option<Vec<u8>> = None;
        for _ in 0..MAX_STEPS {
            let proof = match exchange.next(token.as_deref()) {
                Ok(proof) => proof,
                // Who is signed in may have no ticket for this proxy; that is no fault of anyone.
                Err(_) if account.is_none() => return Ok(Tried::Impossible),
                Err(why) => return Err(self.trouble(ProxyTrouble::Unusable(why))),
            };
            let answer = self.ask(&mut line, Some(&proof))?;
            if answer.status != 407 {
                return self.through(line, &answer).map(Tried::Open);
            }
            let offer = answer.challenges.iter().find(|challenge| challenge.scheme == Some(scheme));
            token = offer.and_then(|challenge| challenge.token.clone());
            if token.is_none() {
                return Ok(Tried::Refused(answer.challenges));
            }
            if !answer.is_kept || !self.skip(&mut line, answer.body)? {
                let why = "the proxy closed the connection in the middle of signing in";
                return Err(self.trouble(ProxyTrouble::Unusable(why.to_owned())));
            }
        }
        Ok(Tried::Refused(Vec::new()))
    }

    /// Reads the page of an answer away, within the time that an answer may take.
    fn skip(&self, line: &mut Line, body: Body) -> Result<bool, TransportError> {
        let until = Instant::now() + ANSWER;
        skip(&mut line.until(until), body).map_err(|error| self.cut(&error))
    }

    fn dial(&self) -> Result<Line, TransportError> {
        (self.dial)().map_err(|error| self.trouble(ProxyTrouble::Unreachable(Reason::io(&error))))
    }

    /// The connection, when the proxy says that the server is at its other end.
    fn through(&self, line: Line, answer: &Answer) -> Result<Line, TransportError> {
        match answer.status {
            200..=299 => Ok(line),
            status => Err(self.trouble(ProxyTrouble::Status(status))),
        }
    }

    /// Sends one `CONNECT` and reads the head of its answer.
    fn ask(&self, line: &mut Line, proof: Option<&str>) -> Result<Answer, TransportError> {
        let Self { target, user_agent, .. } = self;
        let room = 256 + 2 * target.len() + user_agent.len() + proof.map_or(0, str::len);
        let mut request = Zeroizing::new(String::with_capacity(room));
        for part in ["CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\nUser-Agent: "] {
            request.push_str(part);
        }
        request.push_str(user_agent);
        request.push_str("\r\nProxy-Connection: Keep-Alive\r\n");
        if let Some(proof) = proof {
            for part in ["Proxy-Authorization: ", proof, "\r\n"] {
                request.push_str(part);
            }
        }
        request.push_str("\r\n");
        line.set_timeout(Some(ANSWER)).map_err(|error| self.cut(&error))?;
        line.write_all(request.as_bytes()).map_err(|error| self.cut(&error))?;
        line.flush().map_err(|error| self.cut(&error))?;
        self.answer(line)
    }

    /// Reads the head of an answer and nothing behind it, so that nothing of the server is lost.
    fn answer(&self, line: &mut Line) -> Result<Answer, TransportError> {
        let began = Instant::now();
        let mut head = Vec::new();
        loop {
            let mut octet = [0];
            let left = ANSWER.saturating_sub(began.elapsed());
            line.set_timeout(Some(left)).map_err(|error| self.cut(&error))?;
            if left.is_zero() || head.len() >= MAX_HEAD {
                let why = "the proxy's answer does not end".to_owned();
                return Err(self.trouble(ProxyTrouble::Unusable(why)));
            }
            if line.read(&mut octet).map_err(|error| self.cut(&error))? == 0 {
                let why = "the proxy closed the connection without an answer".to_owned();
                return Err(self.trouble(ProxyTrouble::Unusable(why)));
            }
            head.push(octet[0]);
            if octet != *b"\n" {
                continue;
            }
            match Answer::read(&head) {
                // Interim answers (RFC 9110 §15.2) come before the one that counts.
                Ok(Some((answer, _))) if answer.status < 200 => head.clear(),
                Ok(Some((answer, _))) => return Ok(answer),
                Ok(None) => {}
                Err(error) => return Err(self.trouble(ProxyTrouble::Unusable(error.to_string()))),
            }
        }
    }

    fn cut(&self, error: &io::Error) -> TransportError {
        self.trouble(ProxyTrouble::Unusable(error.to_string()))
    }

    fn trouble(&self, trouble: ProxyTrouble) -> TransportError {
        TransportError::Proxy { proxy: self.proxy.to_string(), trouble }
    }
}

/// Reads a page away; false when the connection cannot be used again after it.
fn skip(line: &mut impl Read, body: Body) -> io::Result<bool> {
    let drop_octets = |line: &mut dyn Read, length: u64| {
        let dropped = io::copy(&mut line.take(length), &mut io::sink())?;
        Ok::<_, io::Error>(dropped == length)
    };
    match body {
        Body::UntilClose => Ok(false),
        Body::Length(length) if length > MAX_PAGE => Ok(false),
        Body::Length(length) => drop_octets(line, length),
        Body::Chunked => {
            let mut left = MAX_PAGE;
            loop {
                let size = line_of(line)?;
                let size = size.split(';').next().unwrap_or_default().trim();
                let Ok(size) = u64::from_str_radix(size, 16) else { return Ok(false) };
                if size == 0 {
                    break;
                }
                let Some(rest) = left.checked_sub(size) else { return Ok(false) };
                left = rest;
                if !drop_octets(line, size)? || !line_of(line)?.is_empty() {
                    return Ok(false);
                }
            }
            // Trailers, up to the empty line.
            for _ in 0..16 {
                if line_of(line)?.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// One line without its end; a line that is too long or no text ends everything. Octet by octet:
/// what follows belongs to whoever reads next.
fn line_of(line: &mut impl Read) -> io::Result<String> {
    let mut text = Vec::new();
    while text.len() < 1024 {
        let mut octet = [0];
        line.read_exact(&mut octet)?;
        if octet == *b"\n" {
            let text = text.strip_suffix(b"\r").unwrap_or(&text);
            return String::from_utf8(text.to_vec()).map_err(io::Error::other);
        }
        text.extend(octet);
    }
    Err(io::Error::from(io::ErrorKind::InvalidData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_drips_is_not_read_to_its_end() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (ends, ended) = std::sync::mpsc::channel::<()>();
        let drips = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let tick = Duration::from_millis(20);
            while stream.write_all(b"x").is_ok() {
                if ended.recv_timeout(tick) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    break;
                }
            }
        });
        let mut line = Line::open(&[address], ANSWER).unwrap();
        let until = Instant::now() + Duration::from_millis(200);
        // At this rate it would take an hour.
        let skipped = skip(&mut line.until(until), Body::Length(180_000));
        let kind = skipped.unwrap_err().kind();
        assert!(matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{kind}");
        drop(ends);
        drips.join().unwrap();
    }

    #[test]
    fn pages_are_read_away_to_their_end() {
        for (page, body, rest) in [
            ("page|next", Body::Length(5), Some("next")),
            ("next", Body::Length(0), Some("next")),
            ("4\r\npage\r\n0\r\n\r\nnext", Body::Chunked, Some("next")),
            ("2;x=y\r\npa\r\n2\r\nge\r\n0\r\nTrailer: x\r\n\r\nnext", Body::Chunked, Some("next")),
            ("pa", Body::Length(5), None),
            ("page", Body::UntilClose, None),
            ("", Body::Length(MAX_PAGE + 1), None),
            ("x\r\n", Body::Chunked, None),
            ("ffffffff\r\n", Body::Chunked, None),
            ("4\r\npages\r\n0\r\n\r\n", Body::Chunked, None),
        ] {
            let mut octets = page.as_bytes();
            let is_usable = skip(&mut octets, body).unwrap_or(false);
            assert_eq!(is_usable.then_some(octets), rest.map(str::as_bytes), "{page:?}");
        }
    }
}
