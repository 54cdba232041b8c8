//! Another e-mail address, asked for with the key of the present certificate. It counts once the link
//! in a mail to it was followed.

use jiff::Timestamp;
use tegata_domain::Email;
use tegata_wire::Der;
use tegata_wire::api::{EmailAsked, EmailRequest};

use crate::cert::Cert;
use crate::error::Error;
use crate::issue::{self, Person, read};
use crate::key::SeatKey;
use crate::site::Site;
use crate::store::{Held, KeyStore};
use crate::transport::{Network, Transport};
use crate::{Fingerprint, authorise};

/// Asks for `email` in the place of the address of the seat that `current` belongs to, whose key is
/// `key`, at `now` by the clock of this PC. Returns what the server took up.
///
/// # Errors
/// [`Error::KeySilent`] when the key does not sign, [`Error::Refused`] when the server says no,
/// otherwise when no usable answer comes.
pub fn ask(
    transport: &dyn Transport,
    site: &Site,
    (current, key): (&Cert, &dyn SeatKey),
    email: &Email,
    now: Timestamp,
) -> Result<EmailAsked, Error> {
    let at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let request = authorise::email(current, key, site.service(), (email, at));
    let request = Der(request.ok_or(Error::KeySilent)?);
    let body = EmailRequest { email: email.to_string(), at, request };
    let body = serde_json::to_vec(&body).map_err(|_| Error::KeySilent)?;
    let asked: EmailAsked = read(&transport.post_json(&site.api("email"), &body)?)?;
    if asked.email != email.as_str() {
        return Err(Error::BadAnswer("another address was taken up"));
    }
    Ok(asked)
}

/// Does the same over `network`, for a certificate in `store`.
///
/// # Errors
/// As [`ask`], and when the site is not believed.
pub fn ask_over(
    network: &dyn Network,
    (store, held): (&dyn KeyStore, &Held),
    (site, pin): (&Site, Option<Fingerprint>),
    email: &Email,
    (person, now): (&mut dyn Person, Timestamp),
) -> Result<EmailAsked, Error> {
    let key = store.key(held)?;
    let trusted = issue::believe(site, pin, network, person, now)?;
    ask(&*network.believe(&trusted)?, site, (&held.certificate, &*key), email, now)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::key::FileKey;
    use crate::testing::{Authority, Counter, now, openssl};
    use crate::transport::{Reply, Stream, TransportError};

    /// A server that takes up `taken`, whatever it is asked for.
    struct Server {
        taken: &'static str,
        sent: RefCell<Vec<(String, EmailRequest)>>,
    }

    impl Transport for Server {
        fn get(&self, _: &str) -> Result<Reply, TransportError> {
            unreachable!("an address is posted")
        }

        fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
            let request = serde_json::from_slice(body).unwrap();
            self.sent.borrow_mut().push((url.to_owned(), request));
            let asked = EmailAsked { user_id: "A".to_owned(), email: self.taken.to_owned() };
            Ok(Reply {
                status: 200,
                content_type: "application/json".to_owned(),
                body: serde_json::to_vec(&asked).unwrap(),
                retry_after: None,
                date: Some(now()),
            })
        }

        fn open(&self, _: &str, _: u64) -> Result<Stream, TransportError> {
            unreachable!("an address is posted")
        }
    }

    #[test]
    fn openssl_verifies_it_and_finds_the_address_inside() {
        let key = FileKey::random(&Counter::new(1));
        let leaf = Authority::new().leaf("CMSM950-006-401", &key.spki(), 7);
        let cert = Cert::from_der(leaf.as_slice()).unwrap();
        let site: Site = "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap();
        let email: Email = "hanako@EXAMPLE.jp".parse().unwrap();
        let server = Server { taken: "hanako@example.jp", sent: RefCell::default() };
        let at = "2027-02-16T14:59:00Z";
        let clock = format!("{}.987Z", at.trim_end_matches('Z')).parse().unwrap();
        ask(&server, &site, (&cert, &key), &email, clock).unwrap();
        let (url, request) = server.sent.borrow()[0].clone();
        assert_eq!(url, "https://issue.example.jp/api/v1/0001/SB0001002C/email");
        assert_eq!(request.email, "hanako@example.jp");
        assert_eq!(request.at.to_string(), at);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("email.der"), request.request.0).unwrap();
        let verify = ["cms", "-verify", "-noverify", "-inform", "DER", "-binary"];
        let (from, to) = (path("email.der"), path("statement"));
        openssl(&[&verify[..], &["-in", &from, "-out", &to]].concat());
        let serial = cert.serial().unwrap();
        assert_eq!(
            std::fs::read_to_string(to).unwrap(),
            format!(
                "tegata, version 1: register this e-mail address\nservice 0001/SB0001002C\n\
                 serial {serial}\nemail hanako@example.jp\nat {at}\n"
            )
        );
        let other = Server { taken: "thief@example.com", sent: RefCell::default() };
        let answer = ask(&other, &site, (&cert, &key), &email, now());
        assert!(matches!(answer, Err(Error::BadAnswer(_))), "{answer:?}");
    }
}
