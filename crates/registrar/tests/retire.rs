//! Use, as gateways report it, and retirement, on the second.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{Pc, World};
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectAltName};
use tegata_domain::{
    CertificateState, Reason, RetirementRefusal, RevocationStatus, Serial, retirement_statement,
};
use tegata_registrar::{
    GatewayRefused, RetireError, Retired, SignedReport, StatementError, StatusChange, Taken,
};
use tegata_store::{CertificateUse, GATEWAY_FAST, GatewayReport, Store, StoreError};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A gateway with a certificate of the service.
struct Gateway {
    key: SoftwareKey,
    serial: Serial,
}

/// A renewed seat.
struct Renewed {
    world: World,
    pc: Pc,
    gateway: Gateway,
    old: Serial,
    new: Serial,
}

impl World {
    async fn own(&self, purpose: &str) -> Gateway {
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let names = vec![SubjectAltName::Dns("gateway.example".to_owned())];
        let own = self
            .registrar
            .certify_server(&self.service, purpose, names, key.public_key())
            .await
            .unwrap();
        Gateway { key, serial: own.serial }
    }

    fn use_of(&self, serial: Serial) -> Option<(Timestamp, Timestamp)> {
        self.read(|view| view.use_of(serial)).map(|seen| (seen.first, seen.last))
    }

    async fn take(&self, report: SignedReport) -> Result<Taken, GatewayRefused> {
        self.registrar.take_report(&self.service, report).await
    }
}

impl Gateway {
    fn report(&self, sequence: u64, uses: &[(Serial, Timestamp, Timestamp)]) -> SignedReport {
        let message = format!("report {sequence}").into_bytes();
        SignedReport {
            gateway: GatewayReport {
                gateway: self.serial,
                sequence,
                sent_at: Timestamp::UNIX_EPOCH,
                position: sequence,
            },
            uses: uses
                .iter()
                .map(|(serial, first, last)| CertificateUse {
                    serial: *serial,
                    first: *first,
                    last: *last,
                })
                .collect(),
            signature: self.key.sign(&message).unwrap(),
            message,
        }
    }
}

impl Renewed {
    async fn new() -> Self {
        let (world, pc) = (World::new().await, Pc::new());
        let gateway = world.own("gateway").await;
        let old = world.issue_on(&pc, 0, "old").await;
        world.turn_to(world.ends(old) - DAY * 50);
        let renewed = world.renew(pc.renewal("old", "new")).await.unwrap();
        pc.keep("new", &renewed.certificate);
        Self { old, new: renewed.serial, world, pc, gateway }
    }

    fn now(&self) -> Timestamp {
        self.world.registrar.now()
    }

    /// A gateway sees a certificate now.
    async fn seen(&self, serial: Serial) {
        let sequence = u64::try_from(self.now().as_second()).unwrap();
        let report = self.gateway.report(sequence, &[(serial, self.now(), self.now())]);
        self.world.take(report).await.unwrap();
    }

    async fn due(&self) -> usize {
        self.world.registrar.retire_due().await.unwrap()
    }

    async fn retire(&self, request: Vec<u8>) -> Result<Retired, RetireError> {
        let reference = self.world.reference();
        self.world.registrar.retire(&self.world.service, request, &reference).await
    }

    fn statement(&self, serial: Serial) -> String {
        retirement_statement(&self.world.service.key, serial)
    }

    fn is_retired(&self) -> bool {
        let state = self.world.state(self.old);
        matches!(state, CertificateState::Revoked { reason: Reason::Superseded, .. })
    }
}

#[tokio::test]
async fn a_renewal_names_what_it_replaces() {
    let one = Renewed::new().await;
    let record = one.world.read(|view| view.certificate(one.new)).unwrap();
    assert_eq!(record.replaces, Some(one.old));
    let successor = one.world.read(|view| view.successor(one.old)).unwrap();
    assert_eq!(successor.certificate.serial, one.new);
    assert_eq!(one.world.read(|view| view.successor(one.new)), None);
}

