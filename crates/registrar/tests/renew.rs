//! Renewal, on the second.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{MailServer, Pc, World};
use jiff::SignedDuration;
use tegata_domain::{CertificateState, Reason, Reissue, RenewalRefusal, Revocation};
use tegata_registrar::{Actor, Delivery, RenewError, Selection, StatusChange, Successors, Target};
use tegata_store::Revocable;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn the_window_opens_and_closes_on_the_second() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    let ends = world.ends(old);
    world.turn_to(ends - DAY * 60 - SECOND);
    let early = world.renew(pc.renewal("old", "new")).await;
    assert!(
        matches!(early, Err(RenewError::Refused(RenewalRefusal::TooEarly { .. }))),
        "{early:?}"
    );
    world.turn_to(ends + SECOND);
    let late = world.renew(pc.renewal("old", "new")).await;
    assert!(matches!(late, Err(RenewError::Refused(RenewalRefusal::Expired))), "{late:?}");
    world.turn_to(ends);
    let renewed = world.renew(pc.renewal("old", "new")).await.unwrap();
    assert_eq!(renewed.validity.not_after, ends + DAY * 365, "nothing of the old one is lost");
    assert_eq!((renewed.replaces, renewed.user_id.as_str()), (old, world.seats[0].0.as_str()));
    assert!(matches!(world.state(old), CertificateState::Superseded { .. }));
    assert!(matches!(world.state(renewed.serial), CertificateState::Issued { .. }));
    let feed = world.registrar.feed(&world.service, 0, 10).unwrap().unwrap();
    assert_eq!(feed.changes, [], "the old one stays good until it is retired");
    let said = world.audit();
    assert_eq!(said.iter().filter(|action| *action == "renewal.refused").count(), 2);
    assert_eq!(said.last().unwrap(), "certificate.renewed");
    assert_eq!(world.registrar.verify_audit().unwrap().faults, []);
}

/// The reminder waits for the mail server while its reader renews.
#[tokio::test]
async fn who_has_renewed_is_told_so_and_not_reminded() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    let ends = world.ends(old);
    world.turn_to(ends - DAY * 30);
    assert_eq!(world.registrar.remind().await.unwrap().reminders, 1);
    let request = pc.renewal("old", "new");
    let renewed = world.registrar.renew(&world.service, request, true, &world.reference()).await;
    let renewed = renewed.unwrap();
    let seat = world.registrar.seat(world.service.id, &renewed.user_id).unwrap();
    assert!(seat.unattended);
    world.turn_to(ends - DAY * 5);
    assert_eq!(world.registrar.remind().await.unwrap().reminders, 0, "none of the old one");
    let server = MailServer::new(Delivery::Accepted);
    world.registrar.send_mails(&server).await.unwrap();
    let letters = server.received();
    let subjects: Vec<_> = letters.iter().map(|letter| letter.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "【サンプルLite CMS】電子証明書を発行しました",
            "【サンプルLite CMS】電子証明書を更新しました",
        ]
    );
    world.turn_to(ends + DAY * (365 - 30));
    assert_eq!(world.registrar.remind().await.unwrap().reminders, 1, "the new one in its time");
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY * 10);
    let request = pc.renewal("old", "new");
    let first = world.renew(request.clone()).await.unwrap();
    assert_eq!(world.renew(request).await.unwrap(), first);
    assert_eq!(world.renew(pc.renewal("old", "new")).await.unwrap(), first, "signed anew");
    let third = world.renew(pc.renewal("old", "third")).await;
    assert!(matches!(third, Err(RenewError::Refused(RenewalRefusal::Superseded))), "{third:?}");
    assert_eq!(world.certificates().len(), 2);
    // The new one renews in its own time.
    pc.keep("new", &first.certificate);
    let early = world.renew(pc.renewal("new", "next")).await;
    assert!(matches!(early, Err(RenewError::Refused(RenewalRefusal::TooEarly { .. }))));
    world.turn_to(first.validity.not_after - DAY);
    world.renew(pc.renewal("new", "next")).await.unwrap();
}

#[tokio::test]
async fn what_is_not_live_is_not_renewed() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    world.change(old, StatusChange::Hold).await;
    let held = world.renew(pc.renewal("old", "new")).await;
    assert!(matches!(held, Err(RenewError::Refused(RenewalRefusal::Held))), "{held:?}");
    world.change(old, StatusChange::Release).await;
    world.change(old, StatusChange::Revoke(Reason::KeyCompromise)).await;
    let revoked = world.renew(pc.renewal("old", "new")).await;
    assert!(matches!(revoked, Err(RenewError::Refused(RenewalRefusal::Revoked))), "{revoked:?}");
    assert_eq!(world.certificates().len(), 1);
}

