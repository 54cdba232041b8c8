use std::fmt::Write;

/// A digest as people compare it: upper-case hexadecimal in groups of four digits with a
/// space between, `9F86 D081 …`. The slip shows the same groups.
pub fn fingerprint(digest: &[u8]) -> String {
    let mut out = String::with_capacity(digest.len() * 5 / 2);
    for (i, octet) in digest.iter().enumerate() {
        if i > 0 && i % 2 == 0 {
            out.push(' ');
        }
        // A String takes everything.
        let _ = write!(out, "{octet:02X}");
    }
    out
}

/// The same as HTML: each group is one word that never breaks across lines.
pub fn fingerprint_html(digest: &[u8]) -> String {
    let groups: Vec<_> =
        fingerprint(digest).split(' ').map(|group| format!("<span>{group}</span>")).collect();
    format!(r#"<code class="fingerprint">{}</code>"#, groups.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_four_digits() {
        assert_eq!(fingerprint(&[0x9f, 0x86, 0xd0, 0x81, 0x0a]), "9F86 D081 0A");
        assert_eq!(fingerprint(&[]), "");
        assert_eq!(fingerprint(&[0; 32]).split(' ').count(), 16);
    }

    #[test]
    fn copied_html_reads_as_the_text() {
        let html = fingerprint_html(&[0x9f, 0x86, 0xd0, 0x81]);
        assert_eq!(html, r#"<code class="fingerprint"><span>9F86</span> <span>D081</span></code>"#);
    }
}
