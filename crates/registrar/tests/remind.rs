//! Reminders, on the second: once, to whom they are for, and to nobody else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;

use common::{MailServer, World, request, settings};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tegata_domain::{CertificateState, Reason, Serial};
use tegata_registrar::{Actor, Delivery, Letter, ServiceSettings, StatusChange, Target};
use tegata_store::{MailFilter, MailRow};
use tegata_text::Lang;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

impl World {
    /// A certificate for the first seat, its mail out of the way, and when it ends.
    async fn issued(&self) -> (Serial, Timestamp) {
        let issued = self.enroll(&request()).await.unwrap();
        self.letters().await;
        (issued.serial, issued.validity.not_after)
    }

    /// Everything that goes out now.
    async fn letters(&self) -> Vec<Letter> {
        let server = MailServer::new(Delivery::Accepted);
        while self.registrar.send_mails(&server).await.unwrap() > 0 {}
        server.received()
    }

    /// How many reminders are made at `at`.
    async fn reminders_at(&self, at: Timestamp) -> usize {
        self.clock.set(at);
        self.registrar.remind().await.unwrap().reminders
    }

    async fn set_days(&self, reminder_days: &[u16]) {
        let settings = ServiceSettings { reminder_days: reminder_days.to_vec(), ..settings() };
        self.registrar.change_settings(operator(), self.service.id, &settings).await.unwrap();
    }

    fn mails(&self, kind: &str) -> Vec<MailRow> {
        let filter = MailFilter { limit: 10_000, ..MailFilter::default() };
        let mut mails = self.registrar.mails(self.service.id, &filter).unwrap();
        mails.retain(|mail| mail.kind == kind);
        mails
    }
}

#[tokio::test]
async fn each_threshold_goes_out_once_from_its_second_on() {
    let world = World::new().await;
    let (_, end) = world.issued().await;
    for (before, made) in [(30, 1), (7, 1)] {
        let at = end - days(before);
        assert_eq!(world.reminders_at(at - SECOND).await, 0, "{before} days, a second early");
        assert_eq!(world.reminders_at(at).await, made, "{before} days");
        assert_eq!(world.reminders_at(at).await, 0, "{before} days, once more");
        assert_eq!(world.letters().await.len(), 1);
    }
    assert_eq!(world.reminders_at(end).await, 0);
    assert_eq!(world.reminders_at(end + days(400)).await, 0);
    assert_eq!(world.mails("reminder").len(), 2);
}

#[tokio::test]
async fn the_mail_says_what_when_and_whether_anything_is_to_be_done() {
    let world = World::new().await;
    let (_, end) = world.issued().await;
    world.reminders_at(end - days(30)).await;
    let letter = world.letters().await.remove(0);
    assert_eq!(
        letter.subject,
        "【サンプルLite CMS】電子証明書の有効期限は 2027年11月23日(火) です"
    );
    for part in
        ["CMSM950-006-401", "2027年11月23日(火) 12:00", "お手続きが必要です", "ヘルプデスク"]
    {
        assert!(letter.body.contains(part), "{}", letter.body);
    }
}

#[tokio::test]
async fn a_program_that_was_away_for_days_makes_only_the_most_urgent() {
    let world = World::with(ServiceSettings { reminder_days: vec![8, 7], ..settings() }).await;
    let (_, end) = world.issued().await;
    assert_eq!(world.reminders_at(end - days(9)).await, 0);
    assert_eq!(world.reminders_at(end - days(6)).await, 1);
    assert_eq!(world.mails("reminder").len(), 1);
    assert!(world.letters().await[0].body.contains("お手続きが必要です"));
}