#[tokio::test]
async fn a_key_is_renewed_by_a_new_one_of_ones_own() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.issue_on(&pc, 1, "other").await;
    world.turn_to(world.ends(old) - DAY);
    pc.ssl("req -new -key old.key -subj /CN=x -outform DER -out same.csr");
    let same = world.renew(pc.renewal("old", "same")).await;
    assert!(matches!(same, Err(RenewError::Request(tegata_ca::RenewalError::SameKey))), "{same:?}");
    let taken = world.renew(pc.renewal("old", "other")).await;
    assert!(matches!(taken, Err(RenewError::KeyTaken)), "{taken:?}");
    // A certificate that we never issued, with a serial number that we know nothing of.
    pc.ssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=CMSM950-006-401 \
         -keyout forged.key -out forged.pem",
    );
    let forged = world.renew(pc.renewal("forged", "new")).await;
    assert!(matches!(forged, Err(RenewError::NotYours)), "{forged:?}");
}

#[tokio::test]
async fn a_key_that_fails_between_the_commits_leaves_the_old_one_as_it_was() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    *world.issuing_key.pulled.lock().unwrap() = true;
    let request = pc.renewal("old", "new");
    assert!(matches!(world.renew(request.clone()).await, Err(RenewError::Sign(_))));
    assert!(matches!(world.state(old), CertificateState::Issued { .. }));
    *world.issuing_key.pulled.lock().unwrap() = false;
    world.renew(request).await.unwrap();
}

#[tokio::test]
async fn two_at_once_get_one_certificate() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let request = pc.renewal("old", "new");
    let (one, two) = tokio::join!(world.renew(request.clone()), world.renew(request));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(world.certificates().len(), 2);
}

/// A thief renews while the branch reissues for the stolen key: whichever commits first, nothing
/// good is left on it.
#[tokio::test]
async fn a_compromised_key_is_not_renewed_by_whoever_was_faster() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let request = pc.renewal("old", "thief");
    let (office, service) = (world.registrar.clone(), world.service.clone());
    let user_id = world.seats[0].0.clone();
    let reissue = |user_id: tegata_domain::UserId| {
        let (office, service) = (office.clone(), service.clone());
        async move {
            let (actor, what) = (Actor::Operator("test".to_owned()), Reissue::Compromised);
            let done = office.reissue(actor, service.id, user_id, service.credential, what).await;
            done.unwrap().revoked
        }
    };
    let between = reissue(user_id.clone());
    world.issuing_key.meanwhile(async move { drop(between.await) });
    let thief = world.renew(request).await;
    assert!(matches!(thief, Err(RenewError::Refused(RenewalRefusal::Revoked))), "{thief:?}");
    assert!(matches!(
        world.state(old),
        CertificateState::Revoked { reason: Reason::KeyCompromise, .. }
    ));
    let void = |record: &tegata_store::CertificateRecord| {
        matches!(record.certificate.state, CertificateState::Void { .. })
    };
    assert_eq!(world.certificates().iter().filter(|record| void(record)).count(), 1);

    // The other order: the renewal was done, and goes with the rest.
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let thief = world.renew(pc.renewal("old", "thief")).await.unwrap();
    let done = world
        .registrar
        .reissue(
            Actor::Operator("test".to_owned()),
            world.service.id,
            user_id,
            world.service.credential,
            Reissue::Compromised,
        )
        .await
        .unwrap();
    assert_eq!(done.revoked, [old, thief.serial]);
    assert_eq!(done.standing, []);
}

/// The end of an old certificate is no news for whoever has the next one.
#[tokio::test]
async fn nobody_is_told_of_the_end_of_what_was_renewed() {
    let (world, pc, server) = (World::new().await, Pc::new(), MailServer::new(Delivery::Accepted));
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let new = world.renew(pc.renewal("old", "new")).await.unwrap().serial;
    for (serial, told) in [(old, 0), (new, 1)] {
        while world.registrar.send_mails(&server).await.unwrap() > 0 {}
        server.received();
        world.change(serial, StatusChange::Revoke(Reason::Superseded)).await;
        while world.registrar.send_mails(&server).await.unwrap() > 0 {}
        assert_eq!(server.received().len(), told);
    }
}

/// Between the list and the order the holder of the key renews: what they got goes with it, when
/// the key was stolen or the seat was meant; of serial numbers alone it is left and named.
#[tokio::test]
async fn an_order_takes_what_was_renewed_after_it_was_listed() {
    let seats = |world: &World| Target::UserId(world.seats[0].0.clone());
    for (reason, by_serial, goes) in [
        (Reason::KeyCompromise, true, true),
        (Reason::KeyCompromise, false, true),
        (Reason::PrivilegeWithdrawn, false, true),
        (Reason::PrivilegeWithdrawn, true, false),
    ] {
        let (world, pc) = (World::new().await, Pc::new());
        let old = world.issue_on(&pc, 0, "old").await;
        world.turn_to(world.ends(old) - DAY);
        let target = if by_serial { Target::Serial(old) } else { seats(&world) };
        let selection = Selection { names: Some(vec![(1, target)]), ..Selection::default() };
        let (office, id) = (&world.registrar, world.service.id);
        let plan = office.plan_revocation(id, &selection).unwrap();
        let second = world.renew(pc.renewal("old", "second")).await.unwrap();
        let actor = Actor::Operator("test".to_owned());
        let revocation = Revocation::new(reason).unwrap();
        let done = office.revoke_many(actor, id, &plan, revocation).await.unwrap();
        assert_eq!((done.revoked, done.skipped), (1, 0));
        assert_eq!(done.successors, usize::from(goes), "{reason:?} by serial: {by_serial}");
        assert_eq!(done.left, if goes { vec![] } else { vec![second.serial] });
        let state = world.state(second.serial);
        let gone =
            matches!(state, CertificateState::Revoked { reason: told, .. } if told == reason);
        assert_eq!(gone, goes, "{state:?}");
    }
}

