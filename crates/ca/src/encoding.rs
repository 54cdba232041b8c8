//! Small steps between our types and the ASN.1 library's.

use std::time::Duration;

use der::asn1::{BitString, GeneralizedTime, UtcTime};
use der::{DateTime, Encode};
use jiff::Timestamp;
use tegata_domain::{Reason, Serial};
use x509_cert::ext::pkix::CrlReason;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

/// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5).
pub(crate) fn time(at: Timestamp) -> der::Result<Time> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds))?;
    if date.year() < 2050 {
        Ok(Time::UtcTime(UtcTime::from_date_time(date)?))
    } else {
        Ok(Time::GeneralTime(GeneralizedTime::from_date_time(date)))
    }
}

pub(crate) fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

pub(crate) fn serial_number(serial: Serial) -> der::Result<SerialNumber> {
    SerialNumber::new(serial.octets())
}

/// `SEQUENCE { tbs, algorithm, signature }` around octets that are DER already, so that what
/// is given out is, octet for octet, what was signed.
pub(crate) fn signed(
    tbs: &[u8],
    algorithm: &spki::AlgorithmIdentifierOwned,
    signature: &[u8],
) -> der::Result<Vec<u8>> {
    let algorithm = algorithm.to_der()?;
    let signature = BitString::from_bytes(signature)?.to_der()?;
    let length = der::Length::try_from(tbs.len() + algorithm.len() + signature.len())?;
    let mut out = der::Header::new(der::Tag::Sequence, length)?.to_der()?;
    out.reserve_exact(tbs.len() + algorithm.len() + signature.len());
    for part in [tbs, &algorithm, &signature] {
        out.extend_from_slice(part);
    }
    Ok(out)
}

/// `unspecified` is left out (RFC 5280 §5.3.1: the extension "should be absent instead").
pub(crate) fn crl_reason(reason: Reason) -> Option<CrlReason> {
    match reason {
        Reason::Unspecified => None,
        Reason::KeyCompromise => Some(CrlReason::KeyCompromise),
        Reason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
        Reason::Superseded => Some(CrlReason::Superseded),
        Reason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
        Reason::CertificateHold => Some(CrlReason::CertificateHold),
        Reason::PrivilegeWithdrawn => Some(CrlReason::PrivilegeWithdrawn),
    }
}