/// Both waited for the mail server; whoever gets the second needs no first.
#[tokio::test]
async fn a_mail_server_that_was_away_for_three_days_gets_only_the_most_urgent() {
    let world = World::with(ServiceSettings { reminder_days: vec![9, 7], ..settings() }).await;
    let (_, end) = world.issued().await;
    let away = MailServer::new(Delivery::Later("421".to_owned()));
    assert_eq!(world.reminders_at(end - days(9)).await, 1);
    world.registrar.send_mails(&away).await.unwrap();
    assert_eq!(world.reminders_at(end - days(7)).await, 1);
    world.registrar.send_mails(&away).await.unwrap();
    world.clock.set(end - days(6));
    assert_eq!(world.letters().await.len(), 1);
    let mails = world.mails("reminder");
    assert!(mails[0].sent_at.is_some() && mails[1].dropped_at.is_some());
    assert_eq!(mails[1].error.as_deref(), Some("a more urgent reminder followed"));
}

#[tokio::test]
async fn none_to_held_revoked_replaced_or_expired() {
    for gone in ["held", "revoked", "replaced", "expired"] {
        let world = World::new().await;
        let (serial, end) = world.issued().await;
        match gone {
            "held" => world.change(serial, StatusChange::Hold).await,
            "revoked" => world.change(serial, StatusChange::Revoke(Reason::Unspecified)).await,
            "replaced" => world.reissue(end - days(100)).await,
            _ => {}
        }
        let at = if gone == "expired" { end + SECOND } else { end - days(5) };
        assert_eq!(world.reminders_at(at).await, 0, "{gone}");
        assert_eq!(world.mails("reminder").len(), 0, "{gone}");
    }
}

impl World {
    /// Another certificate for the first seat, by another credential.
    async fn reissue(&self, at: Timestamp) {
        self.clock.set(at);
        let (user_id, policy) = (self.seats[0].0.clone(), self.service.credential);
        let reset = self.registrar.reset(operator(), self.service.id, user_id, policy).await;
        let reset = reset.unwrap();
        let password = reset.password.reveal();
        self.enroll_as(reset.user_id.as_str(), &password, &request()).await.unwrap();
    }
}

#[tokio::test]
async fn a_reminder_that_waits_is_dropped_when_it_is_not_true_any_more() {
    for gone in ["held", "revoked", "replaced", "expired"] {
        let world = World::new().await;
        let (serial, end) = world.issued().await;
        assert_eq!(world.reminders_at(end - days(30)).await, 1);
        match gone {
            "held" => world.change(serial, StatusChange::Hold).await,
            "revoked" => world.change(serial, StatusChange::Revoke(Reason::Unspecified)).await,
            "replaced" => world.reissue(end - days(29)).await,
            _ => world.clock.set(end + SECOND),
        }
        let letters = world.letters().await;
        assert!(letters.iter().all(|letter| !letter.subject.as_str().contains("有効期限は")));
        let mail = world.mails("reminder").remove(0);
        assert!(mail.dropped_at.is_some() && mail.sent_at.is_none(), "{gone}: {mail:?}");
        world.clock.turn(days(3));
        assert!(world.letters().await.is_empty(), "{gone}");
    }
}

#[tokio::test]
async fn a_hold_that_is_released_brings_reminders_back() {
    let world = World::new().await;
    let (serial, end) = world.issued().await;
    world.clock.set(end - days(40));
    world.change(serial, StatusChange::Hold).await;
    assert_eq!(world.reminders_at(end - days(20)).await, 0);
    world.change(serial, StatusChange::Release).await;
    assert_eq!(world.reminders_at(end - days(20)).await, 1, "late rather than never");
    assert_eq!(world.reminders_at(end - days(7) - SECOND).await, 0);
    assert_eq!(world.reminders_at(end - days(7)).await, 1);
}

#[tokio::test]
async fn thresholds_that_changed_take_effect() {
    let world = World::new().await;
    let (_, end) = world.issued().await;
    assert_eq!(world.reminders_at(end - days(50)).await, 0);
    world.set_days(&[60, 30, 7]).await;
    assert_eq!(world.reminders_at(end - days(50)).await, 1, "one that is due already");
    world.set_days(&[20]).await;
    assert_eq!(world.reminders_at(end - days(25)).await, 0, "one that is no more");
    assert_eq!(world.reminders_at(end - days(20)).await, 1);
    world.set_days(&[]).await;
    assert_eq!(world.reminders_at(end - days(1)).await, 0, "none at all");
}

