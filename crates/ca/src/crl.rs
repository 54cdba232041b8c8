//! Certificate revocation lists (RFC 5280 §5): full and delta, whole or a shard.

mod lint;
mod read;

use std::time::Duration;

use const_oid::db::rfc5280;
use der::asn1::{AnyRef, ContextSpecific, GeneralizedTime, Uint, UintRef};
use der::{Decode, Encode, Header, Length, Tag, TagMode, TagNumber};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tegata_domain::{Reason, Serial};
use x509_cert::Version;
use x509_cert::ext::pkix::FreshestCrl;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::ext::{Extension, Extensions};
use x509_cert::time::Time;

pub use read::{MAX_CRL, ReadCrl, ReadEntry};

use crate::profile::{authority_key_identifier, distribution_point, push, uri};
use crate::{Authority, LintError, SignError, encoding};

/// Octets of an entry without a reason, on serial numbers that this system draws.
const ENTRY: usize = 35;

/// One certificate on a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry {
    /// Whose.
    pub serial: Serial,
    /// Since when, or when it was released.
    pub at: Timestamp,
    /// Why it is listed.
    pub listed: Listed,
}

/// Why a certificate stands on a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Revoked, or on hold.
    Revoked(Reason),
    /// On the base but not any more (removeFromCRL, RFC 5280 §5.3.1): on a delta only.
    Released,
}

impl Listed {
    /// The reason as RFC 5280 spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoked(reason) => reason.name(),
            Self::Released => "removeFromCRL",
        }
    }
}

/// A CRL to be made.
#[derive(Clone, Copy, Debug)]
pub struct CrlRequest<'a> {
    /// CRL number (RFC 5280 §5.2.3): only ever grows.
    pub number: u64,
    /// Moment of publication.
    pub this_update: Timestamp,
    /// Moment by which the next one is out.
    pub next_update: Timestamp,
    /// Address of a shard, as it stands in its certificates (RFC 5280 §5.2.5); `None` for a CRL
    /// over everything that the CA issued.
    pub shard: Option<&'a str>,
    /// What else the CRL is.
    pub form: CrlForm<'a>,
}

/// Full or delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlForm<'a> {
    /// Everything.
    Full {
        /// Where the newest delta is (RFC 5280 §5.2.6).
        delta: Option<&'a str>,
    },
    /// What changed since the full CRL of this number (RFC 5280 §5.2.4).
    Delta {
        /// Number of the base.
        base: u64,
    },
}

/// A CRL that is being written: entries go straight into its DER form, of which there is one
/// copy.
pub struct CrlWriter<'a> {
    authority: &'a Authority,
    request: CrlRequest<'a>,
    /// Room for the heads, then the entries.
    octets: Vec<u8>,
    room: usize,
    /// Version up to nextUpdate.
    head: Vec<u8>,
    reasons: Vec<(Reason, Vec<u8>)>,
    released: Vec<u8>,
    entries: usize,
}

/// A CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCrl {
    /// The CRL.
    pub der: Vec<u8>,
    /// How many entries it has.
    pub entries: usize,
    /// SHA-256 of what was signed, for the audit entry.
    pub tbs_hash: [u8; 32],
}

/// Why a CRL could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CrlError {
    /// A value has no DER form.
    #[error("the CRL cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// It breaks a rule.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// The key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// An entry as it is written and read back.
#[derive(der::Sequence)]
struct Entry<'a> {
    serial: UintRef<'a>,
    at: Time,
    /// Extensions of the entry, as they are.
    #[asn1(optional = "true")]
    extensions: Option<AnyRef<'a>>,
}

impl Authority {
    /// Begins a CRL of about `expected` entries.
    ///
    /// # Errors
    /// When a time or the name has no DER form.
    pub fn begin_crl<'a>(
        &'a self,
        request: CrlRequest<'a>,
        expected: usize,
    ) -> Result<CrlWriter<'a>, CrlError> {
        let mut head = Version::V2.to_der()?;
        head.extend(self.signer().algorithm().identifier().to_der()?);
        head.extend(self.subject()?.to_der()?);
        head.extend(encoding::time(request.this_update)?.to_der()?);
        head.extend(encoding::time(request.next_update)?.to_der()?);
        let reasons = Reason::ALL.into_iter().filter_map(|reason| {
            let code = encoding::crl_reason(reason)?;
            Some(entry_extensions(code).map(|der| (reason, der)))
        });
        // Three heads of at most six octets around what is written before the entries.
        let room = head.len() + 18;
        let mut octets = Vec::with_capacity(room + expected * (ENTRY + 14) + 1024);
        octets.resize(room, 0);
        Ok(CrlWriter {
            authority: self,
            request,
            octets,
            room,
            head,
            reasons: reasons.collect::<der::Result<_>>()?,
            released: entry_extensions(x509_cert::ext::pkix::CrlReason::RemoveFromCRL)?,
            entries: 0,
        })
    }
}

