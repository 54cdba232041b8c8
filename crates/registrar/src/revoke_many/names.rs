//! The file that names certificates: a user ID or serial number a line, or a table whose first
//! column holds them. Anybody may have made it.

use crate::Target;

/// Most octets of a file: far more than the names of every seat of a large bank.
const MAX_OCTETS: usize = 16 * 1024 * 1024;

/// Most lines that are told to be wrong; who sees so many looks at the file.
const MAX_TOLD: usize = 20;

/// Why a file names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// Too large.
    #[error("the file has more than {} MB", MAX_OCTETS / 1024 / 1024)]
    TooLarge,
    /// Neither UTF-8 nor UTF-16. Shift_JIS passes where the first column is ASCII.
    #[error("the file is not a text")]
    NotText,
    /// Nothing in it.
    #[error("the file names nothing")]
    Empty,
    /// Lines that begin with neither.
    #[error("neither a user ID nor a serial number:\n{}{}", .lines.iter()
        .map(|(line, text)| format!("  line {line}: {text}")).collect::<Vec<_>>().join("\n"),
        if *.more == 0 { String::new() } else { format!("\n  and {more} more") })]
    Lines {
        /// Line, and what stands there, made harmless.
        lines: Vec<(usize, String)>,
        /// How many more there are.
        more: usize,
    },
}

/// Reads the names of a file. A first line that is the heading of a table, lines without anything
/// in their first column, and remarks behind `#` are passed over.
///
/// # Errors
/// See [`NamesError`]; a file with an error names nothing at all.
pub fn names_from(octets: &[u8]) -> Result<Vec<(usize, Target)>, NamesError> {
    if octets.len() > MAX_OCTETS {
        return Err(NamesError::TooLarge);
    }
    let text = text(octets).ok_or(NamesError::NotText)?;
    let (mut names, mut wrong) = (Vec::new(), Vec::new());
    for (line, row) in (1..).zip(text.lines()) {
        let field = first_field(row);
        if field.is_empty() || field.starts_with('#') || (line == 1 && is_heading(field)) {
            continue;
        }
        match field.parse::<Target>() {
            Ok(target) => names.push((line, target)),
            Err(_) => wrong.push((line, harmless(field))),
        }
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(MAX_TOLD);
        wrong.truncate(MAX_TOLD);
        return Err(NamesError::Lines { lines: wrong, more });
    }
    if names.is_empty() { Err(NamesError::Empty) } else { Ok(names) }
}

/// Decodes what spreadsheets write.
fn text(octets: &[u8]) -> Option<String> {
    let utf16 = |octets: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = octets.as_chunks::<2>();
        rest.is_empty().then(|| units.iter().map(|two| unit(*two)).collect::<Vec<_>>())
    };
    let units = match octets {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        octets => {
            let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
            // Columns behind the first may be in any encoding; in the first it will not be a name.
            return (!octets.contains(&0)).then(|| String::from_utf8_lossy(octets).into_owned());
        }
    };
    String::from_utf16(&units?).ok()
}

fn first_field(row: &str) -> &str {
    let end = row.find([',', ';', '\t']).unwrap_or(row.len());
    row[..end].trim().trim_matches('"').trim()
}

fn is_heading(field: &str) -> bool {
    ["user_id", "user id", "serial", "利用者id", "利用者ＩＤ", "シリアル番号"]
        .contains(&field.to_lowercase().as_str())
        || field == "利用者ＩＤ"
}

/// What a terminal shows of a text that anybody may have written.
fn harmless(field: &str) -> String {
    let shown: String = field.chars().take(40).flat_map(char::escape_debug).collect();
    format!("{shown:?}").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn targets(octets: &[u8]) -> Vec<String> {
        names_from(octets).unwrap().iter().map(|(_, target)| target.to_string()).collect()
    }

    #[test]
    fn a_list_and_what_spreadsheets_write_are_read() {
        let expected = ["CMSM950-006-401", "CMSM950-006-402"];
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(unit).collect::<Vec<u8>>()
        };
        let table = "\u{feff}user_id,名前\r\nCMSM950-006-401,山田\r\n\"cmsm950-006-402\",=1+1\r\n";
        for octets in [
            b"CMSM950-006-401\n# lost on the train\n\nCMSM950-006-402".to_vec(),
            table.as_bytes().to_vec(),
            utf16(table, u16::to_le_bytes),
            utf16(table, u16::to_be_bytes),
            b"CMSM950-006-401;\x8e\x52\nCMSM950-006-402\t\xff\n".to_vec(),
        ] {
            assert_eq!(targets(&octets), expected, "{octets:?}");
        }
    }

    #[test]
    fn a_hostile_line_stops_everything_and_is_shown_without_harm() {
        let file = "CMSM950-006-401\n=HYPERLINK(\"http://x\")\n\u{1b}[2J*\nCMSM%\n";
        let error = names_from(file.as_bytes()).unwrap_err();
        let NamesError::Lines { lines, more } = &error else { panic!("{error}") };
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(*more, 0);
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        assert_eq!(names_from(b"CMSM950\0-006"), Err(NamesError::NotText));
        assert_eq!(names_from(b"\xff\xfea"), Err(NamesError::NotText));
        assert_eq!(names_from(b"# nothing\n"), Err(NamesError::Empty));
        assert_eq!(names_from(&vec![b'A'; MAX_OCTETS + 1]), Err(NamesError::TooLarge));
    }

    proptest! {
        #[test]
        fn no_octets_panic_and_no_control_character_comes_back(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Err(error) = names_from(&octets) {
                prop_assert!(error.to_string().chars().all(|c| c == '\n' || !c.is_control()));
            }
        }
    }
}
