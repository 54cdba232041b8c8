//! What goes wrong, and the way out of each: reissue, closing, many at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{MailServer, World, request};
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{Authority, KeyKind, Signer, SoftwareKey, SubjectName};
use tegata_domain::{
    Certificate, CertificateState, KeyHash, Reason, Reissue, Revocation, Serial, UserId, Validity,
};
use tegata_registrar::{
    Actor, CloseError, Delivery, EnrollError, Office, PlanError, Reissued, ResetError,
    RevocationPlan, SeatsError, Selection, Target, TargetError, UnlockError,
};
use tegata_store::{CertificateRecord, CrlScope, ServiceId, StoreError};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

impl World {
    fn user(&self, seat: usize) -> UserId {
        self.seats[seat].0.clone()
    }

    async fn issue(&self, seat: usize) -> Serial {
        let (user_id, password) = &self.seats[seat];
        let password = password.reveal();
        self.enroll_as(user_id.as_str(), &password, &request()).await.unwrap().serial
    }

    async fn reissue(&self, what: Reissue) -> Result<Reissued, ResetError> {
        let (id, policy) = (self.service.id, self.service.credential);
        self.registrar.reissue(operator(), id, self.user(0), policy, what).await
    }

    fn reason(&self, serial: Serial) -> Option<Reason> {
        match self.state(serial) {
            CertificateState::Revoked { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// The last entry of this action, as JSON.
    fn last_entry(&self, action: &str) -> serde_json::Value {
        let entries = self.read(|view| view.audit_entries(0, 100_000));
        let found = entries.into_iter().rev().find(|(_, entry)| entry.action == action);
        serde_json::to_value(found.expect(action).1).unwrap()
    }

    fn plan(&self, selection: &Selection) -> Result<Vec<Serial>, PlanError> {
        let plan = self.registrar.plan_revocation(self.service.id, selection)?;
        Ok(plan.certificates.iter().map(|one| one.serial).collect())
    }

    /// A service of another tenant in the same database.
    async fn other_service(&self) -> ServiceId {
        let validity = Validity {
            not_before: self.registrar.now(),
            not_after: self.registrar.now() + DAY * 3650,
        };
        let name = |cn: &str| SubjectName::new(cn).unwrap();
        let key = || std::sync::Arc::new(SoftwareKey::generate(KeyKind::EcP256).unwrap());
        let root = Authority::root(&name("SB0002001C"), key(), validity, &*self.entropy).unwrap();
        let root_name = "SB0002001C".parse().unwrap();
        let issuing_key = key();
        let profile = Office::issuing_profile("http://status.example", &root_name);
        let validity = Validity { not_after: validity.not_after - DAY, ..validity };
        let signed = root
            .certify(
                &profile,
                &name("SB0002002C"),
                issuing_key.public_key(),
                validity,
                &*self.entropy,
            )
            .unwrap();
        let issuing = Authority::open(signed.der, issuing_key).unwrap();
        let settings = &self.service.settings;
        let service = "0002/SB0002002C".parse().unwrap();
        let root = (&root_name, &root);
        let founded = self.registrar.found(operator(), &service, settings, root, &issuing).await;
        founded.unwrap().service
    }
}

#[tokio::test]
async fn a_planned_reissue_leaves_the_old_one_good_until_the_issuance() {
    let world = World::new().await;
    let old = world.issue(0).await;
    let done = world.reissue(Reissue::Planned).await.unwrap();
    assert_eq!((done.standing, done.revoked), (vec![old], vec![]));
    assert!(matches!(world.state(old), CertificateState::Issued { .. }));
    assert_eq!(done.lapses_at, world.registrar.now() + DAY * 90);
    let password = done.seat.password.reveal();
    let new = world.enroll_as(world.user(0).as_str(), &password, &request()).await.unwrap();
    assert_eq!(world.reason(old), Some(Reason::Superseded));
    assert!(matches!(world.state(new.serial), CertificateState::Issued { .. }));
    assert_eq!(world.last_entry("credential.reissued")["detail"]["replaces"][0], old.to_string());
}

#[tokio::test]
async fn a_lost_or_stolen_key_goes_before_anything_new_exists() {
    for (what, reason, blocked) in [
        (Reissue::LostKey, Reason::Superseded, false),
        (Reissue::Compromised, Reason::KeyCompromise, true),
    ] {
        let world = World::new().await;
        let key = request();
        let old = world.enroll(&key).await.unwrap().serial;
        let done = world.reissue(what).await.unwrap();
        assert_eq!((done.standing, done.revoked), (vec![], vec![old]));
        assert_eq!(world.reason(old), Some(reason));
        assert_eq!(world.last_entry("certificate.revoked")["detail"]["because"], "reissue");
        let password = done.seat.password.reveal();
        let again = world.enroll_as(world.user(0).as_str(), &password, &key).await;
        assert_eq!(matches!(again, Err(EnrollError::KeyBlocked(_))), blocked, "{again:?}");
    }
}

/// Whoever has nothing left that works is told, whatever the reason.
#[tokio::test]
async fn a_user_without_another_certificate_is_told_of_its_end() {
    for what in ["lost", "superseded", "many"] {
        let world = World::new().await;
        let (office, id) = (&world.registrar, world.service.id);
        world.issue(0).await;
        let server = MailServer::new(Delivery::Accepted);
        while office.send_mails(&server).await.unwrap() > 0 {}
        server.received();
        let target = Target::UserId(world.user(0));
        let superseded = Revocation::new(Reason::Superseded).unwrap();
        match what {
            "lost" => drop(world.reissue(Reissue::LostKey).await.unwrap()),
            "superseded" => {
                drop(office.revoke(operator(), id, target, superseded).await.unwrap());
            }
            _ => {
                let names = Some(vec![(1, target)]);
                let selection = Selection { names, ..Selection::default() };
                let plan = office.plan_revocation(id, &selection).unwrap();
                office.revoke_many(operator(), id, &plan, superseded).await.unwrap();
            }
        }
        while office.send_mails(&server).await.unwrap() > 0 {}
        assert_eq!(server.received().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn after_two_reissues_only_the_last_password_works() {
    let world = World::new().await;
    let old = world.issue(0).await;
    let (one, two) = tokio::join!(world.reissue(Reissue::Planned), world.reissue(Reissue::Planned));
    let user_id = world.user(0);
    let mut issued = Vec::new();
    for done in [one.unwrap(), two.unwrap()] {
        let password = done.seat.password.reveal();
        issued.extend(world.enroll_as(user_id.as_str(), &password, &request()).await.ok());
    }
    assert_eq!(issued.len(), 1);
    assert_eq!(world.reason(old), Some(Reason::Superseded));
}

#[tokio::test]
async fn a_reissue_between_the_commits_voids_the_issuance_with_the_older_password() {
    let world = World::new().await;
    let old = world.issue(0).await;
    let first = world.reissue(Reissue::Planned).await.unwrap().seat.password.reveal();
    let (office, service, user_id) =
        (world.registrar.clone(), world.service.clone(), world.user(0));
    world.issuing_key.meanwhile(async move {
        let (policy, what) = (service.credential, Reissue::Planned);
        office.reissue(operator(), service.id, user_id, policy, what).await.unwrap();
    });
    let refused = world.enroll_as(world.user(0).as_str(), &first, &request()).await;
    assert!(matches!(refused, Err(EnrollError::Refused)), "{refused:?}");
    assert!(matches!(world.state(old), CertificateState::Issued { .. }), "nothing replaced it");
    let last = world.certificates().pop().unwrap().certificate;
    assert!(matches!(last.state, CertificateState::Void { .. }), "{last:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_reissued_and_not_revoked_once_more() {
    let world = World::new().await;
    let old = world.issue(0).await;
    world.clock.turn(DAY * 366);
    let done = world.reissue(Reissue::Compromised).await.unwrap();
    assert_eq!((done.standing, done.revoked), (vec![], vec![]));
    assert_eq!(world.reason(old), None);
    let password = done.seat.password.reveal();
    world.enroll_as(world.user(0).as_str(), &password, &request()).await.unwrap();
    assert_eq!(world.reason(old), None);
}

#[tokio::test]
async fn unlocking_says_what_would_help_instead() {
    let world = World::new().await;
    let unlock = || world.registrar.unlock(operator(), world.service.id, world.user(0));
    let said = unlock().await.unwrap_err().to_string();
    assert!(said.ends_with("it works as it is"), "{said}");
    for _ in 0..5 {
        let wrong = "0000-0000-0000-0000";
        let _ = world.enroll_as(world.user(0).as_str(), wrong, &request()).await;
    }
    assert_eq!(unlock().await.unwrap().lapses_at, world.registrar.now() + DAY * 90);
    for _ in 0..5 {
        let wrong = "0000-0000-0000-0000";
        let _ = world.enroll_as(world.user(0).as_str(), wrong, &request()).await;
    }
    world.clock.turn(DAY * 90);
    assert!(matches!(unlock().await, Err(UnlockError::Lapsed { .. })));
    let world = World::new().await;
    world.issue(0).await;
    let used = world.registrar.unlock(operator(), world.service.id, world.user(0)).await;
    assert!(used.unwrap_err().to_string().contains("tegata subscriber reissue"));
}

#[tokio::test]
async fn a_closed_seat_has_nothing_left_and_opens_as_new() {
    let world = World::new().await;
    let old = world.issue(0).await;
    let (id, user_id, policy) = (world.service.id, world.user(0), world.service.credential);
    let waiting = world.reissue(Reissue::Planned).await.unwrap().seat.password.reveal();
    let closed = world.registrar.close_seat(operator(), id, user_id.clone()).await.unwrap();
    assert_eq!(closed.revoked, [old]);
    assert!(closed.credential);
    assert_eq!(closed.mails, 1, "the mail after the issuance was still waiting");
    assert_eq!(world.reason(old), Some(Reason::CessationOfOperation));

    let refused = world.enroll_as(user_id.as_str(), &waiting, &request()).await;
    assert!(matches!(refused, Err(EnrollError::Refused)));
    assert_eq!(world.last_entry("issuance.refused")["detail"]["cause"], "the seat is closed");
    let reset = world.registrar.reset(operator(), id, user_id.clone(), policy).await;
    assert!(matches!(reset, Err(ResetError::Closed(_))));
    assert!(matches!(world.reissue(Reissue::Planned).await, Err(ResetError::Closed(_))));
    let again = world.registrar.close_seat(operator(), id, user_id.clone()).await;
    assert!(matches!(again, Err(CloseError::State { .. })), "{again:?}");

    let seat = world.registrar.reopen_seat(operator(), id, user_id.clone(), policy).await.unwrap();
    let refused = world.enroll_as(user_id.as_str(), &waiting, &request()).await;
    assert!(matches!(refused, Err(EnrollError::Refused)), "the old password stays withdrawn");
    let password = seat.password.reveal();
    world.enroll_as(user_id.as_str(), &password, &request()).await.unwrap();
    assert_eq!(world.reason(old), Some(Reason::CessationOfOperation), "revoked is final");
    let again = world.registrar.reopen_seat(operator(), id, user_id, policy).await;
    assert!(matches!(again, Err(CloseError::State { .. })), "{again:?}");
    let report = world.registrar.verify_audit().unwrap();
    assert_eq!((report.faults, report.unrevoked), (vec![], vec![]));
}

#[tokio::test]
async fn a_seat_that_closes_between_the_commits_gets_nothing() {
    let world = World::new().await;
    let (office, id, user_id) = (world.registrar.clone(), world.service.id, world.user(0));
    world.issuing_key.meanwhile(async move {
        office.close_seat(operator(), id, user_id).await.unwrap();
    });
    assert!(matches!(world.enroll(&request()).await, Err(EnrollError::Refused)));
    let all = world.certificates();
    assert!(matches!(all[0].certificate.state, CertificateState::Void { .. }), "{all:?}");
}

#[tokio::test]
async fn a_company_closes_with_all_its_seats_and_goes_on_where_it_was_cut_short() {
    let world = World::new().await;
    let (first, second) = (world.issue(0).await, world.issue(1).await);
    let (id, code) = (world.service.id, "CMSM950-006".parse().unwrap());
    let closing = world.registrar.company_closing(id, &code).unwrap();
    assert_eq!((closing.seats, closing.certificates.len()), (3, 2));
    assert_eq!(world.reason(first), None, "looking changes nothing");
    let closed = world.registrar.close_company(operator(), id, &code).await.unwrap();
    assert_eq!((closed.seats, closed.certificates), (3, 2));
    for serial in [first, second] {
        assert_eq!(world.reason(serial), Some(Reason::CessationOfOperation));
    }
    let entry = world.last_entry("seat.closed");
    assert_eq!(entry["detail"]["order"], world.last_entry("company.closed")["detail"]["order"]);
    assert!(entry["detail"]["order"].is_string());
    assert!(world.registrar.company_closing(id, &code).is_err());

    let policy = world.service.credential;
    let company = world.registrar.company(id, &code).unwrap();
    let none = world.registrar.add_seats(operator(), company.clone(), 1, policy).await;
    assert!(matches!(none, Err(SeatsError::CompanyClosed(_))));
    let seat = world.registrar.reopen_seat(operator(), id, world.user(0), policy).await;
    assert!(seat.unwrap_err().to_string().contains("its company is closed"));
    world.registrar.reopen_company(operator(), id, &code).await.unwrap();
    assert!(world.registrar.reopen_company(operator(), id, &code).await.is_err());
    world.registrar.reopen_seat(operator(), id, world.user(0), policy).await.unwrap();
    world.registrar.add_seats(operator(), company.clone(), 1, policy).await.unwrap();

    // Cut short after its first commit: the same order closes what is left.
    let now = world.registrar.now();
    let cut = move |tx: &mut tegata_store::Tx<'_>| tx.set_company_closed(company.id, Some(now));
    world.registrar.store().write::<_, StoreError>(cut).await.unwrap();
    let closed = world.registrar.close_company(operator(), id, &code).await.unwrap();
    assert_eq!(closed.seats, 2);
}

#[tokio::test]
async fn a_selection_is_listed_before_anything_happens() {
    let world = World::new().await;
    let begin = world.registrar.now();
    let first = world.issue(0).await;
    world.clock.turn(DAY);
    let second = world.issue(1).await;
    assert!(matches!(world.plan(&Selection::default()), Err(PlanError::Everything)));
    let company = || Selection { company: "CMSM950-006".parse().ok(), ..Selection::default() };
    assert_eq!(world.plan(&company()).unwrap(), [first, second]);
    let branch = Selection { branch: "950".parse().ok(), ..Selection::default() };
    assert_eq!(world.plan(&branch).unwrap(), [first, second]);
    for (from, before, expected) in [
        (begin, begin + DAY, vec![first]),
        (begin + SignedDuration::from_secs(1), begin + DAY * 2, vec![second]),
        (begin - DAY, begin, vec![]),
    ] {
        let selection = Selection { issued: Some((from, before)), ..company() };
        assert_eq!(world.plan(&selection).unwrap(), expected);
    }
    let names = vec![
        (1, Target::UserId(world.user(0))),
        (2, Target::Serial(first)),
        (3, Target::UserId(world.user(2))),
    ];
    let names = Selection { names: Some(names), ..Selection::default() };
    let plan = world.registrar.plan_revocation(world.service.id, &names).unwrap();
    assert_eq!(plan.certificates.len(), 1, "named twice, listed once");
    assert_eq!(plan.nothing, [(3, Target::UserId(world.user(2)))]);
    assert_eq!(world.reason(first), None);

    let revocation = Revocation::new(Reason::PrivilegeWithdrawn).unwrap();
    let revoke = || {
        let (id, list) = (world.service.id, plan.clone());
        let office = world.registrar.clone();
        async move { office.revoke_many(operator(), id, &list, revocation).await.unwrap() }
    };
    let done = revoke().await;
    assert_eq!((done.revoked, done.skipped), (1, 0));
    let order = done.order.to_string();
    assert_eq!(world.last_entry("certificate.revoked")["detail"]["order"], order);
    assert_eq!(world.last_entry("revocation.ordered")["object"], order);
    assert_eq!(world.last_entry("revocation.done")["detail"]["revoked"], 1);
    let again = revoke().await;
    assert_eq!((again.revoked, again.skipped), (0, 1), "repeated, nothing is revoked twice");
    assert_eq!(world.reason(first), Some(Reason::PrivilegeWithdrawn));
    assert_eq!(world.reason(second), None);
}

#[tokio::test]
async fn a_wrong_name_stops_the_whole_list_and_the_nearest_is_told() {
    let world = World::new().await;
    let first = world.issue(0).await;
    let target = |text: &str| text.parse::<Target>().unwrap();
    let names = vec![
        (1, target("CMSM950-006-401")),
        (2, target("CMSM950-006-411")),
        (5, target("XYZ-1")),
        (6, target("0x4711")),
    ];
    let selection = Selection { names: Some(names), ..Selection::default() };
    let error = world.plan(&selection).unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(
        lines[0],
        "line 2: there is no user ID CMSM950-006-411; is it CMSM950-006-401 that you mean?"
    );
    assert_eq!(lines[1], "line 5: there is no user ID XYZ-1");
    assert!(lines[2].starts_with("line 6: there is no certificate "), "{error}");
    assert_eq!(world.reason(first), None);
    let company = world.registrar.company(world.service.id, &"CMSM950-066".parse().unwrap());
    assert_eq!(
        company.unwrap_err().to_string(),
        "there is no company CMSM950-066; is it CMSM950-006 that you mean?"
    );
}

/// EJBCA CVE-2021-40088: whoever has another tenant's service in hand finds nothing of ours, and
/// is told the same as for what does not exist.
#[tokio::test]
async fn another_tenant_finds_nothing_here() {
    let world = World::new().await;
    let serial = world.issue(0).await;
    let (other, user_id) = (world.other_service().await, world.user(0));
    let policy = world.service.credential;
    let office = &world.registrar;
    let revocation = Revocation::new(Reason::KeyCompromise).unwrap();
    let named = |target| Selection { names: Some(vec![(1, target)]), ..Selection::default() };
    let email = "x@example.jp".parse().unwrap();
    let code = "CMSM950-006".parse().unwrap();
    let by_seat = office.revoke(operator(), other, Target::UserId(user_id.clone()), revocation);
    let by_serial = office.revoke(operator(), other, Target::Serial(serial), revocation);
    let said = [
        by_seat.await.unwrap_err().to_string(),
        office.reset(operator(), other, user_id.clone(), policy).await.unwrap_err().to_string(),
        office
            .reissue(operator(), other, user_id.clone(), policy, Reissue::Compromised)
            .await
            .unwrap_err()
            .to_string(),
        office.unlock(operator(), other, user_id.clone()).await.unwrap_err().to_string(),
        office.close_seat(operator(), other, user_id.clone()).await.unwrap_err().to_string(),
        office
            .reopen_seat(operator(), other, user_id.clone(), policy)
            .await
            .unwrap_err()
            .to_string(),
        office
            .ask_email(operator(), (other, &world.service.settings), user_id.clone(), email, None)
            .await
            .unwrap_err()
            .to_string(),
    ];
    for said in said {
        assert_eq!(said, format!("there is no user ID {user_id}"));
    }
    assert_eq!(
        by_serial.await.unwrap_err().to_string(),
        format!("there is no certificate {serial}")
    );
    for target in [Target::UserId(user_id.clone()), Target::Serial(serial)] {
        let plan = office.plan_revocation(other, &named(target)).unwrap_err();
        assert!(plan.to_string().starts_with("line 1: there is no "), "{plan}");
    }
    let company = office.close_company(operator(), other, &code).await.unwrap_err();
    assert!(matches!(company, CloseError::Target(TargetError::Unknown { .. })), "{company}");
    // Even with the list in hand.
    let mine = Selection { company: Some(code), ..Selection::default() };
    let list = office.plan_revocation(world.service.id, &mine).unwrap();
    let done = office.revoke_many(operator(), other, &list, revocation).await.unwrap();
    assert_eq!((done.revoked, done.skipped), (0, 1));
    assert_eq!(world.reason(serial), None);
}

/// The invalidity date stands on full CRL and delta, never ahead of the certificate's beginning,
/// while the revocation itself is dated now.
#[tokio::test]
async fn since_when_a_key_was_stolen_stands_on_the_crl() {
    use x509_cert::crl::CertificateList;
    use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier};
    use x509_cert::der::{Decode, Encode};
    const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
    let world = World::new().await;
    let issued = world.issue(0).await;
    let begin = world.read(|view| view.certificate(issued)).unwrap().certificate.validity;
    world.clock.turn(DAY * 10);
    // The base of the deltas.
    world.registrar.publish().await.unwrap();
    let now = world.registrar.now();
    let revocation = Revocation::new(Reason::KeyCompromise).unwrap();
    assert!(revocation.since(now + SignedDuration::from_secs(1), now).is_err());
    for (seat, said, told) in [
        (0, now - DAY * 3, now - DAY * 3),
        (1, begin.not_before - DAY, now - SignedDuration::from_mins(5)),
    ] {
        let serial = if seat == 0 { issued } else { world.issue(seat).await };
        let dated = revocation.since(said, now).unwrap();
        let target = Target::UserId(world.user(seat));
        world.registrar.revoke(operator(), world.service.id, target, dated).await.unwrap();
        world.registrar.publish().await.unwrap();
        let scope = CrlScope { authority: world.service.issuing[0].id, shard: 1 };
        for delta in [false, true] {
            let crl = world.read(|view| view.published_crl(scope, delta)).unwrap();
            let crl = CertificateList::from_der(&crl.der).unwrap().tbs_cert_list;
            let entry = crl
                .revoked_certificates
                .unwrap()
                .into_iter()
                .find(|entry| serial.octets() == entry.serial_number.as_bytes())
                .unwrap();
            let dated =
                |time: std::time::Duration| Timestamp::from_second(time.as_secs() as i64).unwrap();
            assert_eq!(dated(entry.revocation_date.to_unix_duration()), now);
            let extensions = entry.crl_entry_extensions.unwrap();
            let date = extensions.iter().find(|one| one.extn_id == INVALIDITY_DATE).unwrap();
            assert!(!date.critical);
            let since = GeneralizedTime::from_der(date.extn_value.as_bytes()).unwrap();
            assert_eq!(dated(since.to_unix_duration()), told, "delta: {delta}");
            assert!(date.to_der().is_ok());
        }
    }
}

/// Ten thousand at once: resumable, every one in the feed, on the CRL, and in the audit log.
#[tokio::test]
async fn ten_thousand_at_once() {
    const COUNT: u64 = 10_000;
    let world = World::new().await;
    let now = world.registrar.now();
    let (service, authority) = (world.service.id, world.service.issuing[0].id);
    let company = world.registrar.company(service, &"CMSM950-006".parse().unwrap()).unwrap();
    let fill = move |tx: &mut tegata_store::Tx<'_>| {
        for number in 0..COUNT {
            let user_id: UserId = format!("CMSM950-006-B{number:05}").parse().unwrap();
            let seat = tx.insert_seat(&company, &user_id)?;
            let mut octets = [0x51; 16];
            octets[8..].copy_from_slice(&number.to_be_bytes());
            let validity = Validity { not_before: now, not_after: now + DAY * 365 };
            let state = CertificateState::Issued { at: now };
            let serial = Serial::from_octets(&octets).unwrap();
            let mut key_hash = [0; 32];
            key_hash[..8].copy_from_slice(&(number + 1).to_be_bytes());
            let record = CertificateRecord {
                certificate: Certificate { serial, validity, state },
                authority,
                shard: 0,
                service,
                seat,
                user_id,
                key_hash: KeyHash(key_hash),
                der: None,
                replaces: None,
            };
            tx.insert_imported(&record, key_hash, None)?;
        }
        Ok::<_, StoreError>(())
    };
    world.registrar.store().write(fill).await.unwrap();
    let selection = Selection { company: "CMSM950-006".parse().ok(), ..Selection::default() };
    let begun = std::time::Instant::now();
    let plan = world.registrar.plan_revocation(service, &selection).unwrap();
    let listed = begun.elapsed();
    assert_eq!(plan.certificates.len() as u64, COUNT);
    let revocation = Revocation::new(Reason::KeyCompromise).unwrap();
    // A first try that was cut short in the middle: here it had only half of the list.
    let half = plan.certificates[..plan.certificates.len() / 2].to_vec();
    let half = RevocationPlan { certificates: half, ..plan };
    let begun = std::time::Instant::now();
    let first = world.registrar.revoke_many(operator(), service, &half, revocation).await.unwrap();
    let rest = world.registrar.plan_revocation(service, &selection).unwrap();
    let second = world.registrar.revoke_many(operator(), service, &rest, revocation).await.unwrap();
    let revoked = begun.elapsed();
    assert_eq!((first.revoked + second.revoked) as u64, COUNT);
    assert_eq!(world.plan(&selection).unwrap(), []);
    let (mut after, mut told) = (0, 0);
    loop {
        let page = world.registrar.feed(&world.service, after, 4_096).unwrap().unwrap();
        told += page.changes.len() as u64;
        after = page.position;
        if page.complete {
            break;
        }
    }
    assert_eq!(told, COUNT);
    let begun = std::time::Instant::now();
    world.registrar.publish().await.unwrap();
    println!(
        "10,000 at once: listed in {listed:?}, revoked in {revoked:?}, CRLs in {:?}",
        begun.elapsed()
    );
    let said = world.audit();
    assert!(world.registrar.verify_audit().unwrap().unrevoked.is_empty());
    assert!(said.iter().filter(|action| *action == "certificate.revoked").count() <= 10_000);
    let head = world.read(|view| view.audit_head()).seq;
    assert!(head as u64 >= COUNT + 4, "one entry each, and those of the orders");
    assert_eq!(world.registrar.verify_audit().unwrap().faults, []);
}

/// Whoever was told of the hold is told of its end, once, and not when it is no use any more.
#[tokio::test]
async fn the_end_of_a_hold_is_told_once_while_it_is_true() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let server = MailServer::new(Delivery::Accepted);
    let told = async || {
        while world.registrar.send_mails(&server).await.unwrap() > 0 {}
        let letters = server.received().into_iter();
        letters.map(|letter| letter.message_id.to_string()).collect::<Vec<_>>()
    };
    told().await;
    let user_id = &world.seats[0].0;
    let change = async |change| {
        let (actor, target) = (Actor::Operator("test".to_owned()), Target::UserId(user_id.clone()));
        world.registrar.change_status(actor, world.service.id, target, change).await.unwrap();
    };
    change(tegata_registrar::StatusChange::Hold).await;
    assert!(matches!(&told().await[..], [one] if one.contains(".held.")));
    change(tegata_registrar::StatusChange::Release).await;
    assert!(matches!(&told().await[..], [one] if one.contains(".released.")));
    // On hold again before the mail could leave: it would not be true.
    change(tegata_registrar::StatusChange::Hold).await;
    change(tegata_registrar::StatusChange::Release).await;
    change(tegata_registrar::StatusChange::Hold).await;
    let kinds = told().await;
    assert!(kinds.iter().all(|one| one.contains(".held.")) && kinds.len() == 2, "{kinds:?}");
    change(tegata_registrar::StatusChange::Release).await;
    assert!(matches!(&told().await[..], [one] if one.contains(".released.")));
    // A hold that is over is not told after its end.
    change(tegata_registrar::StatusChange::Hold).await;
    change(tegata_registrar::StatusChange::Release).await;
    assert!(matches!(&told().await[..], [one] if one.contains(".released.")));
    change(tegata_registrar::StatusChange::Hold).await;
    told().await;
    // Nobody can use what has ended.
    world.clock.turn(jiff::SignedDuration::from_hours(24 * 800));
    change(tegata_registrar::StatusChange::Release).await;
    assert_eq!(told().await, [""; 0]);
}