#[tokio::test]
async fn times_only_grow_and_are_never_in_the_future() {
    let one = Renewed::new().await;
    let now = one.now();
    let (issued, hour) = (now, SignedDuration::from_hours(1));
    one.world.clock.turn(hour);
    let later = now + hour;
    // Used before it was issued, says a slow clock; in the future, a fast one.
    let first = one.gateway.report(7, &[(one.new, now - DAY, later + DAY)]);
    let taken = one.world.take(first.clone()).await.unwrap();
    assert_eq!(taken, Taken { first: 1, later: 0 });
    assert_eq!(one.world.use_of(one.new), Some((issued, later)));
    one.world.clock.turn(MINUTE - SECOND);
    assert_eq!(one.world.take(first.clone()).await.unwrap(), Taken::default());
    assert_eq!(one.world.use_of(one.new), Some((issued, later)), "less than a minute");
    one.world.clock.turn(SECOND);
    let report = one.gateway.report(9, &[(one.new, one.now(), one.now())]);
    assert_eq!(one.world.take(report).await.unwrap(), Taken { first: 0, later: 1 });
    let last = (issued, later + MINUTE);
    assert_eq!(one.world.use_of(one.new), Some(last));
    let known = || one.world.read(|view| view.gateways(one.world.service.id, one.now()));
    let before = known();
    assert_eq!((before.len(), before[0].reported_at), (1, Some(one.now())));
    one.world.clock.turn(SECOND);
    let old = one.gateway.report(8, &[(one.new, issued, issued)]);
    assert_eq!(one.world.take(old).await.unwrap(), Taken::default());
    assert_eq!(one.world.use_of(one.new), Some(last), "an old report changes nothing");
    assert_eq!(known()[0].reported_at, before[0].reported_at, "nor what is known of the gateway");
}

#[tokio::test]
async fn a_clock_that_was_fast_hides_no_report_that_follows() {
    let one = Renewed::new().await;
    let known = || one.world.read(|view| view.gateways(one.world.service.id, one.now())).remove(0);
    let micros = |at: Timestamp| u64::try_from(at.as_microsecond()).unwrap();
    let fast = |by: SignedDuration| one.gateway.report(micros(one.now() + by), &[]);
    let mut later = fast(SignedDuration::ZERO);
    later.gateway.sent_at = one.now() + GATEWAY_FAST + SECOND;
    let endless = one.gateway.report(u64::MAX, &[]);
    for report in [endless, fast(DAY * 3650), fast(GATEWAY_FAST + SECOND), later] {
        let refused = one.world.take(report).await;
        let Err(GatewayRefused::Clock { ahead }) = refused else { panic!("{refused:?}") };
        assert!(ahead > GATEWAY_FAST, "{ahead}");
        assert_eq!(known().reported_at, None);
    }
    // The clock is set right.
    one.world.clock.turn(SECOND);
    one.world.take(fast(SignedDuration::ZERO)).await.unwrap();
    assert_eq!(known().reported_at, Some(one.now()));
    let end = one.world.read(|view| view.feed_position(one.world.service.id));
    assert_eq!(known().position, Some(end), "nobody has read what is not there");
    // One that is fast by less counts as it says, and is no sign of life again, whenever it comes.
    let soon = fast(GATEWAY_FAST);
    one.world.take(soon.clone()).await.unwrap();
    let before = known().reported_at;
    for wait in [SECOND, MINUTE, GATEWAY_FAST, DAY] {
        one.world.clock.turn(wait);
        one.world.take(soon.clone()).await.unwrap();
        assert_eq!(known().reported_at, before, "the same once more");
    }
    one.world.take(fast(SignedDuration::ZERO)).await.unwrap();
    assert_eq!(known().reported_at, Some(one.now()));
}

/// What the server itself took at a wrong time hides nothing.
#[tokio::test]
async fn a_server_whose_clock_was_fast_takes_what_follows() {
    let one = Renewed::new().await;
    one.world.clock.turn(DAY);
    let sequence = u64::try_from(one.now().as_microsecond()).unwrap();
    one.world.take(one.gateway.report(sequence, &[])).await.unwrap();
    one.world.clock.turn(-DAY);
    one.seen(one.new).await;
    let known = one.world.read(|view| view.gateways(one.world.service.id, one.now()));
    assert_eq!(known[0].reported_at, Some(one.now()));
}

