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
