//! A certification authority, and the identities of server and clients.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
    pub(crate) certificate: CertificateDer<'static>,
    key: Vec<u8>,
    root: CertificateDer<'static>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        Self { root: certificate.clone(), certificate, key: signing_key.serialize_der() }
    }

    /// One that `issuer` made, for this key or a new one, until the end of this year.
    pub(crate) fn of(issuer: &Issuer, number: u64, key: Option<&Self>, year: i32) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from_slice(serial(number).octets()));
        params.extended_key_usages = vec![Purpose::ServerAuth];
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = match key {
            Some(server) => KeyPair::try_from(server.key.as_slice()).unwrap(),
            None => KeyPair::generate().unwrap(),
        };
        Self {
            certificate: params.signed_by(&key, &issuer.0).unwrap().der().clone(),
            key: key.serialize_der(),
            root: issuer.0.der().clone(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        let base64 = STANDARD.encode(&self.certificate);
        format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
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
        roots.add(self.root.clone()).unwrap();
        Arc::new(roots)
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