/// One certificate whose key was stolen is named by its serial number: what was renewed from it
/// goes as well.
#[tokio::test]
async fn a_stolen_key_takes_what_was_renewed_from_it() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let second = world.renew(pc.renewal("old", "second")).await.unwrap();
    let stolen = Revocation::new(Reason::KeyCompromise).unwrap();
    let (actor, target) = (Actor::Operator("test".to_owned()), Target::Serial(old));
    let done = world.registrar.revoke(actor, world.service.id, target, stolen).await.unwrap();
    let serials: Vec<_> = done.iter().map(|one| one.serial).collect();
    assert_eq!(serials, [old, second.serial]);
    let state = world.state(second.serial);
    assert!(
        matches!(state, CertificateState::Revoked { reason: Reason::KeyCompromise, .. }),
        "{state:?}"
    );
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let second = world.renew(pc.renewal("old", "second")).await.unwrap();
    world.change(old, StatusChange::Revoke(Reason::PrivilegeWithdrawn)).await;
    assert!(matches!(world.state(second.serial), CertificateState::Issued { .. }));
}

/// A planned reissue does not stop the renewal of the old certificate; the issuance with the new
/// credential then revokes old and renewed alike.
#[tokio::test]
async fn a_reissue_after_a_renewal_leaves_one_certificate() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let (actor, user_id) = (Actor::Operator("test".to_owned()), world.seats[0].0.clone());
    let policy = world.service.credential;
    let done = world
        .registrar
        .reissue(actor, world.service.id, user_id.clone(), policy, Reissue::Planned)
        .await
        .unwrap();
    assert_eq!((done.standing, done.revoked), (vec![old], vec![]));
    let renewed = world.renew(pc.renewal("old", "new")).await.unwrap();
    let password = done.seat.password.reveal();
    let request = pc.request("pc2");
    let issued = world.enroll_as(user_id.as_str(), &password, &request).await.unwrap();
    for gone in [old, renewed.serial] {
        assert!(matches!(
            world.state(gone),
            CertificateState::Revoked { reason: Reason::Superseded, .. }
        ));
    }
    assert!(matches!(world.state(issued.serial), CertificateState::Issued { .. }));
    // The same request again gets the same, and revokes nothing more.
    let feed =
        |world: &World| world.registrar.feed(&world.service, 0, 10).unwrap().unwrap().changes;
    let before = feed(&world);
    let again = world.enroll_as(user_id.as_str(), &password, &request).await.unwrap();
    assert_eq!((again, feed(&world)), (issued, before));
}

/// What an order will do to successors is told before it is given, whoever it names.
#[tokio::test]
async fn a_plan_tells_what_becomes_of_successors() {
    let (world, pc) = (World::new().await, Pc::new());
    let old = world.issue_on(&pc, 0, "old").await;
    world.turn_to(world.ends(old) - DAY);
    let second = world.renew(pc.renewal("old", "second")).await.unwrap().serial;
    let (office, id) = (&world.registrar, world.service.id);
    let plan = |target: Target| {
        let selection = Selection { names: Some(vec![(1, target)]), ..Selection::default() };
        office.plan_revocation(id, &selection).unwrap()
    };
    let serials = |all: &[Revocable]| all.iter().map(|one| one.serial).collect::<Vec<_>>();
    let of_one = plan(Target::Serial(old));
    assert_eq!(serials(&of_one.certificates), [old]);
    for (reason, go, stay) in [
        (Reason::KeyCompromise, vec![second], vec![]),
        (Reason::PrivilegeWithdrawn, vec![], vec![second]),
    ] {
        let all = office.successors(id, &of_one, reason).unwrap();
        assert_eq!((serials(&all.go), serials(&all.stay)), (go, stay), "{reason:?}");
    }
    let of_seat = plan(Target::UserId(world.seats[0].0.clone()));
    assert_eq!(serials(&of_seat.certificates), [old, second]);
    let all = office.successors(id, &of_seat, Reason::KeyCompromise).unwrap();
    assert_eq!(all, Successors::default(), "listed itself");
    // Afterwards the one that stays good is named.
    world.change(old, StatusChange::Revoke(Reason::PrivilegeWithdrawn)).await;
    let left = office.standing_successors(id, &[old]).unwrap();
    assert_eq!(
        left.iter().map(|(from, one)| (*from, one.serial)).collect::<Vec<_>>(),
        [(old, second)]
    );
    world.change(second, StatusChange::Revoke(Reason::PrivilegeWithdrawn)).await;
    assert_eq!(office.standing_successors(id, &[old]).unwrap(), []);
}
