//! Rules of RFC 5280 over a CRL that is about to be signed, read back from its octets.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::{ContextSpecific, GeneralizedTime, UintRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Version;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::{CrlForm, CrlRequest, Entry};
use crate::Authority;
use crate::lint::{Finding, encoded_as_required};

/// Judges a to-be-signed CRL against RFC 5280 and against what was asked for. Walks it entry by
/// entry: of a million none is copied.
pub(super) fn crl(tbs: &[u8], request: &CrlRequest<'_>, authority: &Authority) -> Vec<Finding> {
    let mut findings = Vec::new();
    if read(tbs, request, authority, &mut findings).is_err() {
        findings.push(Finding { source: "RFC 5280 §5.1", rule: "is not DER of a TBSCertList" });
    }
    findings
}

fn read(
    tbs: &[u8],
    request: &CrlRequest<'_>,
    authority: &Authority,
    findings: &mut Vec<Finding>,
) -> der::Result<()> {
    let mut rule = |holds: bool, source, rule| {
        if !holds {
            findings.push(Finding { source, rule });
        }
    };
    let mut outer = SliceReader::new(tbs)?;
    let (extensions, sound) = outer.sequence(|reader| {
        rule(Version::decode(reader)? == Version::V2, "RFC 5280 §5.1.2.1", "version is not 2");
        let algorithm = AlgorithmIdentifierOwned::decode(reader)?;
        rule(
            algorithm == authority.signer().algorithm().identifier(),
            "RFC 5280 §5.1.2.2",
            "signature algorithm is not the signer's",
        );
        let issuer = Name::decode(reader)?;
        rule(issuer == authority.subject()?, "RFC 5280 §5.1.2.3", "issuer is not the CA");
        let (this, next) = (Time::decode(reader)?, Time::decode(reader)?);
        rule(
            encoded_as_required(&this) && encoded_as_required(&next),
            "RFC 5280 §5.1.2.4",
            "time through 2049 is not UTCTime or later time not GeneralizedTime",
        );
        rule(
            this.to_unix_duration() < next.to_unix_duration(),
            "RFC 5280 §5.1.2.5",
            "nextUpdate is not after thisUpdate",
        );
        let mut sound = Sound { entries: true, reasons: true, dates: true };
        if reader.peek_tag()? == Tag::Sequence {
            reader.sequence(|list| {
                let mut any = false;
                while !list.is_finished() {
                    entry(&Entry::decode(list)?, request, &mut sound)?;
                    any = true;
                }
                sound.entries &= any;
                Ok(())
            })?;
        }
        let tagged = ContextSpecific::<Extensions>::decode_explicit(reader, TagNumber::N0)?;
        Ok((tagged.ok_or(der::ErrorKind::Failed)?.value, sound))
    })?;
    outer.finish(())?;
    rule(sound.entries, "RFC 5280 §5.1.2.6", "an entry is not sound or the list is empty");
    rule(sound.reasons, "RFC 5280 §5.3.1", "a reason that a CRL of this form must not give");
    rule(sound.dates, "RFC 5280 §5.3.2", "an invalidity date behind the date of its entry");
    of_extensions(&extensions, request, rule);
    Ok(())
}

struct Sound {
    entries: bool,
    reasons: bool,
    dates: bool,
}