impl CrlWriter<'_> {
    /// Adds an entry.
    ///
    /// # Errors
    /// When a time is out of range.
    pub fn push(&mut self, entry: &CrlEntry) -> Result<(), CrlError> {
        self.push_dated(entry, None)
    }

    /// Adds an entry that says since when its certificate was no good: the invalidity date (RFC
    /// 5280 §5.3.2).
    ///
    /// # Errors
    /// When a time is out of range.
    pub fn push_dated(
        &mut self,
        entry: &CrlEntry,
        invalid_since: Option<Timestamp>,
    ) -> Result<(), CrlError> {
        let dated = match (invalid_since, entry.listed) {
            (Some(since), Listed::Revoked(reason)) => {
                Some(dated_extensions(encoding::crl_reason(reason), since)?)
            }
            _ => None,
        };
        let extensions = dated.as_ref().or(match entry.listed {
            Listed::Released => Some(&self.released),
            Listed::Revoked(reason) => {
                self.reasons.iter().find(|(known, _)| *known == reason).map(|(_, der)| der)
            }
        });
        let entry = Entry {
            serial: UintRef::new(entry.serial.octets())?,
            at: encoding::time(entry.at)?,
            extensions: extensions.map(|der| AnyRef::from_der(der)).transpose()?,
        };
        entry.encode(&mut self.octets)?;
        self.entries += 1;
        Ok(())
    }

    /// Lints and signs.
    ///
    /// # Errors
    /// When a rule is broken or the key cannot be used.
    pub fn finish(mut self) -> Result<SignedCrl, CrlError> {
        let extensions = self.extensions()?;
        let entries = self.octets.len() - self.room;
        // An empty list is left out (RFC 5280 §5.1.2.6).
        let list = if entries == 0 { Vec::new() } else { sequence(entries)? };
        let inner = self.head.len() + list.len() + entries + extensions.len();
        let tbs = sequence(inner)?;
        let begin = self.room - list.len() - self.head.len() - tbs.len();
        let mut at = begin;
        for part in [&tbs, &self.head, &list] {
            self.octets[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.octets.extend_from_slice(&extensions);
        let findings = lint::crl(&self.octets[begin..], &self.request, self.authority);
        if !findings.is_empty() {
            return Err(LintError(findings).into());
        }
        let signer = self.authority.signer();
        let signature = signer.sign(&self.octets[begin..])?;
        let tbs_hash = Sha256::digest(&self.octets[begin..]).into();
        self.octets.extend(signer.algorithm().identifier().to_der()?);
        self.octets.extend(der::asn1::BitString::from_bytes(&signature)?.to_der()?);
        let outer = sequence(self.octets.len() - begin)?;
        let begin = begin - outer.len();
        self.octets[begin..begin + outer.len()].copy_from_slice(&outer);
        self.octets.drain(..begin);
        Ok(SignedCrl { der: self.octets, entries: self.entries, tbs_hash })
    }

    /// The CRL's extensions in their explicit tag.
    fn extensions(&self) -> der::Result<Vec<u8>> {
        let mut list: Extensions = Vec::with_capacity(5);
        let key = authority_key_identifier(self.authority.key_name());
        push(&mut list, rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &key)?;
        let number = |number: u64| Uint::new(&number.to_be_bytes());
        push(&mut list, rfc5280::ID_CE_CRL_NUMBER, false, &number(self.request.number)?)?;
        if let CrlForm::Delta { base } = self.request.form {
            push(&mut list, rfc5280::ID_CE_DELTA_CRL_INDICATOR, true, &number(base)?)?;
        }
        if let Some(address) = self.request.shard {
            let point = IssuingDistributionPoint {
                distribution_point: Some(DistributionPointName::FullName(vec![uri(address)?])),
                only_contains_user_certs: false,
                only_contains_ca_certs: false,
                only_some_reasons: None,
                indirect_crl: false,
                only_contains_attribute_certs: false,
            };
            push(&mut list, rfc5280::ID_CE_ISSUING_DISTRIBUTION_POINT, true, &point)?;
        }
        if let CrlForm::Full { delta: Some(address) } = self.request.form {
            let freshest = FreshestCrl(distribution_point(address)?.0);
            push(&mut list, rfc5280::ID_CE_FRESHEST_CRL, false, &freshest)?;
        }
        ContextSpecific { tag_number: TagNumber::N0, tag_mode: TagMode::Explicit, value: list }
            .to_der()
    }
}

fn sequence(len: usize) -> der::Result<Vec<u8>> {
    Header::new(Tag::Sequence, Length::try_from(len)?)?.to_der()
}

fn entry_extensions(reason: x509_cert::ext::pkix::CrlReason) -> der::Result<Vec<u8>> {
    let mut list: Vec<Extension> = Vec::with_capacity(1);
    push(&mut list, rfc5280::ID_CE_CRL_REASONS, false, &reason)?;
    list.to_der()
}

fn dated_extensions(
    reason: Option<x509_cert::ext::pkix::CrlReason>,
    invalid_since: Timestamp,
) -> Result<Vec<u8>, CrlError> {
    let mut list: Vec<Extension> = Vec::with_capacity(2);
    if let Some(reason) = reason {
        push(&mut list, rfc5280::ID_CE_CRL_REASONS, false, &reason)?;
    }
    // GeneralizedTime in every year, unlike the dates of validity.
    let seconds = u64::try_from(invalid_since.as_second()).unwrap_or(0);
    let date = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds))?;
    push(&mut list, rfc5280::ID_CE_INVALIDITY_DATE, false, &date)?;
    Ok(list.to_der()?)
}
