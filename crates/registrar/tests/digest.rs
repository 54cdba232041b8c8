//! The digest of a branch: once a day, and only when there is something to tell.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{MailServer, World, request, settings};
use jiff::{SignedDuration, Timestamp};
use tegata_domain::{Reason, Serial, Validity};
use tegata_registrar::{
    Actor, Delivery, Import, ImportRoot, ImportRow, ImportStatus, Letter, ServiceSettings,
    StatusChange, Target,
};

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

impl World {
    async fn with_branch_mail(settings: ServiceSettings) -> Self {
        let world = Self::with(settings).await;
        let branch = world.registrar.branch(world.service.id, &"950".parse().unwrap()).unwrap();
        let email = "branch950@example.co.jp".parse().ok();
        world.registrar.set_branch_email(operator(), branch, email).await.unwrap();
        world
    }

    /// What goes out at a moment, everything due included.
    async fn at(&self, at: Timestamp) -> Vec<Letter> {
        self.clock.set(at);
        self.registrar.remind().await.unwrap();
        let server = MailServer::new(Delivery::Accepted);
        while self.registrar.send_mails(&server).await.unwrap() > 0 {}
        server.received()
    }

    async fn digests_at(&self, at: Timestamp) -> Vec<Letter> {
        let mut letters = self.at(at).await;
        letters.retain(|letter| letter.to.as_str() == "branch950@example.co.jp");
        letters
    }
}

/// Nine o'clock in Tokyo on the day that is so many days from the start.
fn nine(day: i64) -> Timestamp {
    "2026-11-23T00:00:00Z".parse::<Timestamp>().unwrap() + days(day)
}

#[tokio::test]
async fn nothing_to_tell_no_digest() {
    let world = World::with_branch_mail(settings()).await;
    for day in [1, 2, 50] {
        assert!(world.digests_at(nine(day)).await.is_empty(), "day {day}");
    }
}

#[tokio::test]
async fn credentials_about_to_lapse_are_told_each_day_from_nine_o_clock() {
    let world = World::with_branch_mail(settings()).await;
    // 90 days after the start, at noon, the initial passwords of three seats lapse.
    assert!(world.digests_at(nine(76)).await.is_empty(), "14 days and 3 hours before");
    assert!(world.digests_at(nine(77) - SignedDuration::from_secs(1)).await.is_empty());
    let digest = world.digests_at(nine(77)).await.remove(0);
    assert_eq!(digest.subject, "【サンプルLite CMS】ご確認のお願い（2027年2月8日(月)）");
    assert!(digest.body.contains("まもなく失効する初期パスワード　3件"), "{}", digest.body);
    assert!(digest.body.contains("・CMSM950-006-402　2027年2月21日(日) まで"), "{}", digest.body);
    assert!(world.digests_at(nine(77) + SignedDuration::from_hours(10)).await.is_empty(), "once");
    assert_eq!(world.digests_at(nine(78)).await.len(), 1, "the next day");
    assert_eq!(world.digests_at(nine(90)).await.len(), 1, "the last day");
    assert!(world.digests_at(nine(91)).await.is_empty(), "lapsed");
}

#[tokio::test]
async fn certificates_about_to_expire_without_successor_are_told() {
    let world = World::with_branch_mail(settings()).await;
    let issued = world.enroll(&request()).await.unwrap();
    assert!(world.digests_at(nine(357)).await.is_empty(), "more than 7 days before");
    let digest = world.digests_at(nine(359)).await.remove(0);
    assert!(digest.body.contains("有効期限を迎える電子証明書　1件"), "{}", digest.body);
    assert!(digest.body.contains("・CMSM950-006-401　2027年11月23日(火) まで"), "{}", digest.body);
    let change = StatusChange::Revoke(Reason::Unspecified);
    let target = Target::Serial(issued.serial);
    world.registrar.change_status(operator(), world.service.id, target, change).await.unwrap();
    assert!(world.digests_at(nine(360)).await.is_empty());
}

#[tokio::test]
async fn locked_ones_are_told_until_they_are_unlocked() {
    let world = World::with_branch_mail(settings()).await;
    let user_id = world.seats[1].0.clone();
    for _ in 0..5 {
        let wrong = world.enroll_as(user_id.as_str(), "0000-0000-0000-0000", &request()).await;
        assert!(wrong.is_err());
    }
    let digest = world.digests_at(nine(1)).await.remove(0);
    assert!(digest.body.contains("パスワードロック中の利用者　1件"), "{}", digest.body);
    assert!(digest.body.contains("・CMSM950-006-402　2026年11月23日(月) から"), "{}", digest.body);
    world.registrar.unlock(operator(), world.service.id, user_id).await.unwrap();
    assert!(world.digests_at(nine(2)).await.is_empty());
}

