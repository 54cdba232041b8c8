//! A root, an issuing CA and what they sign, made afresh for each test.

use der::Decode;
use der::asn1::ObjectIdentifier;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use tegata_wire::Der;
use tegata_wire::api::{Issued, Trust};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// A root with one issuing CA.
pub(crate) struct Authority {
    root: Certificate,
    root_issuer: Issuer<'static, KeyPair>,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A foreign public key of P-256 or RSA, as it stands in a request.
struct Foreign {
    key: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for Foreign {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl Authority {
    /// Makes one with keys of its own.
    pub(crate) fn new() -> Self {
        Self::under(ca("SB0001001C"))
    }

    /// Makes one whose root says that it is no CA.
    pub(crate) fn without_ca_root() -> Self {
        let mut root_params = ca("SB0001001C");
        root_params.is_ca = IsCa::ExplicitNoCa;
        Self::under(root_params)
    }

    fn under(root_params: CertificateParams) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let (params, key) = (ca("SB0001002C"), KeyPair::generate().unwrap());
        let intermediate = params.signed_by(&key, &root_issuer).unwrap();
        Self { root, root_issuer, intermediate, issuer: Issuer::new(params, key) }
    }

    /// What a server says of itself.
    pub(crate) fn trust(&self) -> Trust {
        Trust {
            root: Der(self.root.der().to_vec()),
            intermediates: vec![Der(self.intermediate.der().to_vec())],
        }
    }

    /// A client certificate for the key of `spki` (DER).
    pub(crate) fn leaf(&self, user: &str, spki: &[u8], serial: u8) -> Vec<u8> {
        let mut params = leaf(user, serial);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params, spki)
    }

    /// A client certificate valid between two midnights, such as `2026-02-16`.
    pub(crate) fn leaf_between(
        &self,
        user: &str,
        spki: &[u8],
        serial: u8,
        from: &str,
        until: &str,
    ) -> Vec<u8> {
        let day = |text: &str| {
            let date: jiff::civil::Date = text.parse().unwrap();
            date_time_ymd(i32::from(date.year()), date.month() as u8, date.day() as u8)
        };
        let mut params = leaf(user, serial);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (day(from), day(until));
        self.sign(&params, spki)
    }

    /// An answer to an enrolment.
    pub(crate) fn issued(&self, user: &str, email: &str, spki: &[u8], serial: u8) -> Issued {
        Issued {
            user_id: user.to_owned(),
            serial: hex(serial).parse().unwrap(),
            not_before: "2026-02-16T00:00:00Z".parse().unwrap(),
            not_after: "2046-02-16T00:00:00Z".parse().unwrap(),
            renewable_from: "2045-12-18T00:00:00Z".parse().unwrap(),
            email: email.to_owned(),
            certificate: Der(self.leaf(user, spki, serial)),
            chain: vec![Der(self.intermediate.der().to_vec()), Der(self.root.der().to_vec())],
        }
    }

    /// A certificate and PKCS#8 key for a TLS server of this name or address.
    pub(crate) fn server(&self, host: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2046, 1, 1);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        (vec![leaf.der().to_vec(), self.intermediate.der().to_vec()], key.serialize_der())
    }

    /// A client certificate signed by the root itself.
    pub(crate) fn leaf_of_root(&self, user: &str, spki: &[u8]) -> Vec<u8> {
        let mut params = leaf(user, 9);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.signed_by(&foreign(spki), &self.root_issuer).unwrap().der().to_vec()
    }

    /// A certificate with the right name and key, but for TLS servers.
    pub(crate) fn server_usage_leaf(&self, user: &str, spki: &[u8], serial: u8) -> Vec<u8> {
        let mut params = leaf(user, serial);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params, spki)
    }

    fn sign(&self, params: &CertificateParams, spki: &[u8]) -> Vec<u8> {
        params.signed_by(&foreign(spki), &self.issuer).unwrap().der().to_vec()
    }
}

/// `rsaEncryption` (RFC 8017 §A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The key in the DER of its subject public key info.
fn foreign(spki: &[u8]) -> Foreign {
    let info = SubjectPublicKeyInfoRef::from_der(spki).unwrap();
    let algorithm = if info.algorithm.oid == RSA_ENCRYPTION {
        &rcgen::PKCS_RSA_SHA256
    } else {
        &rcgen::PKCS_ECDSA_P256_SHA256
    };
    Foreign { key: info.subject_public_key.raw_bytes().to_vec(), algorithm }
}

/// The hexadecimal serial number of test certificate `n`.
pub(crate) fn hex(n: u8) -> String {
    format!("41{}{n:02x}", "00".repeat(14))
}

fn leaf(user: &str, serial: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, user);
    let mut octets = vec![0; 16];
    (octets[0], octets[15]) = (0x41, serial);
    params.serial_number = Some(SerialNumber::from(octets));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_before = date_time_ymd(2026, 2, 16);
    params.not_after = date_time_ymd(2046, 2, 16);
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Sample Bank, Ltd.");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params
}
