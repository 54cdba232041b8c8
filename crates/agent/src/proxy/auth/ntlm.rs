//! The client of NTLMv2 (MS-NLMP), for systems that do not have one.
//!
//! Own code, although `sspi` 0.23 exists: for this one exchange it brings 115 crates, release
//! candidates of cryptography among them, and takes time and randomness from the surroundings.
//! Only version 2 with its 8-octet client challenge is spoken; sessions are neither signed nor
//! sealed, because only HTTP headers are exchanged.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use md4::{Digest, Md4};
use md5::Md5;
use zeroize::{Zeroize, Zeroizing};

use crate::proxy::Account;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// MS-NLMP §2.2.2.5: Unicode, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY,
/// TARGET_INFO, 128, 56.
const FLAGS: u32 = 0x0000_0001
    | 0x0000_0004
    | 0x0000_0200
    | 0x0000_8000
    | 0x0008_0000
    | 0x0080_0000
    | 0x2000_0000
    | 0x8000_0000;

/// Longest target information that is taken, in octets. Windows sends about 200.
const MAX_TARGET_INFO: usize = 8 * 1024;

/// Where the integrity code stands in the last message (MS-NLMP §2.2.1.3).
const MIC: std::ops::Range<usize> = 72..88;

/// Ids of target information (MS-NLMP §2.2.2.1).
mod av {
    pub(super) const EOL: u16 = 0;
    pub(super) const FLAGS: u16 = 6;
    pub(super) const TIMESTAMP: u16 = 7;
}

/// One exchange.
pub(super) struct Ntlm {
    account: Account,
    client_challenge: [u8; 8],
    now: Timestamp,
    negotiate: Vec<u8>,
}

/// What the proxy sent is no challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy's NTLM challenge cannot be read")]
pub(super) struct NtlmError;

impl Ntlm {
    /// `client_challenge` is drawn for this exchange alone.
    pub(super) fn new(account: Account, client_challenge: [u8; 8], now: Timestamp) -> Self {
        let mut negotiate = Vec::with_capacity(32);
        negotiate.extend(SIGNATURE);
        negotiate.extend(1u32.to_le_bytes());
        negotiate.extend(FLAGS.to_le_bytes());
        // No domain, no workstation: nobody needs to know what this PC is called.
        negotiate.extend([0; 16]);
        Self { account, client_challenge, now, negotiate }
    }

    /// The first message (MS-NLMP §2.2.1.1).
    pub(super) fn negotiate(&self) -> Vec<u8> {
        self.negotiate.clone()
    }

    /// The last message, for the proxy's challenge (MS-NLMP §2.2.1.3, §3.1.5.1.2).
    pub(super) fn authenticate(&self, challenge: &[u8]) -> Result<Vec<u8>, NtlmError> {
        let read = Challenge::read(challenge).ok_or(NtlmError)?;
        let (user, domain) = self.account.parts();
        let key = response_key(user, domain, self.account.password());
        let pairs = pairs(read.target_info).ok_or(NtlmError)?;
        let timestamp = pairs.iter().find(|(id, _)| *id == av::TIMESTAMP).map(|(_, value)| *value);
        let has_mic = timestamp.is_some();
        let timestamp = timestamp.map_or(Ok(file_time(self.now)), <[u8; 8]>::try_from);
        let blob = blob(&pairs, timestamp.map_err(|_| NtlmError)?, self.client_challenge, has_mic);
        let proof = hmac(&*key, &[read.server_challenge, &blob]);
        let session_key = Zeroizing::new(hmac(&*key, &[&proof]));
        let nt_response = [&proof[..], &blob].concat();
        // MS-NLMP §3.1.5.1.2: with a timestamp, the older response is not computed but zero.
        let mut lm_response = [0; 24];
        if !has_mic {
            lm_response[..16]
                .copy_from_slice(&hmac(&*key, &[read.server_challenge, &self.client_challenge]));
            lm_response[16..].copy_from_slice(&self.client_challenge);
        }
        let (domain, user) = (utf16(domain), utf16(user));
        let mut message = message(&lm_response, &nt_response, &domain, &user, read.flags & FLAGS);
        if has_mic {
            let mic = hmac(&*session_key, &[&self.negotiate, challenge, &message]);
            message[MIC].copy_from_slice(&mic);
        }
        Ok(message)
    }
}

/// What is needed of the proxy's message (MS-NLMP §2.2.1.2).
struct Challenge<'a> {
    flags: u32,
    server_challenge: &'a [u8],
    target_info: &'a [u8],
}

