//! The application interface, spoken directly.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::demo::Seat;
use crate::http::{self, Answer};
use crate::https::Https;

/// The application interface of the sample service.
#[derive(Clone)]
pub struct Api {
    /// The server.
    pub https: Https,
    base: String,
}

/// The answer to an issuance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Issued {
    /// User ID.
    pub user_id: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    certificate: String,
    chain: Vec<String>,
}

impl Issued {
    /// Of an answer.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).expect("the answer to an issuance")
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> Vec<u8> {
        STANDARD.decode(&self.certificate).expect("base64")
    }

    /// Issuing CA and root, DER.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.iter().map(|der| STANDARD.decode(der).expect("base64")).collect()
    }
}

impl Api {
    /// The interface beside the site with this home.
    pub fn new(https: Https, site: &str) -> Self {
        let (_, service) = site.trim_end_matches('/').split_once("/issueweb/").expect("a home");
        Self { https, base: format!("/api/v1/{service}") }
    }

    /// The path of a resource.
    pub fn path(&self, resource: &str) -> String {
        format!("{}/{resource}", self.base)
    }

    /// Asks for a certificate.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn try_enroll(&self, seat: &Seat, request: &[u8]) -> io::Result<Answer> {
        http::exchange(&mut self.https.connect()?, &self.enrolment(seat, request))
    }

    /// Asks for a certificate.
    #[track_caller]
    pub fn enroll(&self, seat: &Seat, request: &[u8]) -> Answer {
        self.try_enroll(seat, request).expect("an answer")
    }

    /// Asks with any JSON in English.
    #[track_caller]
    pub fn post(&self, body: &[u8]) -> Answer {
        self.https.send("POST", &self.path("enroll"), ENGLISH, body).expect("an answer")
    }

    /// Asks for a renewal with a CMS SignedData, DER in base64.
    #[track_caller]
    pub fn renew(&self, request: &str) -> Answer {
        let body = json!({ "request": request }).to_string();
        self.https.send("POST", &self.path("renew"), ENGLISH, body.as_bytes()).expect("an answer")
    }

    /// The octets of a request for a certificate.
    pub fn enrolment(&self, seat: &Seat, request: &[u8]) -> Vec<u8> {
        let body = body(seat, request).to_string();
        http::request("POST", &self.path("enroll"), ENGLISH, body.as_bytes())
    }
}

/// The JSON of a request for a certificate.
pub fn body(seat: &Seat, request: &[u8]) -> Value {
    json!({
        "user_id": seat.user_id,
        "password": seat.password,
        "email": "taro@example.co.jp",
        "request": STANDARD.encode(request),
    })
}

const ENGLISH: &[(&str, &str)] = &[("content-type", "application/json"), ("accept-language", "en")];