#[tokio::test]
async fn mails_that_could_not_be_delivered_are_told_once() {
    let world = World::with_branch_mail(settings()).await;
    world.enroll(&request()).await.unwrap();
    let refusing = MailServer::new(Delivery::Refused("550 no such user".to_owned()));
    world.registrar.send_mails(&refusing).await.unwrap();
    let digest = world.digests_at(nine(1)).await.remove(0);
    let line = "・CMSM950-006-401　2026年11月23日(月)「発行のお知らせ」";
    assert!(digest.body.contains(line), "{}", digest.body);
    assert!(world.digests_at(nine(2)).await.is_empty());
}

#[tokio::test]
async fn nodes_on_one_database_write_one_digest() {
    let world = World::with_branch_mail(settings()).await;
    world.clock.set(nine(80));
    let nodes = [world.registrar.clone(), world.node(), world.node()];
    let mut written = 0;
    for node in nodes.map(|node| tokio::spawn(async move { node.remind().await.unwrap().digests }))
    {
        written += node.await.unwrap();
    }
    assert_eq!(written, 1);
}

/// The digest of one day is not the digest of another, whatever the clock of the zone does.
#[tokio::test]
async fn one_a_day_of_the_zone_across_its_changes_of_the_clock() {
    let settings = ServiceSettings {
        time_zone: "America/New_York".to_owned(),
        digest_at: "01:30".to_owned(),
        credential_days: 400,
        lapse_notice_days: 200,
        ..settings()
    };
    let world = World::with_branch_mail(settings).await;
    // 7 November 2027: 01:30 comes twice. 400 days after the start is 28 December 2027.
    let begin: Timestamp = "2027-11-06T00:00:00Z".parse().unwrap();
    let mut days_told = Vec::new();
    for half_hour in 0..96 {
        let at = begin + SignedDuration::from_mins(30 * half_hour);
        for digest in world.digests_at(at).await {
            days_told.push(digest.subject.as_str().to_owned());
        }
    }
    assert_eq!(days_told.len(), 3, "{days_told:?}");
    days_told.dedup();
    assert_eq!(days_told.len(), 3);
}

/// Certificates of another CA, of users whose addresses nobody knew: nobody gets a mail, nothing
/// gets stuck, and the branch is told each day.
#[tokio::test]
async fn who_moved_in_without_an_address_is_told_to_the_branch() {
    let world = World::with_branch_mail(settings()).await;
    let now = world.registrar.now();
    let ca = common::foreign_ca(now);
    let row = |number: u8, days_left: i64, status| ImportRow {
        serial: Serial::from_octets(&[number; 16]).unwrap(),
        user_id: format!("CMSM950-006-{number}").parse().unwrap(),
        validity: Validity { not_before: now - days(100), not_after: now + days(days_left) },
        status,
        certificate: None,
    };
    let rows = vec![
        row(101, 20, ImportStatus::Good),
        row(102, 3, ImportStatus::Good),
        row(103, 90, ImportStatus::Good),
        row(104, 20, ImportStatus::Held(now)),
        row(105, 20, ImportStatus::Revoked(now, Reason::Superseded)),
        row(106, -1, ImportStatus::Good),
    ];
    let import = Import {
        company: world
            .registrar
            .company(world.service.id, &"CMSM950-006".parse().unwrap())
            .unwrap(),
        root: ImportRoot::New("OLDROOT".parse().unwrap(), ca[0].clone()),
        name: "OLDCA".parse().unwrap(),
        certificate: ca[1].clone(),
        issues: false,
        rows,
        crl: None,
        old_crl: false,
        first_reminder_days: Some(30),
    };
    world.registrar.import(operator(), import).await.unwrap();
    world.clock.set(nine(1));
    let done = world.registrar.remind().await.unwrap();
    assert_eq!((done.reminders, done.digests), (2, 1), "of 101 and 102");
    let digest = world.digests_at(nine(1)).await.remove(0);
    assert!(digest.body.contains("有効期限を迎える電子証明書　2件"), "{}", digest.body);
    for user_id in ["CMSM950-006-101", "CMSM950-006-102"] {
        assert!(digest.body.contains(user_id), "{}", digest.body);
    }
    assert!(digest.body.contains("利用者には通知していません"), "{}", digest.body);
    assert_eq!(world.digests_at(nine(2)).await.len(), 1, "each day");
    let later = world.registrar.remind().await.unwrap();
    assert_eq!(later.reminders, 0, "once");
}