impl<'a> Challenge<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let is_challenge = message.get(..8)? == SIGNATURE && u32_at(message, 8)? == 2;
        let (length, offset) = (u16_at(message, 40), u32_at(message, 44));
        // Messages of NTLMv1 end before the target information.
        let target_info = match (length, offset) {
            (Some(length), Some(offset)) if length > 0 => {
                let offset = usize::try_from(offset).ok()?;
                message.get(offset..offset.checked_add(length.into())?)?
            }
            _ => &[],
        };
        (is_challenge && target_info.len() <= MAX_TARGET_INFO).then_some(())?;
        let (flags, server_challenge) = (u32_at(message, 20)?, message.get(24..32)?);
        Some(Self { flags, server_challenge, target_info })
    }
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

/// The pairs of target information, without the end.
fn pairs(mut info: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut pairs = Vec::new();
    while !info.is_empty() {
        let (id, length) = (u16_at(info, 0)?, usize::from(u16_at(info, 2)?));
        if id == av::EOL {
            break;
        }
        pairs.push((id, info.get(4..4 + length)?));
        info = &info[4 + length..];
    }
    Some(pairs)
}

/// NTLMv2_CLIENT_CHALLENGE (MS-NLMP §2.2.2.7).
fn blob(pairs: &[(u16, &[u8])], time: [u8; 8], client_challenge: [u8; 8], mic: bool) -> Vec<u8> {
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(time);
    blob.extend(client_challenge);
    blob.extend([0; 4]);
    let mut put = |id: u16, value: &[u8]| {
        let Ok(length) = u16::try_from(value.len()) else { return };
        blob.extend(id.to_le_bytes());
        blob.extend(length.to_le_bytes());
        blob.extend(value);
    };
    let old = pairs.iter().find(|(id, _)| *id == av::FLAGS).map(|(_, value)| u32_at(value, 0));
    for (id, value) in pairs.iter().filter(|(id, _)| *id != av::FLAGS) {
        put(*id, value);
    }
    if mic {
        // Bit 1: an integrity code stands in the message.
        put(av::FLAGS, &(old.flatten().unwrap_or(0) | 2).to_le_bytes());
    }
    put(av::EOL, &[]);
    blob.extend([0; 4]);
    blob
}

fn message(lm: &[u8], nt: &[u8], domain: &[u8], user: &[u8], flags: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(MIC.end + lm.len() + nt.len() + domain.len() + user.len());
    message.extend(SIGNATURE);
    message.extend(3u32.to_le_bytes());
    let mut payload: Vec<u8> = Vec::new();
    // Workstation and session key are empty.
    for part in [lm, nt, domain, user, &[], &[]] {
        let length = u16::try_from(part.len()).unwrap_or(0).to_le_bytes();
        let offset = u32::try_from(MIC.end + payload.len()).unwrap_or(0).to_le_bytes();
        message.extend([length, length].concat());
        message.extend(offset);
        payload.extend(part);
    }
    message.extend(flags.to_le_bytes());
    // Version, then the place of the integrity code.
    message.extend([0; 8]);
    message.extend([0; 16]);
    message.extend(payload);
    message
}

/// NTOWFv2 (MS-NLMP §3.3.2).
fn response_key(user: &str, domain: &str, password: &str) -> Zeroizing<[u8; 16]> {
    let mut password = utf16(password);
    let mut hash: [u8; 16] = Md4::digest(&*password).into();
    password.zeroize();
    let key = hmac(&hash, &[&utf16(&user.to_uppercase()), &utf16(domain)]);
    hash.zeroize();
    Zeroizing::new(key)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // A key longer than a block would be hashed, an empty one padded: there is no wrong length.
    let Ok(mut mac) = <Hmac<Md5> as Mac>::new_from_slice(key) else { return [0; 16] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Zeroizing<Vec<u8>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(4 * text.len()));
    octets.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    octets
}

