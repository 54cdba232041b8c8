use std::io::{self, BufRead};

use super::Version;

/// What stands before the version in a built application, and `;` behind it.
const STAMP: &str = "tegata-app version stamp ";

/// Most octets of a version in a stamp.
const MAX_LEN: usize = 32;

/// The version that a built application says of itself, found without starting it: in its octets,
/// or in those of an archive that holds it as it is. `None` for another program.
///
/// # Errors
/// When it cannot be read.
pub fn version_of_program(mut octets: impl BufRead) -> io::Result<Option<Version>> {
    let mut part = Vec::new();
    while octets.read_until(b';', &mut part)? > 0 {
        if let Some(version) = stamp_at_the_end(&part) {
            return Ok(Some(version));
        }
        part.clear();
    }
    Ok(None)
}

fn stamp_at_the_end(part: &[u8]) -> Option<Version> {
    let part = part.strip_suffix(b";")?;
    let end = &part[part.len().saturating_sub(STAMP.len() + MAX_LEN)..];
    let at = end.windows(STAMP.len()).rposition(|window| window == STAMP.as_bytes())?;
    std::str::from_utf8(&end[at + STAMP.len()..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(octets: &[u8]) -> Option<String> {
        version_of_program(octets).unwrap().map(|version| version.to_string())
    }

    #[test]
    fn the_stamp_is_found_among_other_octets() {
        assert_eq!(
            found(b"\x7fELF;;\0tegata-app version stamp 1.20.3;more"),
            Some("1.20.3".into())
        );
        let twice = b"tegata-app version stamp ;tegata-app version stamp 0.1.0;";
        assert_eq!(found(twice), Some("0.1.0".into()));
    }

    #[test]
    fn without_a_whole_stamp_there_is_no_version() {
        for octets in [&b""[..], b"MZ", b"tegata-app version stamp 1.2.3", b"version stamp 1.2.3;"]
        {
            assert_eq!(found(octets), None);
        }
    }
}
