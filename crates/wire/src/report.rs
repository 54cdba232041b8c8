//! Reports of a gateway: which certificates it admitted, and how far it follows the feed.
//!
//! Everything about status goes over plain HTTP and is signed, and so is this, by the key of the
//! gateway's certificate. All integers are big-endian:
//!
//! ```text
//! signature   2+n   by the gateway's key, over [`signed_message`] of everything after it
//! magic       8     "tegataU\1"
//! service     1+n   "{tenant}/{issuer}", UTF-8
//! gateway     20    serial number of the gateway's certificate
//! sequence    8     the time in microseconds; grows with each report of this gateway
//! sent_at     8     Unix seconds, by the gateway's clock
//! position    8     of the revocation feed, up to which the gateway knows it
//! uses        2+    count, then for each: serial (20), first and last use (8 each, Unix seconds)
//! ```
//!
//! The server answers 204, or 200 with a PEM chain ([`CHAIN_TYPE`]): the certificate that takes the
//! place of the one whose key signed, on the same key, once that one's end is near. Whether it is
//! what it says, the gateway finds out by itself.
//!
//! A report sent again is harmless: a certificate's times only grow, and a sequence that is not
//! new says nothing of the gateway. So that this holds whenever it is sent, the sequence is the time
//! in microseconds, and 409 refuses what is from more than ten minutes ahead of the server's clock:
//! once the gateway's clock is set right, its sequence begins there again.

use jiff::Timestamp;
use tegata_domain::Serial;

/// Most uses in one report; a gateway sends the rest with the next.
pub const MAX_USES: usize = 4_096;

/// Most octets of a report that a server accepts.
pub const MAX_REPORT: usize = 160 * 1024;

/// Media type of a report.
pub const CONTENT_TYPE: &str = "application/vnd.tegata.report";

/// Media type of a renewed certificate with its issuer's, in answer to a report (RFC 8555 §9.1).
pub const CHAIN_TYPE: &str = "application/pem-certificate-chain";

/// Most octets of such an answer that a gateway reads.
pub const MAX_CHAIN: usize = 64 * 1024;

const MAGIC: &[u8; 8] = b"tegataU\x01";

/// Octets of a use.
const USE_LEN: usize = Serial::MAX_LEN + 8 + 8;

/// What a gateway saw of one certificate since its last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Whose.
    pub serial: Serial,
    /// First admitted request.
    pub first: Timestamp,
    /// Last admitted request, to the minute.
    pub last: Timestamp,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `{tenant}/{issuer}`.
    pub service: String,
    /// Serial number of the gateway's certificate.
    pub gateway: Serial,
    /// The time in microseconds. Grows with each report of this gateway.
    pub sequence: u64,
    /// When it was sent, by the gateway's clock.
    pub sent_at: Timestamp,
    /// Position of the revocation feed that the gateway knows.
    pub position: u64,
    /// What was used, at most [`MAX_USES`].
    pub uses: Vec<Use>,
}

/// A report as received, its signature not yet verified.
#[derive(Clone, Copy, Debug)]
pub struct SealedReport<'a> {
    /// By the gateway's key.
    pub signature: &'a [u8],
    /// What [`signed_message`] is made of.
    pub body: &'a [u8],
}

