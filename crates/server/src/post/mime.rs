//! Parts of a mail, octet for octet. What is signed passes every relay unchanged: lines of 76
//! characters, no blanks at their ends, no dot and no *From* at their beginnings, seven bits
//! (RFC 8551 §3.1.2, §3.5.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Characters of a line of base64 (RFC 2045 §6.8).
const LINE: usize = 76;

/// A part of plain text, in canonical form.
pub fn text(body: &str) -> Vec<u8> {
    let mut part = b"Content-Type: text/plain; charset=utf-8\r\n\
                     Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    part.extend_from_slice(&encoded(body));
    part
}

/// Plain text in base64.
pub fn encoded(body: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 3 / 2);
    // Text has CRLF at its lines' ends before it is encoded (RFC 2045 §6.8).
    let lines: Vec<_> = body.lines().collect();
    push_base64(&mut out, (lines.join("\r\n") + "\r\n").as_bytes());
    out
}

/// A `multipart/signed` (RFC 1847 §2.1): its content type, and what follows the header.
pub fn signed(part: &[u8], micalg: &str, signature: &[u8]) -> (String, Vec<u8>) {
    // In no part: neither base64 nor the headers above have two dashes at a line's beginning.
    let boundary = format!("tegata-{}", hex::encode(&Sha256::digest(part)[..12]));
    let content_type = format!(
        "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg}; \
         boundary=\"{boundary}\""
    );
    let mut out = Vec::with_capacity(part.len() + signature.len() * 3 / 2 + 1024);
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    out.extend_from_slice(part);
    // This line break belongs to the boundary, not to the part.
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\n\
             Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        )
        .as_bytes(),
    );
    push_base64(&mut out, signature);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (content_type, out)
}

fn push_base64(out: &mut Vec<u8>, octets: &[u8]) {
    for line in octets.chunks(LINE / 4 * 3) {
        out.extend_from_slice(STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What relays are known to change does not occur: long lines, blanks at the end, dots and
        /// *From* at the beginning, eight bits, bare line breaks (RFC 5321 §4.5.3.1.6, RFC 4155).
        #[test]
        fn no_relay_finds_anything_to_change(body in ".{0,3}(From .|\\.|[ \t]{1,3}|\\PC{0,90}|\r?\n|--){0,40}") {
            let part = text(&body);
            let (_, whole) = signed(&part, "sha-256", &[0xff; 700]);
            let whole = String::from_utf8(whole).unwrap();
            prop_assert!(whole.is_ascii() && whole.ends_with("\r\n"));
            for line in whole.split("\r\n") {
                prop_assert!(line.len() <= 78 && !line.contains(['\r', '\n', '\0']));
                prop_assert!(!line.ends_with([' ', '\t']) && !line.starts_with('.'));
                prop_assert!(!line.starts_with("From "));
            }
            // The part stands between two boundaries as it was signed.
            let boundary = format!("--{}", whole.lines().next().unwrap().trim_start_matches("--"));
            let found = whole.split(&boundary).nth(1).unwrap();
            let found = found.strip_prefix("\r\n").and_then(|part| part.strip_suffix("\r\n"));
            prop_assert_eq!(found.unwrap().as_bytes(), &part[..]);
        }

        /// And what was written is read again.
        #[test]
        fn the_text_arrives(body in "\\PC{0,200}(\r?\n\\PC{0,80}){0,8}") {
            let part = text(&body);
            let mail = mail_parser::MessageParser::default().parse(&part[..]).unwrap();
            let arrived = mail.body_text(0).unwrap().into_owned();
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let (mut sent, mut got) = (lines(&body), lines(&arrived));
            // An empty text and one empty line are the same.
            for text in [&mut sent, &mut got] {
                while text.last().is_some_and(String::is_empty) {
                    text.pop();
                }
            }
            prop_assert_eq!(sent, got);
        }
    }
}