#[tokio::test]
async fn dates_are_those_of_the_services_zone() {
    for (zone, end, lang, until) in [
        // A leap day, in Tokyo only.
        ("Asia/Tokyo", "2028-02-28T15:30:00Z", Lang::Ja, "2028年2月29日(火) 00:30"),
        ("America/New_York", "2028-02-28T15:30:00Z", Lang::En, "28 Feb 2028, 10:30 EST"),
        // The turn of the year.
        ("Asia/Tokyo", "2027-12-31T15:00:00Z", Lang::Ja, "2028年1月1日(土) 00:00"),
        ("Asia/Tokyo", "2027-12-31T14:59:59Z", Lang::Ja, "2027年12月31日(金) 23:59"),
        ("America/New_York", "2028-01-01T04:59:59Z", Lang::En, "31 Dec 2027, 23:59 EST"),
        // The hour that there is twice, and the one that there is not.
        ("America/New_York", "2028-11-05T05:30:00Z", Lang::En, "5 Nov 2028, 01:30 EDT"),
        ("America/New_York", "2028-11-05T06:30:00Z", Lang::En, "5 Nov 2028, 01:30 EST"),
        ("America/New_York", "2028-03-12T07:00:00Z", Lang::En, "12 Mar 2028, 03:00 EDT"),
    ] {
        let world = World::with(ServiceSettings { time_zone: zone.to_owned(), ..settings() }).await;
        let end: Timestamp = end.parse().unwrap();
        let issued = end - days(365);
        world.clock.set(issued);
        // The initial passwords of this world have lapsed by some of these days.
        let policy = world.service.credential;
        let user_id = world.seats[0].0.clone();
        let seat = world.registrar.reset(operator(), world.service.id, user_id, policy).await;
        let seat = seat.unwrap();
        let (user_id, password) = (&seat.user_id, &seat.password);
        let enrolled =
            world.enroll_in(lang, user_id.as_str(), &password.reveal(), &request()).await.unwrap();
        assert_eq!(enrolled.validity.not_after, end);
        world.letters().await;
        assert_eq!(world.reminders_at(end - days(30) - SECOND).await, 0, "{zone} {issued}");
        assert_eq!(world.reminders_at(end - days(30)).await, 1, "{zone} {issued}");
        let letter = world.letters().await.remove(0);
        assert!(letter.body.contains(until), "{zone} {issued} {end}: {}", letter.body);
    }
}

#[tokio::test]
async fn the_language_is_the_subscribers_and_can_be_changed() {
    let world = World::new().await;
    let (user_id, password) = &world.seats[0];
    let password = password.reveal();
    let issued = world.enroll_in(Lang::En, user_id.as_str(), &password, &request()).await.unwrap();
    let end = issued.validity.not_after;
    world.letters().await;
    world.reminders_at(end - days(30)).await;
    let letter = world.letters().await.remove(0);
    assert_eq!(letter.subject, "[Sample Lite CMS] Your certificate expires on 23 Nov 2027");
    assert_eq!(letter.from_name, "Sample Bank, Ltd.");
    let service = world.service.id;
    world.registrar.set_lang(operator(), service, user_id.clone(), Lang::Ja).await.unwrap();
    world.reminders_at(end - days(7)).await;
    assert!(world.letters().await[0].subject.as_str().starts_with("【サンプルLite CMS】"));
    assert!(world.audit().contains(&"seat.changed".to_owned()));
}