/// Why octets are not a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a report of a gateway: {0}")]
pub struct ReportError(&'static str);

/// What a gateway's key signs: as in RFC 8446 §4.4.3, which has this form so that a key of TLS
/// can sign other things, too, and no signature is taken for another. 64 spaces: no TLS 1.2
/// handshake begins so, for 32 of its first 64 octets are drawn by the server.
pub fn signed_message(body: &[u8]) -> Vec<u8> {
    [&[0x20; 64], &b"tegata, report of a gateway\0"[..], body].concat()
}

impl<'a> SealedReport<'a> {
    /// Splits received octets.
    ///
    /// # Errors
    /// When they are too few or too many to be a report.
    pub fn split(octets: &'a [u8]) -> Result<Self, ReportError> {
        if octets.len() > MAX_REPORT {
            return Err(ReportError("longer than any report"));
        }
        let mut rest = Reader(octets);
        let len = u16::from_be_bytes(rest.array()?);
        Ok(Self { signature: rest.take(len.into())?, body: rest.0 })
    }
}

impl Report {
    /// The octets whose [`signed_message`] is signed.
    pub fn to_body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.service.len() + self.uses.len() * USE_LEN);
        out.extend_from_slice(MAGIC);
        out.push(self.service.len() as u8);
        out.extend_from_slice(self.service.as_bytes());
        out.extend_from_slice(self.gateway.padded());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.sent_at.as_second().to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
        out.extend_from_slice(&(self.uses.len() as u16).to_be_bytes());
        for seen in &self.uses {
            out.extend_from_slice(seen.serial.padded());
            out.extend_from_slice(&seen.first.as_second().to_be_bytes());
            out.extend_from_slice(&seen.last.as_second().to_be_bytes());
        }
        out
    }

    /// What goes over the wire: `body` with the signature over its [`signed_message`].
    pub fn sealed(body: &[u8], signature: &[u8]) -> Vec<u8> {
        [&(signature.len() as u16).to_be_bytes()[..], signature, body].concat()
    }

    /// Reads what [`SealedReport::body`] holds. It says who signed; nothing of it is to be
    /// believed before that signature verified.
    ///
    /// # Errors
    /// When the octets are not exactly one report.
    pub fn parse(body: &[u8]) -> Result<Self, ReportError> {
        let mut rest = Reader(body);
        if rest.take(MAGIC.len())? != MAGIC {
            return Err(ReportError("unknown version"));
        }
        let [service_len] = rest.array()?;
        let service = std::str::from_utf8(rest.take(service_len.into())?)
            .map_err(|_| ReportError("service name is not UTF-8"))?
            .to_owned();
        let gateway = rest.serial()?;
        let sequence = u64::from_be_bytes(rest.array()?);
        let sent_at = rest.time()?;
        let position = u64::from_be_bytes(rest.array()?);
        let count = usize::from(u16::from_be_bytes(rest.array()?));
        if count > MAX_USES {
            return Err(ReportError("more uses than any report holds"));
        }
        if rest.0.len() != count * USE_LEN {
            return Err(ReportError("length does not match the number of uses"));
        }
        let mut uses = Vec::with_capacity(count);
        for _ in 0..count {
            let seen = Use { serial: rest.serial()?, first: rest.time()?, last: rest.time()? };
            if seen.last < seen.first {
                return Err(ReportError("a last use before the first"));
            }
            uses.push(seen);
        }
        Ok(Self { service, gateway, sequence, sent_at, position, uses })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], ReportError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(ReportError("cut short"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReportError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(ReportError("cut short"))?;
        self.0 = tail;
        Ok(*head)
    }

    fn serial(&mut self) -> Result<Serial, ReportError> {
        Serial::from_octets(self.take(Serial::MAX_LEN)?)
            .map_err(|_| ReportError("not a serial number"))
    }

    fn time(&mut self) -> Result<Timestamp, ReportError> {
        Timestamp::from_second(i64::from_be_bytes(self.array()?))
            .map_err(|_| ReportError("time out of range"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn report() -> Report {
        let seen = |octet, first| Use {
            serial: Serial::from_octets(&[octet; 16]).unwrap(),
            first: at(first),
            last: at(first + 60),
        };
        Report {
            service: "0001/SB0001002C".into(),
            gateway: Serial::from_octets(&[0x47; 16]).unwrap(),
            sequence: 1_800_000_000_000_000,
            sent_at: at(1_800_000_000),
            position: 5,
            uses: vec![seen(0x41, 100), seen(0x42, 200)],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let octets = Report::sealed(&report().to_body(), b"signature");
        let sealed = SealedReport::split(&octets).unwrap();
        assert_eq!(sealed.signature, b"signature");
        assert_eq!(Report::parse(sealed.body), Ok(report()));
    }

    #[test]
    fn the_longest_report_fits_in_its_limit() {
        let longest = Report { uses: vec![report().uses[0]; MAX_USES], ..report() };
        let octets = Report::sealed(&longest.to_body(), &[0; 512]);
        assert_eq!(Report::parse(SealedReport::split(&octets).unwrap().body), Ok(longest));
    }

    #[test]
    fn every_other_length_and_version_is_refused() {
        let body = report().to_body();
        for len in 0..body.len() {
            assert!(Report::parse(&body[..len]).is_err(), "{len}");
        }
        assert!(Report::parse(&[&body[..], &[0]].concat()).is_err());
        let mut later = body.clone();
        later[7] = 2;
        assert_eq!(Report::parse(&later), Err(ReportError("unknown version")));
        let mut backwards = report();
        backwards.uses[1].last = at(1);
        assert!(Report::parse(&backwards.to_body()).is_err());
        assert!(SealedReport::split(&vec![0; MAX_REPORT + 1]).is_err());
        assert!(SealedReport::split(&[0, 5, 1]).is_err());
    }

    proptest! {
        /// A report has one form.
        #[test]
        fn what_is_read_is_written_back(
            body in prop::collection::vec(any::<u8>(), 0..120), flip in 0usize..200, bit in 0u8..8,
        ) {
            if let Ok(report) = Report::parse(&body) {
                prop_assert_eq!(report.to_body(), body);
            }
            let mut near = report().to_body();
            let index = flip % near.len();
            near[index] ^= 1 << bit;
            if let Ok(report) = Report::parse(&near) {
                prop_assert_eq!(report.to_body(), near);
            }
        }
    }
}
