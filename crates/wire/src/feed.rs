//! The revocation feed: how a gateway learns, within a second, what is no longer good.
//!
//! A page answers "what changed after position `after`?". Its octets, all integers big-endian:
//!
//! ```text
//! signature   64    Ed25519 over everything after it
//! magic        8    "tegata\0\2"
//! service      1+n  "{tenant}/{issuer}", UTF-8
//! after        8    position the page starts behind
//! position     8    position the page ends at; never falls
//! at           8    Unix seconds at which the server signed
//! complete     1    1 when no later change existed at signing
//! receipt      1+n  what the reader hands back with its next question
//! authorities  2+   count, then for each: length (4) and DER of an issuing CA certificate
//! changes      4+   count, then for each: serial (20) and status (1: 0 good, 1 held, 2 revoked)
//! ```
//!
//! This crate encodes and decodes what is signed ([`Page::to_signed_octets`], [`Page::parse`]);
//! signing and verifying stand with the keys. A reader must verify the signature over
//! [`Envelope::signed`] before it parses.

use jiff::Timestamp;
use tegata_domain::{RevocationStatus, Serial};

/// Octets of the signature in front of a page.
pub const SIGNATURE_LEN: usize = 64;

/// Most changes in one page; a reader asks again from the page's position for the rest.
pub const MAX_CHANGES: usize = 65_536;

/// Most octets of a page that a reader accepts.
pub const MAX_PAGE: usize = 4 * 1024 * 1024;

/// Media type of a page.
pub const CONTENT_TYPE: &str = "application/vnd.tegata.feed";

const MAGIC: &[u8; 8] = b"tegata\0\x02";

/// One change of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub serial: Serial,
    /// What stands from now on.
    pub status: RevocationStatus,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `{tenant}/{issuer}`; a page of another service is refused.
    pub service: String,
    /// Position the page starts behind.
    pub after: u64,
    /// Position the page ends at.
    pub position: u64,
    /// When the server signed.
    pub at: Timestamp,
    /// Whether nothing later existed at signing.
    pub complete: bool,
    /// What the reader hands back with its next question, at most 255 octets; they mean
    /// something to the server only.
    pub receipt: Vec<u8>,
    /// DER of every issuing CA certificate of the service.
    pub authorities: Vec<Vec<u8>>,
    /// The changes in order.
    pub changes: Vec<Change>,
}

/// A page as received, its signature not yet verified.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Ed25519 signature.
    pub signature: &'a [u8],
    /// What it covers.
    pub signed: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Splits received octets.
    ///
    /// # Errors
    /// When they are too few or too many to be a page.
    pub fn split(octets: &'a [u8]) -> Result<Self, FeedError> {
        if octets.len() > MAX_PAGE {
            return Err(FeedError("longer than any page"));
        }
        let (signature, signed) =
            octets.split_at_checked(SIGNATURE_LEN).ok_or(FeedError("shorter than a signature"))?;
        Ok(Self { signature, signed })
    }
}