#[tokio::test]
async fn a_pc_that_renews_by_itself_has_until_the_last_threshold() {
    let world = World::new().await;
    let (_, end) = world.issued().await;
    let seat = world.registrar.seat(world.service.id, &world.seats[0].0).unwrap().id;
    world.registrar.store().write(move |tx| tx.set_unattended(seat, true)).await.unwrap();
    world.reminders_at(end - days(30)).await;
    assert!(world.letters().await[0].body.contains("お手続きは必要ありません"));
    world.reminders_at(end - days(7)).await;
    assert!(world.letters().await[0].body.contains("自動更新がまだ済んでいません"));
}

#[tokio::test]
async fn a_credential_about_to_lapse_is_told_once() {
    let world = World::new().await;
    let (_, end) = world.issued().await;
    let reset = end - days(200);
    world.clock.set(reset);
    let (user_id, policy) = (world.seats[0].0.clone(), world.service.credential);
    let id = world.service.id;
    world.registrar.reset(operator(), id, user_id.clone(), policy).await.unwrap();
    let due = reset + days(90 - 14);
    for (at, told) in [(due - SECOND, 0), (due, 1), (due, 0), (due + days(13), 0)] {
        world.clock.set(at);
        assert_eq!(world.registrar.remind().await.unwrap().lapses, told, "{at}");
    }
    world.clock.set(due);
    assert!(world.letters().await[0].subject.as_str().contains("初期パスワードの期限は"));
    // A new one has its own day; what waits of the old one is not sent.
    world.clock.set(due + days(20));
    world.registrar.reset(operator(), id, user_id.clone(), policy).await.unwrap();
    world.clock.turn(days(80));
    assert_eq!(world.registrar.remind().await.unwrap().lapses, 1);
    world.registrar.reset(operator(), id, user_id, policy).await.unwrap();
    let letters = world.letters().await;
    assert!(letters.iter().all(|letter| !letter.subject.as_str().contains("初期パスワード")));
    // Seats that never had a certificate have no address: their branch is told.
    assert_eq!(world.mails("lapsing").len(), 2);
}

#[tokio::test]
async fn held_and_revoked_are_told_and_a_reissue_is_not_told_twice() {
    let world = World::new().await;
    let (serial, end) = world.issued().await;
    world.change(serial, StatusChange::Hold).await;
    assert!(world.letters().await[0].subject.as_str().contains("一時停止しました"));
    world.change(serial, StatusChange::Release).await;
    let subjects: Vec<_> = world.letters().await.into_iter().map(|one| one.subject).collect();
    assert!(
        matches!(&subjects[..], [one] if one.as_str().contains("使えるようになりました")),
        "{subjects:?}"
    );
    world.change(serial, StatusChange::Revoke(Reason::KeyCompromise)).await;
    let letter = world.letters().await.remove(0);
    assert!(letter.subject.as_str().contains("失効しました"), "{letter:?}");
    assert!(!letter.body.contains(&serial.to_string()));
    world.reissue(end - days(100)).await;
    world.reissue(end - days(99)).await;
    let subjects: Vec<_> = world.letters().await.into_iter().map(|one| one.subject).collect();
    assert!(
        subjects.iter().all(|subject| subject.as_str().contains("発行しました")),
        "{subjects:?}"
    );
}

#[tokio::test]
async fn nodes_on_one_database_make_each_reminder_once() {
    let world = World::new().await;
    for (user_id, password) in &world.seats {
        world.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    }
    let end = world.certificates()[0].certificate.validity.not_after;
    world.letters().await;
    world.clock.set(end - days(30));
    let nodes = [world.registrar.clone(), world.node(), world.node()];
    let running: Vec<_> = nodes
        .iter()
        .map(|node| {
            let node = node.clone();
            tokio::spawn(async move { node.remind().await.unwrap().reminders })
        })
        .collect();
    let mut made = 0;
    for node in running {
        made += node.await.unwrap();
    }
    assert_eq!((made, world.mails("reminder").len()), (3, 3));
    let server = MailServer::new(Delivery::Accepted);
    for node in &nodes {
        node.send_mails(&server).await.unwrap();
    }
    assert_eq!(server.received().len(), 3);
}