/// Tenths of microseconds since 1601 (MS-DTYP §2.3.3).
fn file_time(now: Timestamp) -> [u8; 8] {
    const UNIX_EPOCH: i128 = 116_444_736_000_000_000;
    let ticks = now.as_nanosecond() / 100 + UNIX_EPOCH;
    u64::try_from(ticks).unwrap_or(0).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// User, domain, password and challenges of MS-NLMP §4.2.1.
    fn account() -> Account {
        Account::new(r"Domain\User", Zeroizing::new("Password".to_owned()))
    }

    fn hex(text: &str) -> Vec<u8> {
        let text: String = text.split_whitespace().collect();
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// CHALLENGE_MESSAGE of MS-NLMP §4.2.4.3.
    const CHALLENGE: &str = "4e544c4d53535000 02000000 0c000c00 38000000 33828ae2
        0123456789abcdef 0000000000000000 24002400 44000000 0600 7017 0000000f
        5300650072007600650072 00 02000c0044006f006d00610069006e00
        01000c005300650072007600650072000000 0000";

    #[test]
    fn the_key_of_the_specification() {
        // MS-NLMP §4.2.4.1.1.
        let key = response_key("User", "Domain", "Password");
        assert_eq!(key.to_vec(), hex("0c868a403bfd7a93a3001ef22ef02e3f"));
    }

    #[test]
    fn the_responses_of_the_specification() {
        // MS-NLMP §4.2.4.1.3, §4.2.4.2.1, §4.2.4.2.2: time 0, client challenge of 0xaa.
        let challenge = hex(CHALLENGE);
        let read = Challenge::read(&challenge).unwrap();
        let blob = blob(&pairs(read.target_info).unwrap(), [0; 8], [0xaa; 8], false);
        let key = response_key("User", "Domain", "Password");
        let proof = hmac(&*key, &[read.server_challenge, &blob]);
        assert_eq!(proof.to_vec(), hex("68cd0ab851e51c96aabc927bebef6a1c"));
        assert_eq!(
            hmac(&*key, &[&proof]).to_vec(),
            hex("8de40ccadbc14a82f15cb0ad0de95ca3"),
            "session base key"
        );
        let lm = hmac(&*key, &[read.server_challenge, &[0xaa; 8]]);
        assert_eq!(lm.to_vec(), hex("86c35097ac9cec102554764a57cccc19"));
    }

    #[test]
    fn the_last_message_holds_the_responses_and_who_it_is() {
        let ntlm = Ntlm::new(account(), [0xaa; 8], Timestamp::UNIX_EPOCH);
        let message = ntlm.authenticate(&hex(CHALLENGE)).unwrap();
        let field = |at: usize| {
            let offset = u32_at(&message, at + 4).unwrap() as usize;
            &message[offset..offset + usize::from(u16_at(&message, at).unwrap())]
        };
        assert_eq!((&message[..8], u32_at(&message, 8)), (&SIGNATURE[..], Some(3)));
        assert_eq!(field(12), hex("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"));
        assert_eq!(field(28), &**utf16("Domain"));
        assert_eq!(field(36), &**utf16("User"));
        assert_eq!(message[MIC], [0; 16], "no timestamp, no integrity code");
        assert!(field(44).is_empty() && field(52).is_empty());
    }

    #[test]
    fn with_a_timestamp_of_the_proxy_comes_an_integrity_code() {
        let mut challenge = hex(CHALLENGE);
        let end = challenge.len() - 4;
        challenge.splice(end..end, [7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        challenge[40] += 12;
        let ntlm = Ntlm::new(account(), [0xaa; 8], Timestamp::UNIX_EPOCH);
        let mut message = ntlm.authenticate(&challenge).unwrap();
        let nt = u32_at(&message, 24).unwrap() as usize;
        assert_eq!(message[nt + 16 + 8..nt + 16 + 16], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(message.windows(8).any(|pair| pair == [6, 0, 4, 0, 2, 0, 0, 0]), "flags");
        let mic: Vec<u8> = message.splice(MIC, [0; 16]).collect();
        let key = response_key("User", "Domain", "Password");
        let session = hmac(&*key, &[&message[nt..nt + 16]]);
        assert_eq!(mic, hmac(&session, &[&ntlm.negotiate(), &challenge, &message]));
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        let ntlm = Ntlm::new(account(), [0xaa; 8], Timestamp::UNIX_EPOCH);
        let whole = hex(CHALLENGE);
        let refused = |message: &[u8]| assert_eq!(ntlm.authenticate(message), Err(NtlmError));
        for length in [0, 7, 8, 12, 24, 31, 50, whole.len() - 5] {
            refused(&whole[..length]);
        }
        for (at, octet) in [(0, b'X'), (8, 1), (8, 3), (47, 0xff), (44, 0xff), (40, 0xff)] {
            let mut broken = whole.clone();
            broken[at] = octet;
            refused(&broken);
        }
        assert!(ntlm.authenticate(&whole[..32]).is_ok(), "the short form of old servers");
    }

    #[test]
    fn moments_in_the_time_of_windows() {
        let ticks = |text: &str| u64::from_le_bytes(file_time(text.parse().unwrap()));
        assert_eq!(ticks("1970-01-01T00:00:00Z"), 116_444_736_000_000_000);
        assert_eq!(ticks("2026-03-01T00:00:00.0000001Z"), 134_167_968_000_000_001);
    }

    proptest! {
        #[test]
        fn no_challenge_panics(
            head in prop::collection::vec(any::<u8>(), 0..60), tail in prop::collection::vec(any::<u8>(), 0..100)
        ) {
            let ntlm = Ntlm::new(account(), [0xaa; 8], Timestamp::UNIX_EPOCH);
            let _ = ntlm.authenticate(&head);
            let mut whole = hex(CHALLENGE);
            whole.truncate(40);
            whole.extend(tail);
            let _ = ntlm.authenticate(&whole);
        }
    }
}
