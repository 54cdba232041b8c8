//! What is refused before a text is parsed or shown.

/// Deepest nesting of placeables that is read: nobody's mail has more than three, and the parser
/// calls itself for each.
pub(crate) const DEEPEST: usize = 8;

/// The line, counted from 1, where Fluent nests deeper than [`DEEPEST`].
///
/// Never less is counted than the parser would nest: what closes is not counted where it may stand
/// in a string, which ends with its line. Messages begin at 0.
pub(crate) fn nests_at(source: &str) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (index, line) in source.split('\n').enumerate() {
        if begins(line) {
            (braces, brackets) = (0, 0);
        }
        if line.starts_with('#') {
            continue;
        }
        let (mut rest, mut quoted) = (line, false);
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '{' => match simple(rest, quoted) {
                    Some(behind) if braces < DEEPEST => rest = behind,
                    _ => braces += 1,
                },
                '}' if !quoted => braces = braces.saturating_sub(1),
                '(' if braces > 0 => brackets += 1,
                ')' if !quoted => brackets = brackets.saturating_sub(1),
                '"' if braces > 0 => quoted = true,
                _ => {}
            }
            if braces == 0 {
                brackets = 0;
            }
            if braces.max(brackets) > DEEPEST {
                return Some(index + 1);
            }
        }
    }
    None
}

/// Whether a line cannot be in the midst of anything: a comment, or `name =`.
fn begins(line: &str) -> bool {
    let name = line.trim_start_matches('-');
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let behind = name.trim_start_matches(of_name);
    line.starts_with('#')
        || name.starts_with(|c: char| c.is_ascii_alphabetic())
            && behind.trim_start_matches(' ').starts_with('=')
}

/// What stands behind a placeable of a variable or a string alone, whose brace is open. Where a
/// string may have begun before, a quotation mark may be its end.
fn simple(rest: &str, quoted: bool) -> Option<&str> {
    let inner = rest.trim_start_matches(' ');
    let behind = match inner.strip_prefix('"') {
        Some(_) if quoted => return None,
        Some(string) => {
            let mut escaped = false;
            let end = string.find(|c: char| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })?;
            string.get(end + 1..)?
        }
        None => inner
            .strip_prefix('$')?
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')),
    };
    behind.trim_start_matches(' ').strip_prefix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_counted_and_what_does_not_is_none() {
        let eight = format!("a = {}$b{}\n", "{ ".repeat(8), " }".repeat(8));
        assert_eq!(nests_at(&eight), None);
        for fine in [
            format!("a = {}\n", "{ $b } { \"{\" } ({ \"}\" }) ".repeat(99)),
            "a = { $b -> *[x] ( }".repeat(20),
            "a = { $b\nb = { $c\n".repeat(20),
            format!("# {}\n", "{".repeat(99)),
            format!("a = \"{}\n", "{ $b }".repeat(99)),
            "a = { $b -> *[x] ( } { $b } (((((((((((\n".to_owned(),
        ] {
            assert_eq!(nests_at(&fine), None, "{fine}");
        }
        for (deep, line) in [
            (format!("a = {}", "{".repeat(9)), 1),
            (format!("a = b\nc = {}", "{\n".repeat(99)), 10),
            (format!("a = {}", "{ { \"}\" -> *[x] ".repeat(9)), 1),
            (format!("a = {{ {}", "F(".repeat(9)), 1),
            (format!("a = {{ {}", "F(\"}\", \")\", ".repeat(9)), 1),
            (format!("a = {{ {}", "F(\"{\", F(\"}\", ".repeat(9)), 1),
            (format!("a = {{ {}", "\nF(".repeat(9)), 10),
            (format!("a = {}", "{ $b ->\n *[x] \" {\n".repeat(9)), 9),
            (format!("a = {}", "{ $b ->\n *[x] ) {\n".repeat(9)), 9),
        ] {
            assert_eq!(nests_at(&deep), Some(line), "{deep}");
        }
    }
}
