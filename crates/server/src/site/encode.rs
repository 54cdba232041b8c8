use std::fmt::Write;

/// Percent-encodes everything but the unreserved characters (RFC 3986 §2.3): the result is
/// one path segment, one query value, or one `ext-value` of RFC 8187.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            // A String takes everything.
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent("a-Z_0.9~"), "a-Z_0.9~");
        assert_eq!(percent("https://h:1/é\"&<"), "https%3A%2F%2Fh%3A1%2F%C3%A9%22%26%3C");
    }
}
