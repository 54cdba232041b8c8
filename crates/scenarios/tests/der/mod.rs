//! DER written by hand, for what no library would write.

use rcgen::SigningKey;
use tegata_scenarios::key::Key;

/// A PKCS#10 request for the key of `subject`, signed by that of `signer`, with these octets as
/// attributes.
pub(crate) fn request(subject: &Key, signer: &Key, attributes: &[u8]) -> Vec<u8> {
    let info = tlv(
        0x30,
        &[tlv(0x02, &[0]), tlv(0x30, b""), spki(subject), tlv(0xa0, attributes)].concat(),
    );
    let signature = signer.pair().sign(&info).unwrap_or_default();
    // ecdsa-with-SHA256 (RFC 5758 §3.2)
    let algorithm = tlv(0x30, &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
    let bits = tlv(0x03, &[&[0][..], &signature].concat());
    tlv(0x30, &[info, algorithm, bits].concat())
}

/// A challenge password (RFC 2985 §5.4.1) with this value.
pub(crate) fn attribute(value: &[u8]) -> Vec<u8> {
    let name = tlv(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07]);
    tlv(0x30, &[name, tlv(0x31, value)].concat())
}

/// As many values of `tag`, one in the other.
pub(crate) fn nested(tag: u8, depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| tlv(tag, &inner))
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let head = match value.len() {
        0..0x80 => vec![tag, value.len() as u8],
        _ => [&[tag, 0x80 | length.len() as u8], length].concat(),
    };
    [&head, value].concat()
}

fn spki(key: &Key) -> Vec<u8> {
    rcgen::PublicKeyData::subject_public_key_info(key.pair())
}