#[tokio::test]
async fn only_a_gateway_of_this_service_is_believed() {
    let one = Renewed::new().await;
    let site = one.world.own("site").await;
    let uses = [(one.new, one.now(), one.now())];
    let stranger = Gateway {
        key: SoftwareKey::generate(KeyKind::EcP256).unwrap(),
        serial: one.gateway.serial,
    };
    let holder = Gateway { key: SoftwareKey::generate(KeyKind::EcP256).unwrap(), serial: one.new };
    let mut changed = one.gateway.report(1, &uses);
    changed.message.push(b'!');
    for report in
        [site.report(1, &uses), stranger.report(1, &uses), holder.report(1, &uses), changed]
    {
        let refused = one.world.take(report).await;
        assert!(matches!(refused, Err(GatewayRefused::Stranger)), "{refused:?}");
    }
    one.world.take(one.gateway.report(1, &uses)).await.unwrap();
    // Its CA is revoked.
    let another = Store::open(&one.world.database).unwrap();
    let (ca, now) = (one.world.service.issuing[0].id, one.now());
    let revoking = another.write(move |tx| tx.revoke_authority(ca, now, Reason::KeyCompromise));
    let revoked: Result<(), StoreError> = revoking.await;
    revoked.unwrap();
    let refused = one.world.take(one.gateway.report(2, &uses)).await;
    assert!(matches!(refused, Err(GatewayRefused::Stranger)), "{refused:?}");
}

#[tokio::test]
async fn a_gateway_whose_certificate_has_ended_is_not_believed() {
    let one = Renewed::new().await;
    one.world.clock.turn(DAY * 3000);
    let refused = one.world.take(one.gateway.report(2, &[])).await;
    assert!(matches!(refused, Err(GatewayRefused::Stranger)), "{refused:?}");
}

#[tokio::test]
async fn certificates_of_nobody_are_gone_past() {
    let one = Renewed::new().await;
    let unknown = Serial::from_octets(&[0x55; 16]).unwrap();
    let now = one.now();
    let report = one.gateway.report(1, &[(unknown, now, now), (one.new, now, now)]);
    assert_eq!(one.world.take(report).await.unwrap(), Taken { first: 1, later: 0 });
    assert_eq!(one.world.use_of(unknown), None);
}

#[tokio::test]
async fn retired_a_week_to_the_second_after_the_new_one_was_seen() {
    let one = Renewed::new().await;
    one.seen(one.old).await;
    one.world.clock.turn(DAY * 10);
    assert_eq!(one.due().await, 0, "the new one was never seen");
    one.seen(one.new).await;
    one.world.clock.turn(DAY * 7 - SECOND);
    assert_eq!(one.due().await, 0);
    one.world.clock.turn(SECOND);
    assert_eq!(one.due().await, 1);
    assert!(one.is_retired());
    assert!(matches!(one.world.state(one.new), CertificateState::Issued { .. }));
    let feed = one.world.registrar.feed(&one.world.service, 0, 10).unwrap().unwrap();
    assert_eq!(feed.changes, [(one.old, RevocationStatus::Revoked)]);
    assert_eq!(one.world.audit().last().unwrap(), "certificate.revoked");
    assert_eq!(one.due().await, 0, "once");
    assert_eq!(one.world.registrar.verify_audit().unwrap().faults, []);
}

#[tokio::test]
async fn the_setting_says_how_long() {
    let mut one = Renewed::new().await;
    one.seen(one.new).await;
    let mut settings = common::settings();
    settings.retire_after_days = 1;
    one.world = one.world.reopened(settings);
    one.world.clock.turn(DAY - SECOND);
    assert_eq!(one.due().await, 0);
    one.world.clock.turn(SECOND);
    assert_eq!(one.due().await, 1);
}

