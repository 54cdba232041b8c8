//! Retirement: what was renewed is revoked when its holder removes it, and not only days later.

use jiff::Timestamp;
use tegata_domain::Serial;
use tegata_wire::Der;
use tegata_wire::api::{RetireRequest, Retired};

use crate::cert::Cert;
use crate::error::Error;
use crate::issue::{self, Nobody, read};
use crate::key::SeatKey;
use crate::receipt::Receipt;
use crate::site::Site;
use crate::store::{Held, KeyStore};
use crate::transport::{Network, Transport};
use crate::{Fingerprint, authorise};

/// Has `old` revoked, whose key is `key`, because its successor stands. Returns the serial number
/// of the successor as the server knows it. Asking again gets the same answer.
///
/// To be done before the key is removed: without it nobody can ask. A certificate that nothing
/// live replaces is refused with the code `not_retired`.
///
/// # Errors
/// [`Error::KeySilent`] when the key does not sign, [`Error::Refused`] when the server says no,
/// otherwise when no usable answer comes. The certificate is retired later by itself then.
pub fn retire(
    transport: &dyn Transport,
    site: &Site,
    old: &Cert,
    key: &dyn SeatKey,
) -> Result<Serial, Error> {
    let request = authorise::retirement(old, key, site.service()).ok_or(Error::KeySilent)?;
    let body = serde_json::to_vec(&RetireRequest { request: Der(request) });
    let body = body.map_err(|_| Error::KeySilent)?;
    let retired: Retired = read(&transport.post_json(&site.api("retire"), &body)?)?;
    if old.serial() != Some(retired.serial) {
        return Err(Error::BadAnswer("another certificate was retired"));
    }
    Ok(retired.successor)
}

/// Does the same over `network`, for a certificate of which only the receipt is left to say where
/// it came from. Nobody is asked anything.
///
/// # Errors
/// As [`retire`], and when the site is not the one that issued it. None is a reason to keep the
/// certificate.
pub fn tell(
    network: &dyn Network,
    store: &dyn KeyStore,
    old: &Held,
    receipt: &Receipt,
    now: Timestamp,
) -> Result<Serial, Error> {
    let site: Site =
        receipt.site.parse().map_err(|_| Error::BadAnswer("the receipt names no site"))?;
    let root = receipt.root_sha256.parse::<Fingerprint>();
    let root = root.map_err(|_| Error::BadAnswer("the receipt names no root"))?;
    let key = store.key(old)?;
    let trusted = issue::believe(&site, Some(root), network, &mut Nobody, now)?;
    retire(&*network.believe(&trusted)?, &site, &old.certificate, &*key)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tegata_wire::{Problem, problem};

    use super::*;
    use crate::key::FileKey;
    use crate::testing::{Authority, Counter, now, openssl};
    use crate::transport::{Reply, Stream, TransportError};

    /// A server that keeps what it was sent and answers what it was told to.
    struct Answers {
        reply: Reply,
        sent: RefCell<Vec<(String, RetireRequest)>>,
    }

    impl Transport for Answers {
        fn get(&self, _: &str) -> Result<Reply, TransportError> {
            unreachable!("a retirement is posted")
        }

        fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
            let request = serde_json::from_slice(body).unwrap();
            self.sent.borrow_mut().push((url.to_owned(), request));
            Ok(self.reply.clone())
        }

        fn open(&self, _: &str, _: u64) -> Result<Stream, TransportError> {
            unreachable!("a retirement is posted")
        }
    }

    fn answers(status: u16, content_type: &str, body: Vec<u8>) -> Answers {
        let reply = Reply {
            status,
            content_type: content_type.to_owned(),
            body,
            retry_after: None,
            date: Some(now()),
        };
        Answers { reply, sent: RefCell::default() }
    }

    fn done(serial: Serial) -> Answers {
        let retired = Retired {
            user_id: "CMSM950-006-401".to_owned(),
            serial,
            successor: Serial::from_octets(&[0x52; 16]).unwrap(),
            retired_at: now(),
        };
        answers(200, "application/json", serde_json::to_vec(&retired).unwrap())
    }

    fn site() -> Site {
        "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap()
    }

    fn old() -> (Cert, FileKey) {
        let key = FileKey::random(&Counter::new(1));
        let leaf = Authority::new().leaf("CMSM950-006-401", &key.spki(), 7);
        (Cert::from_der(leaf.as_slice()).unwrap(), key)
    }

    #[test]
    fn openssl_verifies_it_and_finds_the_statement_inside() {
        let (cert, key) = old();
        let serial = cert.serial().unwrap();
        let server = done(serial);
        let successor = retire(&server, &site(), &cert, &key).unwrap();
        assert_eq!(successor, Serial::from_octets(&[0x52; 16]).unwrap());
        let (url, request) = server.sent.borrow()[0].clone();
        assert_eq!(url, "https://issue.example.jp/api/v1/0001/SB0001002C/retire");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("retire.der"), request.request.0).unwrap();
        let verify = ["cms", "-verify", "-noverify", "-inform", "DER", "-binary"];
        let (from, to) = (path("retire.der"), path("statement"));
        openssl(&[&verify[..], &["-in", &from, "-out", &to]].concat());
        assert_eq!(
            std::fs::read_to_string(to).unwrap(),
            format!(
                "tegata, version 1: retire this certificate\nservice 0001/SB0001002C\n\
                 serial {serial}\n"
            )
        );
    }

    #[test]
    fn the_servers_no_is_told_in_its_words() {
        let (cert, key) = old();
        let no = Problem::new("not_retired", 403, "No.".into(), "Renew.".into(), "R-1".into());
        let server = answers(403, problem::CONTENT_TYPE, serde_json::to_vec(&no).unwrap());
        match retire(&server, &site(), &cert, &key) {
            Err(Error::Refused(problem)) => assert_eq!(problem.code, "not_retired"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_about_another_certificate_is_none() {
        let (cert, key) = old();
        let server = done(Serial::from_octets(&[0x66; 16]).unwrap());
        let answer = retire(&server, &site(), &cert, &key);
        assert!(matches!(answer, Err(Error::BadAnswer(_))), "{answer:?}");
        let page = answers(200, "text/html", b"<p>a proxy's page".to_vec());
        assert!(matches!(retire(&page, &site(), &cert, &key), Err(Error::NotTegata(200))));
    }
}
