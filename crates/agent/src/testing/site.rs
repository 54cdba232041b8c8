use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use der::asn1::OctetString;
use der::{Decode, Encode};
use jiff::Timestamp;
use tegata_wire::Der;
use tegata_wire::api::{
    Bilingual, EnrollRequest, Issued, RenewRequest, Renewed, ServiceInfo, Trust,
};
use tegata_wire::{Problem, problem};

use super::Authority;
use crate::transport::{Identity, Network, Presented, Reply, Stream, Transport, TransportError};
use crate::trust::Trusted;

/// What the site does at the next `enroll`.
pub(crate) enum Script {
    /// Issues.
    Issue,
    /// Issues, but the connection is cut before the reply arrives.
    LoseReply,
    /// Cannot be reached.
    Down,
    /// Says no.
    Problem(u16, &'static str, Option<Duration>),
    /// Answers with something else than JSON.
    Page(u16),
    /// Issues, and changes the answer.
    Tamper(fn(&Authority, &[u8], &mut Issued)),
}

/// What was asked of the site.
#[derive(Debug, PartialEq)]
pub(crate) enum Call {
    /// `GET` before anything is believed.
    Unbelieved(String),
    /// A connection with this root as anchor.
    Believe,
    /// `GET`.
    Get(String),
    /// `POST enroll` with this public key.
    Enroll(Vec<u8>),
    /// `POST renew` with this public key, authorised by the certificate with this serial number.
    Renew(Vec<u8>, Vec<u8>),
    /// A certificate presented at this address.
    Present(String, Vec<u8>),
}

/// A site without a network.
pub(crate) struct FakeSite(Rc<Inner>);

struct Inner {
    authority: Authority,
    trust: RefCell<Trust>,
    minimum_app_version: RefCell<String>,
    time_zone: Cell<&'static str>,
    script: RefCell<VecDeque<Script>>,
    calls: RefCell<Vec<Call>>,
    date: Cell<Option<Timestamp>>,
    gateway: RefCell<Result<Presented, TransportError>>,
    /// Serial number of the certificate that the gateway refuses as revoked.
    revoked: RefCell<Option<tegata_domain::Serial>>,
}

impl FakeSite {
    pub(crate) fn new(script: impl IntoIterator<Item = Script>) -> Self {
        let authority = Authority::new();
        Self(Rc::new(Inner {
            trust: authority.trust().into(),
            authority,
            minimum_app_version: "0.1.0".to_owned().into(),
            time_zone: Cell::new("Asia/Tokyo"),
            script: VecDeque::from_iter(script).into(),
            calls: RefCell::default(),
            date: Cell::new(None),
            gateway: Ok(Presented { reply: json(&()), asked: true }).into(),
            revoked: RefCell::default(),
        }))
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub(crate) fn says(&self, trust: Trust) {
        *self.0.trust.borrow_mut() = trust;
    }

    pub(crate) fn wants_app(&self, version: &str) {
        *self.0.minimum_app_version.borrow_mut() = version.to_owned();
    }

    /// The time zone of its service.
    pub(crate) fn is_in(&self, time_zone: &'static str) {
        self.0.time_zone.set(time_zone);
    }

    /// What its clock says.
    pub(crate) fn is_at(&self, date: Timestamp) {
        self.0.date.set(Some(date));
    }

    /// What the gateway says from now on.
    pub(crate) fn gateway_says(&self, answer: Result<Presented, TransportError>) {
        *self.0.gateway.borrow_mut() = answer;
    }

    /// The gateway refuses with this code.
    pub(crate) fn gateway_refuses(&self, code: &str) {
        let problem = Problem::new(code, 403, "No.".into(), "Ask.".into(), "G-1".into());
        let content_type = problem::CONTENT_TYPE.to_owned();
        let reply = Reply { status: 403, content_type, ..json(&problem) };
        self.gateway_says(Ok(Presented { reply, asked: true }));
    }

    /// The gateway refuses this certificate, and no other.
    pub(crate) fn gateway_knows_as_revoked(&self, serial: tegata_domain::Serial) {
        *self.0.revoked.borrow_mut() = Some(serial);
    }

    pub(crate) fn then(&self, script: Script) {
        self.0.script.borrow_mut().push_back(script);
    }

    pub(crate) fn calls(&self) -> std::cell::Ref<'_, Vec<Call>> {
        self.0.calls.borrow()
    }

    /// The public keys of the enrolments, in order.
    pub(crate) fn keys(&self) -> Vec<Vec<u8>> {
        let calls = self.calls();
        calls
            .iter()
            .filter_map(|c| if let Call::Enroll(key) = c { Some(key.clone()) } else { None })
            .collect()
    }
}

impl Network for FakeSite {
    fn get_unbelieved(&self, url: &str) -> Result<Reply, TransportError> {
        self.0.calls.borrow_mut().push(Call::Unbelieved(url.to_owned()));
        Ok(Reply { date: self.0.date.get(), ..json(&*self.0.trust.borrow()) })
    }

    fn believe(&self, trusted: &Trusted) -> Result<Box<dyn Transport>, TransportError> {
        assert_eq!(trusted.root().der(), self.0.trust.borrow().root.0);
        self.0.calls.borrow_mut().push(Call::Believe);
        Ok(Box::new(Believed(self.0.clone())))
    }

