//! Keys that everyone has.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One key a line: SHA-256 of the SubjectPublicKeyInfo, then where it is published.
const LIST: &str = include_str!("published.txt");

static HASHES: LazyLock<BTreeSet<[u8; 32]>> = LazyLock::new(|| {
    let hashes = LIST.lines().filter(|line| !line.starts_with('#'));
    hashes.filter_map(|line| hash(line.split(' ').next().unwrap_or_default())).collect()
});

/// Whether the private half of this key (DER of a SubjectPublicKeyInfo) is published.
pub(super) fn contains(spki: &[u8]) -> bool {
    HASHES.contains(&<[u8; 32]>::from(Sha256::digest(spki)))
}

fn hash(hex: &str) -> Option<[u8; 32]> {
    let pairs = hex.as_bytes().chunks(2);
    let octets: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    octets?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#')).count();
        assert!(lines > 0);
        assert_eq!(HASHES.len(), lines);
    }
}
