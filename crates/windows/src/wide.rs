//! Texts as Windows takes and gives them: UTF-16, ended by a zero.

/// `text` for a call; cut at a zero, which none of ours holds.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().take_while(|unit| *unit != 0).chain([0]).collect()
}

/// The text at the start of `units`, up to a zero or their end.
pub(crate) fn narrow(units: &[u16]) -> String {
    let len = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..len])
}

/// The text at the start of little-endian octets.
pub(crate) fn narrow_octets(octets: &[u8]) -> String {
    let units: Vec<_> =
        octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    narrow(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_end_at_a_zero() {
        assert_eq!(narrow(&wide("通行手形")), "通行手形");
        assert_eq!(wide("a\0b"), [97, 0]);
        assert_eq!(narrow_octets(&[97, 0, 98, 0, 0, 0, 99]), "ab");
        assert_eq!(narrow(&[]), "");
    }
}
