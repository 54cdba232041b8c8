//! HTTP/1.1 on any stream, one request at a time: enough to hold a connection open, to cut it,
//! and to send what no library would.

use std::io::{self, Read, Write};

use serde_json::Value;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} {error}: {}", self.status, self.text()))
    }

    /// The body as a problem document of this status and code (RFC 9457).
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:tegata:problem:{code}"));
        for member in ["title", "detail", "reference"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "no {member} in {problem}");
        }
        problem
    }
}

/// The octets of a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut octets = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in headers {
        octets += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || method == "POST" {
        octets += &format!("content-length: {}\r\n", body.len());
    }
    [octets.as_bytes(), b"\r\n", body].concat()
}

/// Sends a request and reads its answer.
///
/// # Errors
/// When the connection ends before the answer does.
pub fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> io::Result<Answer> {
    stream.write_all(request)?;
    stream.flush()?;
    receive(stream)
}

/// Reads one answer.
///
/// # Errors
/// When the connection ends before the answer does, or it is none.
pub fn receive(stream: &mut impl Read) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(octets(stream, 1)?);
    }
    let none = || io::Error::new(io::ErrorKind::InvalidData, "not an answer of HTTP/1.1");
    let text = String::from_utf8(head).map_err(|_| none())?;
    let mut lines = text.trim_end().split("\r\n");
    let line = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).ok_or_else(none)?;
    let status: u16 = line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(none)?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    answer.body = match length {
        Some(length) => octets(stream, length)?,
        None if answer.header("transfer-encoding") == Some("chunked") => chunks(stream)?,
        None => Vec::new(),
    };
    Ok(answer)
}

fn octets(stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets)?;
    Ok(octets)
}

fn chunks(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(octets(stream, 1)?);
        }
        let size = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(size.trim(), 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a chunk"))?;
        body.extend(octets(stream, size)?);
        octets(stream, 2)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
