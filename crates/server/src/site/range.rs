use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};

/// The part of a file that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From an octet on to the end.
    From(u64),
    /// Something that is not there.
    Beyond,
}

/// What a request asks for of a file with this length and entity tag: of the ranges of RFC 9110
/// §14.1.2 the one by which an interrupted download goes on, `bytes=N-`. Whoever asks for another
/// gets everything, as the RFC allows.
pub(super) fn asked(headers: &HeaderMap, len: u64, tag: &str) -> Part {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // Of another version of the file nothing fits (§13.1.5).
    if value(IF_RANGE).is_some_and(|known| known.trim() != tag) {
        return Part::Whole;
    }
    let first =
        value(RANGE).and_then(|range| range.trim().strip_prefix("bytes=")?.strip_suffix('-'));
    let digits = first.filter(|first| first.bytes().all(|c| c.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        None => Part::Whole,
        Some(first) if first < len => Part::From(first),
        Some(_) => Part::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rest_of_a_file_is_a_part() {
        let ask = |range: &str, known: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, range.parse().unwrap());
            known.map(|tag| headers.insert(IF_RANGE, tag.parse().unwrap()));
            asked(&headers, 10, "\"a\"")
        };
        assert_eq!(asked(&HeaderMap::new(), 10, "\"a\""), Part::Whole);
        assert_eq!(ask("bytes=0-", None), Part::From(0));
        assert_eq!(ask("bytes=9-", Some("\"a\"")), Part::From(9));
        assert_eq!(ask("bytes=9-", Some("\"b\"")), Part::Whole);
        assert_eq!(ask("bytes=10-", None), Part::Beyond);
        for other in
            ["bytes=1-2", "bytes=-5", "bytes=1-,3-", "octets=1-", "bytes=+1-", "bytes=-", ""]
        {
            assert_eq!(ask(other, None), Part::Whole, "{other}");
        }
    }
}