/// What may happen to three certificates.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Remind,
    /// The process dies while it is at it, and starts again.
    Crash,
    OtherNode,
    Send,
    Change(usize, bool),
    Revoke(usize),
    Days(Vec<u16>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u32..24 * 40).prop_map(Step::Wait),
        5 => Just(Step::Remind),
        1 => Just(Step::Crash),
        1 => Just(Step::OtherNode),
        2 => Just(Step::Send),
        2 => (0usize..3, any::<bool>()).prop_map(|(seat, hold)| Step::Change(seat, hold)),
        1 => (0usize..3).prop_map(Step::Revoke),
        1 => prop::sample::select(vec![vec![30, 7], vec![60, 30, 7], vec![14], vec![]])
            .prop_map(Step::Days),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: no reminder is made twice, and none goes out for a
    /// certificate that is not live. At the end nothing that is due is missing.
    #[test]
    fn exactly_once_whatever_happens(steps in prop::collection::vec(step(), 1..40)) {
        tokio::runtime::Runtime::new().unwrap().block_on(live(steps));
    }
}

async fn live(steps: Vec<Step>) {
    let mut world = World::new().await;
    let mut serials = HashMap::new();
    for (number, (user_id, password)) in world.seats.iter().enumerate() {
        let issued =
            world.enroll_as(user_id.as_str(), &password.reveal(), &request()).await.unwrap();
        serials.insert(number, issued.serial);
    }
    world.letters().await;
    world.clock.turn(days(250));
    let mut reminder_days = vec![30u16, 7];
    for step in steps {
        match step {
            Step::Wait(hours) => world.clock.turn(SignedDuration::from_hours(hours.into())),
            Step::Remind => drop(world.registrar.remind().await.unwrap()),
            Step::Crash => {
                let node = world.registrar.clone();
                let running = tokio::spawn(async move { node.remind().await });
                tokio::task::yield_now().await;
                running.abort();
                world = world.reopened(settings());
            }
            Step::OtherNode => drop(world.node().remind().await.unwrap()),
            Step::Send => {
                let now = world.registrar.now();
                let live: Vec<_> = world
                    .certificates()
                    .iter()
                    .filter(|one| matches!(one.certificate.state, CertificateState::Issued { .. }))
                    .filter(|one| !one.certificate.validity.is_over(now))
                    .map(|one| one.user_id.to_string())
                    .collect();
                for letter in world.letters().await {
                    if letter.subject.as_str().contains("有効期限は") {
                        assert!(live.iter().any(|user_id| letter.body.contains(user_id)));
                    }
                }
            }
            Step::Change(seat, hold) => {
                let target = Target::Serial(serials[&seat]);
                let change = if hold { StatusChange::Hold } else { StatusChange::Release };
                let id = world.service.id;
                let _ = world.registrar.change_status(operator(), id, target, change).await;
            }
            Step::Revoke(seat) => {
                let target = Target::Serial(serials[&seat]);
                let change = StatusChange::Revoke(Reason::Unspecified);
                let id = world.service.id;
                let _ = world.registrar.change_status(operator(), id, target, change).await;
            }
            Step::Days(days) => {
                world.set_days(&days).await;
                reminder_days = days;
            }
        }
    }
    world.registrar.remind().await.unwrap();
    let now = world.registrar.now();
    for record in world.certificates() {
        let serial = record.certificate.serial;
        let told = world.read(|view| view.reminders_of_serial(serial));
        let due = tegata_domain::due(&record.certificate, now, &reminder_days, &told);
        assert_eq!(due, None, "late rather than never");
    }
    let made: usize = serials
        .values()
        .map(|serial| world.read(|view| view.reminders_of_serial(*serial)).len())
        .sum();
    assert_eq!(world.mails("reminder").len(), made, "one mail a reminder");
}