    fn present(
        &self,
        _: &Trusted,
        identity: &Identity,
        url: &str,
    ) -> Result<Presented, TransportError> {
        let leaf = identity.certificate.der().to_vec();
        self.0.calls.borrow_mut().push(Call::Present(url.to_owned(), leaf));
        if identity.certificate.serial() == *self.0.revoked.borrow() {
            self.gateway_refuses("revoked");
            return self.0.gateway.replace(Ok(Presented { reply: json(&()), asked: true }));
        }
        self.0.gateway.borrow().clone()
    }
}

struct Believed(Rc<Inner>);

impl Transport for Believed {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.0.calls.borrow_mut().push(Call::Get(url.to_owned()));
        let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
        Ok(json(&ServiceInfo {
            tenant: "0001".to_owned(),
            issuer: "SB0001002C".to_owned(),
            organisation: text("Sample Bank, Ltd."),
            name: text("Sample Lite CMS"),
            service_url: "https://gateway.example.jp/SAMPLE01/cms".to_owned(),
            time_zone: self.0.time_zone.get().to_owned(),
            user_id_example: "CMSM950-006-401".to_owned(),
            minimum_app_version: self.0.minimum_app_version.borrow().clone(),
        }))
    }

    fn open(&self, url: &str, _: u64) -> Result<Stream, TransportError> {
        panic!("an issuance downloads nothing: {url}")
    }

    fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
        if url.ends_with("/api/v1/0001/SB0001002C/renew") {
            return self.renew(body);
        }
        assert!(url.ends_with("/api/v1/0001/SB0001002C/enroll"), "{url}");
        let asked: EnrollRequest = serde_json::from_slice(body).unwrap();
        let request = x509_cert::request::CertReq::from_der(&asked.request.0).unwrap();
        let spki = request.info.public_key.to_der().unwrap();
        self.0.calls.borrow_mut().push(Call::Enroll(spki.clone()));
        let authority = &self.0.authority;
        let issued = authority.issued(&asked.user_id, &asked.email, &spki, 7);
        match self.0.script.borrow_mut().pop_front().expect("no more enrolments were expected") {
            Script::Issue => Ok(json(&issued)),
            Script::LoseReply => Err(TransportError::LostReply("cut".into())),
            Script::Down => Err(TransportError::NoConnection("refused".into())),
            Script::Problem(status, code, retry_after) => {
                let problem = Problem::new(code, status, "No.".into(), "Ask.".into(), "R-1".into());
                let content_type = problem::CONTENT_TYPE.to_owned();
                Ok(Reply { status, content_type, retry_after, ..json(&problem) })
            }
            Script::Page(status) => Ok(Reply {
                status,
                content_type: "text/html".to_owned(),
                retry_after: None,
                date: None,
                body: b"<html>".to_vec(),
            }),
            Script::Tamper(change) => {
                let mut issued = issued;
                change(authority, &spki, &mut issued);
                Ok(json(&issued))
            }
        }
    }
}

impl Believed {
    fn renew(&self, body: &[u8]) -> Result<Reply, TransportError> {
        let asked: RenewRequest = serde_json::from_slice(body).unwrap();
        let cms = ContentInfo::from_der(&asked.request.0).unwrap();
        let signed: SignedData = cms.content.decode_as().unwrap();
        let SignerIdentifier::IssuerAndSerialNumber(by) = &signed.signer_infos.0.as_slice()[0].sid
        else {
            panic!("a signer is named by its certificate")
        };
        let request = signed.encap_content_info.econtent.unwrap();
        let request: OctetString = request.decode_as().unwrap();
        let request = x509_cert::request::CertReq::from_der(request.as_bytes()).unwrap();
        let spki = request.info.public_key.to_der().unwrap();
        let serial = by.serial_number.as_bytes().to_vec();
        self.0.calls.borrow_mut().push(Call::Renew(spki.clone(), serial.clone()));
        let replaces = tegata_domain::Serial::from_integer(&serial).unwrap();
        let issued = self.0.authority.issued("CMSM950-006-401", "taro@example.jp", &spki, 8);
        let renewed = Renewed {
            user_id: issued.user_id,
            serial: issued.serial,
            replaces,
            not_before: issued.not_before,
            not_after: issued.not_after,
            renewable_from: issued.renewable_from,
            email: None,
            certificate: issued.certificate,
            chain: issued.chain,
        };
        match self.0.script.borrow_mut().pop_front().expect("no more renewals were expected") {
            Script::Issue => Ok(json(&renewed)),
            Script::LoseReply => Err(TransportError::LostReply("cut".into())),
            _ => panic!("not for renewals"),
        }
    }
}

fn json(value: &impl serde::Serialize) -> Reply {
    Reply {
        status: 200,
        content_type: "application/json".to_owned(),
        retry_after: None,
        date: None,
        body: serde_json::to_vec(value).unwrap(),
    }
}

/// Used by tests that tamper with a certificate.
impl Script {
    pub(crate) fn certificate(issued: &mut Issued, der: Vec<u8>) {
        issued.certificate = Der(der);
    }
}
