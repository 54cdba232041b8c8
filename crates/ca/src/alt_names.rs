use std::net::IpAddr;

use der::Decode;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName as Extension;
use x509_cert::ext::pkix::name::GeneralName;

use crate::SubjectAltName;

/// The names that a certificate, DER, is made for; `None` for what is no certificate, has none, or
/// has one of a kind that certificates made here never have.
pub fn alt_names_of(certificate: &[u8]) -> Option<Vec<SubjectAltName>> {
    let tbs = Certificate::from_der(certificate).ok()?.tbs_certificate;
    let (_, Extension(names)) = tbs.get::<Extension>().ok()??;
    names.iter().map(name).collect()
}

fn name(name: &GeneralName) -> Option<SubjectAltName> {
    Some(match name {
        GeneralName::DnsName(host) => SubjectAltName::Dns(host.to_string()),
        GeneralName::Rfc822Name(address) => SubjectAltName::Email(address.to_string()),
        GeneralName::UniformResourceIdentifier(uri) => SubjectAltName::Uri(uri.to_string()),
        GeneralName::IpAddress(octets) => SubjectAltName::Ip(ip(octets.as_bytes())?),
        _ => return None,
    })
}

/// RFC 5280 §4.2.1.6: four octets or sixteen.
fn ip(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(octets).ok().map(IpAddr::from)
}
