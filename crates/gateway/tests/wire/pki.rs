//! A certification authority, and the identities of server and clients.

use std::sync::Arc;

use der::Decode;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair, KeyUsagePurpose as Usage, SerialNumber,
};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tegata_domain::Serial;
use tegata_gateway::Identity;
use x509_cert::Certificate;

pub(crate) struct Issuer(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) serial: Serial,
    pub(crate) certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Issuer {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
        Self::of(params)
    }

    pub(crate) fn that_is_no_ca(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::ExplicitNoCa;
        Self::of(params)
    }

    fn of(params: CertificateParams) -> Self {
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    pub(crate) fn issue(&self, number: u64) -> Holder {
        self.issue_with(number, |_| {})
    }

    pub(crate) fn issue_with(
        &self,
        number: u64,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Holder {
        let serial = serial(number);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("CMSM950-006-{number:03}"));
        params.serial_number = Some(SerialNumber::from_slice(serial.octets()));
        params.key_usages = vec![Usage::DigitalSignature];
        params.extended_key_usages = vec![Purpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        Holder { serial, certificate, key: key.serialize_der() }
    }

    /// A certificate that cannot authenticate clients.
    pub(crate) fn issue_for_servers(&self, number: u64) -> Holder {
        self.issue_with(number, |params| params.extended_key_usages = vec![Purpose::ServerAuth])
    }
}

impl Holder {
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

pub(crate) fn serial(number: u64) -> Serial {
    let mut octets = [0x41; 16];
    octets[8..].copy_from_slice(&number.to_be_bytes());
    Serial::from_octets(&octets).unwrap()
}

/// The gateway's own identity, and who trusts it.
pub(crate) struct Server {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        Self { certificate: cert.der().clone(), key: signing_key.serialize_der() }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            chain: vec![self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(self.key.clone()).into(),
        }
    }

    /// The bare public key, as it stands in the certificate.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let certificate = Certificate::from_der(&self.certificate).unwrap();
        let spki = certificate.tbs_certificate.subject_public_key_info;
        spki.subject_public_key.raw_bytes().to_vec()
    }

    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        Arc::new(roots)
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