#[tokio::test]
async fn not_while_the_new_one_is_on_hold_and_never_once_it_is_revoked() {
    let one = Renewed::new().await;
    one.seen(one.new).await;
    one.world.clock.turn(DAY * 8);
    one.world.change(one.new, StatusChange::Hold).await;
    assert_eq!(one.due().await, 0);
    one.world.change(one.new, StatusChange::Release).await;
    one.world.change(one.old, StatusChange::Hold).await;
    assert_eq!(one.due().await, 0, "whoever holds the old one may find that it was stolen");
    one.world.change(one.old, StatusChange::Release).await;
    one.world.change(one.new, StatusChange::Revoke(Reason::KeyCompromise)).await;
    assert_eq!(one.due().await, 0);
    one.world.clock.turn(DAY);
    assert_eq!(one.due().await, 0);
    assert!(matches!(one.world.state(one.old), CertificateState::Superseded { .. }));
}

#[tokio::test]
async fn the_hold_of_one_keeps_nobody_else_waiting() {
    let one = Renewed::new().await;
    one.seen(one.new).await;
    one.world.clock.turn(DAY * 8);
    one.world.change(one.new, StatusChange::Hold).await;
    assert_eq!(one.due().await, 0);
    one.world.change(one.new, StatusChange::Release).await;
    assert_eq!(one.due().await, 1);
}

#[tokio::test]
async fn its_holder_retires_it_at_once() {
    let one = Renewed::new().await;
    let request = one.pc.signed("old", one.statement(one.old).as_bytes());
    let retired = one.retire(request.clone()).await.unwrap();
    assert_eq!((retired.serial, retired.successor), (one.old, one.new));
    assert!(one.is_retired());
    one.world.clock.turn(DAY);
    assert_eq!(one.retire(request).await.unwrap(), retired, "a lost answer is asked for again");
    one.seen(one.new).await;
    one.world.clock.turn(DAY * 8);
    assert_eq!(one.due().await, 0);
}

#[tokio::test]
async fn nobody_else_retires_it_and_nothing_else_is_a_request() {
    let one = Renewed::new().await;
    let not_yours = |outcome: Result<Retired, RetireError>| {
        assert!(
            matches!(outcome, Err(RetireError::Statement(StatementError::NotYours))),
            "{outcome:?}"
        );
    };
    // The new one's key for the old one; the statement for another; a renewal.
    not_yours(one.retire(one.pc.signed("new", one.statement(one.old).as_bytes())).await);
    not_yours(one.retire(one.pc.signed("old", one.statement(one.new).as_bytes())).await);
    let renewal = one.pc.read("new.csr");
    not_yours(one.retire(one.pc.signed("old", &renewal)).await);
    let renewed = one.pc.signed("old", one.statement(one.old).as_bytes());
    let outcome =
        one.world.registrar.renew(&one.world.service, renewed, false, &one.world.reference()).await;
    assert!(outcome.is_err(), "and a retirement is no renewal");
    assert!(!one.is_retired());
    let garbage = one.retire(vec![0x30, 0x80]).await;
    assert!(
        matches!(garbage, Err(RetireError::Statement(StatementError::Request(_)))),
        "{garbage:?}"
    );
}

#[tokio::test]
async fn without_a_live_successor_nothing_is_retired() {
    let one = Renewed::new().await;
    let of_new = one.pc.signed("new", one.statement(one.new).as_bytes());
    let refused = one.retire(of_new).await;
    assert!(
        matches!(refused, Err(RetireError::Refused(RetirementRefusal::NotSuperseded))),
        "{refused:?}"
    );
    let request = one.pc.signed("old", one.statement(one.old).as_bytes());
    one.world.change(one.new, StatusChange::Hold).await;
    let refused = one.retire(request.clone()).await;
    assert!(matches!(refused, Err(RetireError::Refused(RetirementRefusal::SuccessorHeld))));
    one.world.change(one.new, StatusChange::Revoke(Reason::KeyCompromise)).await;
    let refused = one.retire(request).await;
    assert!(matches!(refused, Err(RetireError::Refused(RetirementRefusal::SuccessorGone))));
    assert_eq!(one.world.audit().last().unwrap(), "retirement.refused");
    assert!(matches!(one.world.state(one.old), CertificateState::Superseded { .. }));
}
