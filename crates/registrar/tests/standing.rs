//! What `tegata status` says that somebody should look at.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{MailServer, World, request};
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectAltName};
use tegata_domain::Serial;
use tegata_registrar::{Delivery, GATEWAY_GONE, ServerTrouble, SignedReport};
use tegata_store::GatewayReport;
use tegata_text::Lang;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl World {
    async fn own(&self, purpose: &str) -> (Serial, Timestamp, SoftwareKey) {
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let names = vec![SubjectAltName::Dns("gw.example".to_owned())];
        let (service, spki) = (&self.service, key.public_key());
        let own = self.registrar.certify_server(service, purpose, names, spki).await.unwrap();
        (own.serial, own.not_after, key)
    }

    async fn report(&self, (gateway, _, key): &(Serial, Timestamp, SoftwareKey)) {
        let (sent_at, message) = (self.registrar.now(), b"a report".to_vec());
        let sequence = u64::try_from(sent_at.as_second()).unwrap();
        let report = SignedReport {
            gateway: GatewayReport { gateway: *gateway, sequence, sent_at, position: 0 },
            uses: Vec::new(),
            signature: key.sign(&message).unwrap(),
            message,
        };
        self.registrar.take_report(&self.service, report).await.unwrap();
    }

    /// Everything about mails that somebody should look at.
    fn of_mails(&self) -> Vec<String> {
        let service = self.registrar.choose_service(None).unwrap();
        let attention = self.registrar.standing(&service, 90).unwrap().attention;
        attention.into_iter().filter(|said| said.contains("mail")).collect()
    }

    /// Whose certificates somebody should look at.
    fn ending(&self) -> Vec<String> {
        let service = self.registrar.choose_service(None).unwrap();
        let attention = self.registrar.standing(&service, 90).unwrap().attention;
        let whose = |said: &String| {
            let (_, rest) = said.split_once("the certificate of ")?;
            Some(rest.split_once(" ends at ")?.0.to_owned())
        };
        attention.iter().filter_map(whose).collect()
    }
}

#[tokio::test]
async fn servers_whose_certificates_end_in_thirty_days_are_named() {
    let world = World::new().await;
    let (_, ends, _) = world.own("site").await;
    let quiet = world.own("gateway-quiet").await;
    let gone = world.own("gateway-gone").await;
    assert_eq!((quiet.1, gone.1), (ends, ends));
    world.turn_to(ends - DAY * 60);
    world.report(&gone).await;
    world.turn_to(ends - DAY * 30 - SECOND);
    assert_eq!(world.ending(), [""; 0]);
    assert!(DAY * 30 <= GATEWAY_GONE);
    world.turn_to(ends - DAY * 30 + SECOND);
    let service = world.registrar.choose_service(None).unwrap();
    let attention = world.registrar.standing(&service, 90).unwrap().attention;
    // Of the day where the service is.
    assert!(attention.iter().all(|said| !said.contains("Z ") && !said.ends_with('Z')));
    assert!(attention.iter().any(|said| said.contains(" JST")), "{attention:?}");
    assert_eq!(world.ending(), ["the issuing site", "gateway-quiet"], "the third is taken away");
    world.own("site").await;
    world.report(&quiet).await;
    let renewed = world.own("gateway-quiet").await;
    assert_eq!(world.ending(), ["gateway-quiet"], "until the new one is in its place");
    world.clock.turn(SECOND);
    world.report(&renewed).await;
    assert_eq!(world.ending(), [""; 0]);
}

#[tokio::test]
async fn a_mail_server_that_refuses_the_password_is_told_at_once_and_then_gets_everything() {
    let world = World::new().await;
    let said = "permanent error (535): 5.7.8 Error: authentication failed".to_owned();
    let server = MailServer::new(Delivery::Away(ServerTrouble::Password, said));
    world.enroll(&request()).await.unwrap();
    assert_eq!(world.of_mails(), [""; 0], "it waits for its first try");
    world.registrar.send_mails(&server).await.unwrap();
    let [told] = &world.of_mails()[..] else { panic!("{:?}", world.of_mails()) };
    for part in [
        "refuses our name or password",
        "1 mail waits",
        "since 2026-11-23 12:00 JST",
        "mail.url_file",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Tried in vain until its pause is hours.
    for _ in 0..8 {
        world.clock.turn(SignedDuration::from_hours(6));
        world.registrar.send_mails(&server).await.unwrap();
    }
    assert_eq!(world.of_mails().len(), 1, "said once: {:?}", world.of_mails());
    // The password is right again, and another mail is the first to leave.
    *server.answer.lock().unwrap() = Delivery::Accepted;
    let (user_id, password) = &world.seats[1];
    world.enroll_in(Lang::Ja, user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 2, "at once");
    assert_eq!(world.of_mails(), [""; 0]);
}

/// Another node may be handing it over at this moment.
#[tokio::test]
async fn a_mail_that_somebody_holds_is_not_hurried() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let server = MailServer::new(Delivery::Away(ServerTrouble::Unreachable, "x".to_owned()));
    world.registrar.send_mails(&server).await.unwrap();
    world.clock.turn(SignedDuration::from_hours(1));
    let (store, now) = (world.registrar.store(), world.registrar.now());
    let lease = now + SignedDuration::from_mins(10);
    assert_eq!(store.write(move |tx| tx.claim_mails(now, lease, 1)).await.unwrap().len(), 1);
    *server.answer.lock().unwrap() = Delivery::Accepted;
    let (user_id, password) = &world.seats[1];
    world.enroll_in(Lang::Ja, user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1, "the new one only");
}
