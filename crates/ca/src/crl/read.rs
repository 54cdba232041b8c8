use const_oid::db::rfc5280;
use der::asn1::{AnyRef, BitStringRef, ContextSpecific, UintRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use tegata_domain::{Reason, Serial};
use x509_cert::Version;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::Entry;
use crate::{CaCertificate, ReadError, SignatureAlgorithm, encoding};

/// Most octets of a CRL that is read: 4 million entries.
pub const MAX_CRL: usize = 256 * 1024 * 1024;

/// What a CRL says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadCrl {
    /// CRL number (RFC 5280 §5.2.3); `None` when it has none.
    pub number: Option<u64>,
    /// Moment of publication.
    pub this_update: Timestamp,
    /// Moment by which the next one is out; `None` when none was promised.
    pub next_update: Option<Timestamp>,
    /// Whether a critical extension makes it less than everything: a delta, a shard.
    pub partial: bool,
    /// Who is revoked or on hold.
    pub entries: Vec<ReadEntry>,
}

/// An entry of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadEntry {
    /// Whose.
    pub serial: Serial,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// `CertificateList`, its parts unread.
#[derive(der::Sequence)]
struct CertificateList<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitStringRef<'a>,
}

impl ReadCrl {
    /// Reads a CRL of `issuer`, DER, and verifies its signature.
    ///
    /// # Errors
    /// Why it is none, or not this CA's.
    pub fn parse(der: &[u8], issuer: &CaCertificate) -> Result<Self, ReadError> {
        let not_a_crl = |_| ReadError::NotACrl;
        if der.len() > MAX_CRL {
            return Err(ReadError::NotACrl);
        }
        let list = CertificateList::from_der(der).map_err(not_a_crl)?;
        let signed = list.tbs.to_der().map_err(not_a_crl)?;
        let (name, inner, crl) = Self::of_tbs(&signed).map_err(not_a_crl)?;
        if name != *issuer.name() {
            return Err(ReadError::OtherIssuer);
        }
        let algorithm = SignatureAlgorithm::from_identifier(&list.algorithm)
            .filter(|_| list.algorithm == inner)
            .ok_or(ReadError::Algorithm)?;
        let signature = list.signature.as_bytes().ok_or(ReadError::NotACrl)?;
        match issuer.verifies(algorithm, &signed, signature) {
            true => Ok(crl),
            false => Err(ReadError::Signature),
        }
    }

    fn of_tbs(tbs: &[u8]) -> der::Result<(Name, AlgorithmIdentifierOwned, Self)> {
        let mut outer = SliceReader::new(tbs)?;
        let read = outer.sequence(|reader| {
            if reader.peek_tag()? == Tag::Integer {
                Version::decode(reader)?;
            }
            let algorithm = AlgorithmIdentifierOwned::decode(reader)?;
            let issuer = Name::decode(reader)?;
            let this_update = at(Time::decode(reader)?)?;
            let next_update = match reader.is_finished() {
                false if matches!(reader.peek_tag()?, Tag::UtcTime | Tag::GeneralizedTime) => {
                    Some(at(Time::decode(reader)?)?)
                }
                _ => None,
            };
            let mut entries = Vec::new();
            if !reader.is_finished() && reader.peek_tag()? == Tag::Sequence {
                reader.sequence(|list| {
                    while !list.is_finished() {
                        entries.extend(entry(&Entry::decode(list)?)?);
                    }
                    Ok(())
                })?;
            }
            let tagged = ContextSpecific::<Extensions>::decode_explicit(reader, TagNumber::N0)?;
            let extensions = tagged.map(|tagged| tagged.value).unwrap_or_default();
            let find = |oid| extensions.iter().find(|extension| extension.extn_id == oid);
            let number = find(rfc5280::ID_CE_CRL_NUMBER)
                .map(|extension| {
                    let octets = UintRef::from_der(extension.extn_value.as_bytes())?;
                    match octets.as_bytes() {
                        octets if octets.len() <= 8 => {
                            Ok(octets.iter().fold(0u64, |n, octet| n << 8 | u64::from(*octet)))
                        }
                        _ => Err(der::Error::from(der::ErrorKind::Overlength)),
                    }
                })
                .transpose()?;
            let partial = extensions.iter().any(|extension| extension.critical);
            Ok((issuer, algorithm, Self { number, this_update, next_update, partial, entries }))
        })?;
        outer.finish(read)
    }
}

/// An entry; none for one that says what is not there any more.
fn entry(entry: &Entry<'_>) -> der::Result<Option<ReadEntry>> {
    let serial = Serial::from_octets(entry.serial.as_bytes())
        .map_err(|_| der::Error::from(der::ErrorKind::Value { tag: Tag::Integer }))?;
    let list: Extensions = match entry.extensions {
        Some(extensions) => extensions.decode_as()?,
        None => Vec::new(),
    };
    let reason = list
        .iter()
        .find(|extension| extension.extn_id == rfc5280::ID_CE_CRL_REASONS)
        .map(|extension| CrlReason::from_der(extension.extn_value.as_bytes()))
        .transpose()?;
    let reason = match reason {
        Some(CrlReason::RemoveFromCRL) => return Ok(None),
        // What befell a CA or an attribute authority is a key in other hands.
        Some(CrlReason::KeyCompromise | CrlReason::CaCompromise | CrlReason::AaCompromise) => {
            Reason::KeyCompromise
        }
        Some(CrlReason::AffiliationChanged) => Reason::AffiliationChanged,
        Some(CrlReason::Superseded) => Reason::Superseded,
        Some(CrlReason::CessationOfOperation) => Reason::CessationOfOperation,
        Some(CrlReason::CertificateHold) => Reason::CertificateHold,
        Some(CrlReason::PrivilegeWithdrawn) => Reason::PrivilegeWithdrawn,
        Some(CrlReason::Unspecified) | None => Reason::Unspecified,
    };
    Ok(Some(ReadEntry { serial, at: at(entry.at)?, reason }))
}

fn at(time: Time) -> der::Result<Timestamp> {
    encoding::timestamp(time).ok_or_else(|| der::ErrorKind::DateTime.into())
}
