use const_oid::db::rfc5280;
use der::asn1::{AnyRef, BitStringRef, ContextSpecific, UintRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use jiff::Timestamp;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};
use tegata_domain::{Reason, Serial};
use x509_cert::Version;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::Entry;
use crate::{Authority, CrlError, LintError, SignatureAlgorithm, encoding, lint::Finding};

/// Most octets of a CRL that is read: 4 million entries.
pub const MAX_IMPORTED_CRL: usize = 256 * 1024 * 1024;

/// What a CRL of a CA says that moves in, or whose key is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedCrl {
    /// CRL number; `None` for a CRL of before RFC 2459.
    pub number: Option<u64>,
    /// Moment of publication.
    pub this_update: Timestamp,
    /// When the next one was promised.
    pub next_update: Option<Timestamp>,
    /// Whether it lists changes only.
    pub delta: bool,
    /// Who is revoked or on hold.
    pub entries: Vec<ImportedEntry>,
}

/// An entry of such a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedEntry {
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

impl Authority {
    /// Reads a CRL that was signed with this CA's key.
    ///
    /// # Errors
    /// See [`ImportedCrl::read`].
    pub fn read_crl(&self, der: &[u8]) -> Result<ImportedCrl, CrlError> {
        ImportedCrl::read(der, &self.subject()?, self.signer().public_key())
    }
}

impl ImportedCrl {
    /// Reads a CRL and checks that the CA certificate `issuer` (DER) made it.
    ///
    /// # Errors
    /// When it is not a CRL, too long, or another's.
    pub fn of_issuer(der: &[u8], issuer: &[u8]) -> Result<Self, CrlError> {
        let issuer = x509_cert::Certificate::from_der(issuer)?.tbs_certificate;
        Self::read(der, &issuer.subject, &issuer.subject_public_key_info.to_der()?)
    }

    fn read(der: &[u8], issuer: &Name, spki: &[u8]) -> Result<Self, CrlError> {
        let refuse =
            |rule| CrlError::Lint(LintError(vec![Finding { source: "RFC 5280 §5", rule }]));
        if der.len() > MAX_IMPORTED_CRL {
            return Err(refuse("is longer than any CRL that is read"));
        }
        let list = CertificateList::from_der(der)?;
        let signed = list.tbs.to_der()?;
        let spki = SubjectPublicKeyInfoRef::from_der(spki)?;
        let algorithm = SignatureAlgorithm::from_oid(list.algorithm.oid)
            .ok_or_else(|| refuse("is signed with an algorithm that is not accepted"))?;
        let signature = list.signature.as_bytes().unwrap_or_default();
        if !algorithm.verifies(&spki, &signed, signature) {
            return Err(refuse("is not signed by this CA"));
        }
        let (found, crl) = Self::of_tbs(&signed)?;
        if found == *issuer { Ok(crl) } else { Err(refuse("names another issuer")) }
    }

    fn of_tbs(tbs: &[u8]) -> der::Result<(Name, Self)> {
        let mut outer = SliceReader::new(tbs)?;
        let read = outer.sequence(|reader| {
            if reader.peek_tag()? == Tag::Integer {
                Version::decode(reader)?;
            }
            AlgorithmIdentifierOwned::decode(reader)?;
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
            let delta = find(rfc5280::ID_CE_DELTA_CRL_INDICATOR).is_some();
            Ok((issuer, Self { number, this_update, next_update, delta, entries }))
        })?;
        outer.finish(read)
    }
}

/// An entry; none for one that says what is not there any more.
fn entry(entry: &Entry<'_>) -> der::Result<Option<ImportedEntry>> {
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
    Ok(Some(ImportedEntry { serial, at: at(entry.at)?, reason }))
}

fn at(time: Time) -> der::Result<Timestamp> {
    encoding::timestamp(time).ok_or_else(|| der::ErrorKind::DateTime.into())
}
