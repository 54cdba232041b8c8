//! Identifiers that are computed instead of drawn, so that the next version knows the last one.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Keeps them apart from other uses of the same texts.
const SPACE: &[u8] = b"tegata installer identifier, version 1\0";

/// The identifier of a thing named by these parts (RFC 9562 §5.8: a version 8 UUID, the first
/// 16 octets of a SHA-256).
pub(super) fn guid(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new_with_prefix(SPACE);
    for part in parts {
        // With its length before it, no part runs into the next.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(octets).into_uuid()
}

/// As Windows Installer writes it: `{…}` in capitals.
pub(super) fn braced(id: Uuid) -> String {
    format!("{{{}}}", id.as_hyphenated().to_string().to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_the_same_thing_for_ever() {
        // Written down: another value would make the next version forget the ones before it.
        assert_eq!(
            braced(guid(&[b"upgrade", b"SB0001002C"])),
            "{404099B4-8A88-81C6-8DC2-452B00605070}"
        );
        assert_ne!(guid(&[b"ab", b"c"]), guid(&[b"a", b"bc"]));
    }
}