fn entry(entry: &Entry<'_>, request: &CrlRequest<'_>, sound: &mut Sound) -> der::Result<()> {
    let serial = entry.serial.as_bytes();
    sound.entries &= (1..=20).contains(&serial.len()) && serial != [0];
    if let Some(extensions) = entry.extensions {
        let list: Extensions = extensions.decode_as()?;
        let (reason, date) = match list.as_slice() {
            [only] if only.extn_id == rfc5280::ID_CE_INVALIDITY_DATE => (None, Some(only)),
            [reason] => (Some(reason), None),
            [reason, date] => (Some(reason), Some(date)),
            _ => (None, None),
        };
        if let Some(date) = date {
            let since = GeneralizedTime::from_der(date.extn_value.as_bytes())?;
            sound.dates &= date.extn_id == rfc5280::ID_CE_INVALIDITY_DATE
                && !date.critical
                && since.to_unix_duration() <= entry.at.to_unix_duration();
            if reason.is_none() {
                return Ok(());
            }
        }
        let Some(Extension { extn_id: rfc5280::ID_CE_CRL_REASONS, critical: false, extn_value }) =
            reason
        else {
            sound.reasons = false;
            return Ok(());
        };
        let delta = matches!(request.form, CrlForm::Delta { .. });
        sound.reasons &= match CrlReason::from_der(extn_value.as_bytes())? {
            CrlReason::Unspecified => false,
            CrlReason::RemoveFromCRL => delta,
            _ => true,
        };
    }
    Ok(())
}

fn of_extensions(
    extensions: &[Extension],
    request: &CrlRequest<'_>,
    mut rule: impl FnMut(bool, &'static str, &'static str),
) {
    let find = |oid: ObjectIdentifier| extensions.iter().find(|e| e.extn_id == oid);
    let number = |oid, critical| {
        let found = find(oid).filter(|e: &&Extension| e.critical == critical)?;
        let octets = UintRef::from_der(found.extn_value.as_bytes()).ok()?;
        Some(octets.as_bytes().iter().fold(0u64, |n, octet| n << 8 | u64::from(*octet)))
    };
    let unique = extensions
        .iter()
        .enumerate()
        .all(|(i, e)| extensions[..i].iter().all(|earlier| earlier.extn_id != e.extn_id));
    rule(unique, "RFC 5280 §5.2", "an extension stands twice");
    rule(
        find(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER).is_some_and(|e| !e.critical),
        "RFC 5280 §5.2.1",
        "authority key identifier is missing or critical",
    );
    rule(
        number(rfc5280::ID_CE_CRL_NUMBER, false) == Some(request.number),
        "RFC 5280 §5.2.3",
        "CRL number is missing, critical or another",
    );
    let base = number(rfc5280::ID_CE_DELTA_CRL_INDICATOR, true);
    let (wanted, freshest) = match request.form {
        CrlForm::Full { delta } => (None, delta.is_some()),
        CrlForm::Delta { base } => (Some(base), false),
    };
    rule(
        base == wanted && base.is_none_or(|base| base <= request.number),
        "RFC 5280 §5.2.4",
        "delta CRL indicator is not the base's number, critical",
    );
    rule(
        find(rfc5280::ID_CE_FRESHEST_CRL).is_some_and(|e| !e.critical) == freshest,
        "RFC 5280 §5.2.6",
        "freshest CRL is missing, critical or out of place",
    );
    rule(
        find(rfc5280::ID_CE_ISSUING_DISTRIBUTION_POINT).is_some_and(|e| e.critical)
            == request.shard.is_some(),
        "RFC 5280 §5.2.5",
        "issuing distribution point is missing, not critical or out of place",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_a_finding_and_no_panic() {
        let signer = crate::SoftwareKey::generate(crate::KeyKind::EcP256).unwrap();
        let name = crate::SubjectName::new("X").unwrap();
        let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let validity = tegata_domain::Validity {
            not_before: at,
            not_after: at + jiff::SignedDuration::from_hours(1),
        };
        struct Ones;
        impl tegata_domain::Entropy for Ones {
            fn fill(&self, octets: &mut [u8]) {
                octets.fill(1);
            }
        }
        let authority =
            Authority::root(&name, std::sync::Arc::new(signer), validity, &Ones).unwrap();
        let request = CrlRequest {
            number: 1,
            this_update: at,
            next_update: validity.not_after,
            shard: None,
            form: CrlForm::Full { delta: None },
        };
        for octets in [&[][..], &[0x30, 0x00], &[0x30, 0x03, 2, 1, 1], &[0xff; 40]] {
            assert!(!crl(octets, &request, &authority).is_empty());
        }
    }
}
