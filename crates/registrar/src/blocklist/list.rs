//! Lists of keys as they are published and as operators have them at hand.

use std::fmt;

use der::pem;
use tegata_ca::{fingerprints, public_key_of};

/// Most errors named of one list.
const MAX_ERRORS: usize = 20;

/// The name of a key in a list: one of `tegata_ca::fingerprints`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fingerprint(Vec<u8>);

/// What is wrong with a list, each with its line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct KeyListError(Vec<String>);

impl Fingerprint {
    /// What to block when this key (a SubjectPublicKeyInfo) is to be blocked: the key itself,
    /// and every other with the same modulus or x coordinate, since whoever has the private
    /// half of one has that of all.
    pub fn of_key(spki: &[u8]) -> Vec<Self> {
        fingerprints(spki).into_iter().take(2).map(Self).collect()
    }

    fn all_of_key(spki: &[u8]) -> Vec<Self> {
        fingerprints(spki).into_iter().map(Self).collect()
    }

    /// Reads 64 hexadecimal digits (SHA-256 of a SubjectPublicKeyInfo, or of a modulus or
    /// x coordinate), or 20 (the lists of openssl-blacklist).
    pub fn from_hex(text: &str) -> Option<Self> {
        if !matches!(text.len(), 64 | 20) || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
        pairs.collect::<Result<_, _>>().ok().map(Self)
    }

    /// Reads a list: a fingerprint at the beginning of each line, `#` before remarks; or PEM
    /// of certificates, requests and public keys; or one of these in DER.
    ///
    /// # Errors
    /// Everything that is neither, by line. A list with an error is not taken in part.
    pub fn read_list(octets: &[u8]) -> Result<Vec<Self>, KeyListError> {
        Self::read(octets, Self::of_key)
    }

    /// Reads the same, to look the keys up: every fingerprint under which each may be blocked.
    ///
    /// # Errors
    /// As [`Fingerprint::read_list`].
    pub fn read_names(octets: &[u8]) -> Result<Vec<Self>, KeyListError> {
        Self::read(octets, Self::all_of_key)
    }

    fn read(octets: &[u8], of_key: fn(&[u8]) -> Vec<Self>) -> Result<Vec<Self>, KeyListError> {
        if let Some(spki) = public_key_of(octets) {
            return Ok(of_key(&spki));
        }
        let text = std::str::from_utf8(octets).map_err(|_| {
            KeyListError(vec![
                "neither text nor DER of a certificate, request or public key".into(),
            ])
        })?;
        let list =
            if text.contains("-----BEGIN ") { pem_blocks(text, of_key) } else { lines(text) }?;
        if list.is_empty() {
            return Err(KeyListError(vec!["there is no key in it".into()]));
        }
        Ok(list)
    }

    /// The octets of the fingerprint.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

fn lines(text: &str) -> Result<Vec<Fingerprint>, KeyListError> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let read = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(
        |(number, line)| {
            let word = line.split(|c: char| c.is_whitespace() || ",;".contains(c)).next();
            word.and_then(Fingerprint::from_hex).map(|one| vec![one]).ok_or_else(|| {
                format!("line {number}: does not begin with 64 or 20 hexadecimal digits")
            })
        },
    );
    gathered(read)
}

fn pem_blocks(
    text: &str,
    of_key: fn(&[u8]) -> Vec<Fingerprint>,
) -> Result<Vec<Fingerprint>, KeyListError> {
    const BEGIN: &str = "-----BEGIN ";
    let read = text.match_indices(BEGIN).map(|(at, _)| {
        let line = text[..at].matches('\n').count() + 1;
        let label = text[at + BEGIN.len()..].split("-----").next().unwrap_or_default();
        if label.contains("PRIVATE KEY") {
            return Err(format!(
                "line {line}: a private key; give its public half (openssl pkey -pubout)"
            ));
        }
        let end = format!("-----END {label}-----");
        let block = text[at..].find(&end).map(|length| &text[at..at + length + end.len()]);
        block
            .and_then(|block| pem::decode_vec(block.as_bytes()).ok())
            .and_then(|(_, der)| public_key_of(&der))
            .map(|spki| of_key(&spki))
            .ok_or_else(|| format!("line {line}: {label} cannot be read"))
    });
    gathered(read)
}

fn gathered(
    read: impl Iterator<Item = Result<Vec<Fingerprint>, String>>,
) -> Result<Vec<Fingerprint>, KeyListError> {
    let (mut list, mut errors) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(fingerprints) => list.extend(fingerprints),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => return Ok(list),
        count if count > MAX_ERRORS => {
            errors.truncate(MAX_ERRORS);
            errors.push(format!("and {} more", count - MAX_ERRORS));
        }
        _ => {}
    }
    Err(KeyListError(errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_line_is_read() {
        let (long, short) = ("ab".repeat(32), "0f".repeat(10));
        let text = format!("# a remark\n\n{long}\r\n{short} Debian\n{},x\n", long.to_uppercase());
        let list = Fingerprint::read_list(text.as_bytes()).unwrap();
        let read: Vec<_> = list.iter().map(ToString::to_string).collect();
        assert_eq!(read, [long.clone(), short, long]);
    }

    #[test]
    fn everything_wrong_is_named_by_its_line_and_nothing_taken() {
        let text = format!("{}\nxyz\n{}\n{}g", "ab".repeat(32), "ab".repeat(31), "a".repeat(63));
        let error = Fingerprint::read_list(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 3, "{error}");
        for line in ["line 2:", "line 3:", "line 4:"] {
            assert!(error.contains(line), "{error}");
        }
        let many = "x\n".repeat(100);
        let error = Fingerprint::read_list(many.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with("and 80 more"), "{error}");
        for empty in ["", "# nothing\n", "\n"] {
            assert!(Fingerprint::read_list(empty.as_bytes()).is_err());
        }
    }

    #[test]
    fn private_keys_and_broken_blocks_are_refused() {
        let text = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\
                    -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
                    -----BEGIN PUBLIC KEY-----\nAAAA\n";
        let error = Fingerprint::read_list(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 1: a private key"), "{error}");
        assert!(error.contains("line 4: CERTIFICATE"), "{error}");
        assert!(error.contains("line 7: PUBLIC KEY"), "{error}");
    }
}