/// Why octets are not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a page of the revocation feed: {0}")]
pub struct FeedError(&'static str);

impl Page {
    /// The octets to be signed.
    pub fn to_signed_octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(
            64 + self.service.len()
                + self.authorities.iter().map(|der| der.len() + 4).sum::<usize>()
                + self.changes.len() * (Serial::MAX_LEN + 1),
        );
        out.extend_from_slice(MAGIC);
        out.push(self.service.len() as u8);
        out.extend_from_slice(self.service.as_bytes());
        out.extend_from_slice(&self.after.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
        out.extend_from_slice(&self.at.as_second().to_be_bytes());
        out.push(u8::from(self.complete));
        out.push(self.receipt.len() as u8);
        out.extend_from_slice(&self.receipt);
        out.extend_from_slice(&(self.authorities.len() as u16).to_be_bytes());
        for der in &self.authorities {
            out.extend_from_slice(&(der.len() as u32).to_be_bytes());
            out.extend_from_slice(der);
        }
        out.extend_from_slice(&(self.changes.len() as u32).to_be_bytes());
        for change in &self.changes {
            out.extend_from_slice(change.serial.padded());
            out.push(status_octet(change.status));
        }
        out
    }

    /// Reads what [`Envelope::signed`] holds. Call only after the signature verified.
    ///
    /// # Errors
    /// When the octets are not exactly one page, or its positions run backwards.
    pub fn parse(signed: &[u8]) -> Result<Self, FeedError> {
        let mut rest = Reader(signed);
        if rest.take(MAGIC.len())? != MAGIC {
            return Err(FeedError("unknown version"));
        }
        let service_len = rest.array::<1>()?[0];
        let service = std::str::from_utf8(rest.take(service_len.into())?)
            .map_err(|_| FeedError("service name is not UTF-8"))?
            .to_owned();
        let after = u64::from_be_bytes(rest.array()?);
        let position = u64::from_be_bytes(rest.array()?);
        let at = Timestamp::from_second(i64::from_be_bytes(rest.array()?))
            .map_err(|_| FeedError("time out of range"))?;
        let complete = match rest.array::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(FeedError("flag is neither 0 nor 1")),
        };
        let receipt_len = rest.array::<1>()?[0];
        let receipt = rest.take(receipt_len.into())?.to_vec();
        let authority_count = u16::from_be_bytes(rest.array()?);
        let mut authorities = Vec::new();
        for _ in 0..authority_count {
            let len = u32::from_be_bytes(rest.array()?);
            authorities.push(rest.take(len as usize)?.to_vec());
        }
        let change_count = u32::from_be_bytes(rest.array()?) as usize;
        if rest.0.len() != change_count.saturating_mul(Serial::MAX_LEN + 1) {
            return Err(FeedError("length does not match the number of changes"));
        }
        let changes = rest
            .0
            .chunks_exact(Serial::MAX_LEN + 1)
            .map(|entry| {
                Ok(Change {
                    serial: Serial::from_octets(&entry[..Serial::MAX_LEN])
                        .map_err(|_| FeedError("not a serial number"))?,
                    status: status(entry[Serial::MAX_LEN])?,
                })
            })
            .collect::<Result<_, FeedError>>()?;
        if position < after {
            return Err(FeedError("positions run backwards"));
        }
        Ok(Self { service, after, position, at, complete, receipt, authorities, changes })
    }
}

fn status_octet(status: RevocationStatus) -> u8 {
    match status {
        RevocationStatus::Good => 0,
        RevocationStatus::Held => 1,
        RevocationStatus::Revoked => 2,
    }
}

fn status(octet: u8) -> Result<RevocationStatus, FeedError> {
    match octet {
        0 => Ok(RevocationStatus::Good),
        1 => Ok(RevocationStatus::Held),
        2 => Ok(RevocationStatus::Revoked),
        _ => Err(FeedError("unknown status")),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], FeedError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(FeedError("cut short"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FeedError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(FeedError("cut short"))?;
        self.0 = tail;
        Ok(*head)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn pages()(
            service in "[0-9]{4}/[A-Z0-9]{1,20}",
            after in 0..u64::MAX / 2,
            step in 0..u64::MAX / 2,
            at in 0..4_000_000_000i64,
            complete: bool,
            receipt in prop::collection::vec(any::<u8>(), 0..=255),
            authorities in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..3),
            changes in prop::collection::vec((any::<[u8; 15]>(), 0..3u8), 0..20),
        ) -> Page {
            let changes = changes.into_iter().map(|(tail, octet)| {
                let mut octets = [0x41; 16];
                octets[1..].copy_from_slice(&tail);
                Change {
                    serial: Serial::from_octets(&octets).unwrap(),
                    status: status(octet).unwrap(),
                }
            }).collect();
            let at = Timestamp::from_second(at).unwrap();
            Page { service, after, position: after + step, at, complete, receipt, authorities, changes }
        }
    }

    proptest! {
        #[test]
        fn every_page_reads_back(page in pages()) {
            prop_assert_eq!(Page::parse(&page.to_signed_octets()), Ok(page));
        }

        #[test]
        fn every_cut_page_is_refused(page in pages(), cut in 0usize..100) {
            let octets = page.to_signed_octets();
            let keep = octets.len().saturating_sub(cut + 1);
            prop_assert!(Page::parse(&octets[..keep]).is_err());
        }

        #[test]
        fn octets_after_the_end_are_refused(page in pages(), extra in 1usize..40) {
            let mut octets = page.to_signed_octets();
            octets.resize(octets.len() + extra, 0);
            prop_assert!(Page::parse(&octets).is_err());
        }

        #[test]
        fn garbage_never_panics(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Envelope::split(&octets).map(|envelope| Page::parse(envelope.signed));
        }
    }
}
