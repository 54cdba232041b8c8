//! The mail that confirms an issuance: its words, and that it arrives once, late, or never.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{MailServer, World, request};
use jiff::SignedDuration;
use tegata_registrar::{Delivery, Letter};
use tegata_store::{Bounce, MailFilter, MailId};
use tegata_text::Lang;

async fn letter(lang: Lang) -> (Letter, String) {
    let world = World::new().await;
    let (user_id, password) = &world.seats[0];
    let issued =
        world.enroll_in(lang, user_id.as_str(), &password.reveal(), &request()).await.unwrap();
    let server = MailServer::new(Delivery::Accepted);
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1);
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 0, "once");
    (server.received().remove(0), issued.serial.to_string())
}

#[tokio::test]
async fn the_japanese_mail_reads_as_intended() {
    let (letter, serial) = letter(Lang::Ja).await;
    assert_eq!(letter.to.as_str(), "taro@example.co.jp");
    assert_eq!(letter.from_name, "株式会社サンプル銀行");
    assert_eq!(letter.subject, "【サンプルLite CMS】電子証明書を発行しました");
    let expected = format!(
        "サンプルLite CMS の電子証明書を発行しました。\n\n\
         利用者ID： CMSM950-006-401\n\
         有効期限： 2027年11月23日(火) 12:00\n\
         シリアル番号： {serial}\n\n\
         このメールアドレスを登録しました。お手続きは必要ありません。\n\n\
         発行にお心当たりがないときは、すぐに次の窓口へご連絡ください。\n\
         ヘルプデスク\n\n\
         株式会社サンプル銀行"
    );
    assert_eq!(letter.body, expected);
}

#[tokio::test]
async fn the_english_mail_reads_as_intended() {
    let (letter, serial) = letter(Lang::En).await;
    assert_eq!(letter.subject, "[Sample Lite CMS] Your certificate was issued");
    let expected = format!(
        "Your certificate for Sample Lite CMS was issued.\n\n\
         User ID:       CMSM950-006-401\n\
         Valid until:   23 Nov 2027, 12:00 JST\n\
         Serial number: {serial}\n\n\
         This e-mail address is registered. There is nothing you need to do.\n\n\
         If you did not ask for it, please call at once:\n\
         Help desk\n\n\
         Sample Bank, Ltd."
    );
    assert_eq!(letter.body, expected);
}

#[tokio::test]
async fn a_server_that_is_away_gets_the_same_mail_later() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let server = MailServer::new(Delivery::Later("421".to_owned()));
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1);
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 0, "not at once");
    let mut tries = server.received();
    for _ in 0..6 {
        world.clock.turn(SignedDuration::from_hours(6));
        world.registrar.send_mails(&server).await.unwrap();
    }
    *server.answer.lock().unwrap() = Delivery::Accepted;
    world.clock.turn(SignedDuration::from_hours(24 * 3));
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1, "after three days");
    tries.extend(server.received());
    assert_eq!(tries.len(), 8);
    assert!(tries.windows(2).all(|pair| pair[0] == pair[1]), "one Message-ID, one text");
    world.clock.turn(SignedDuration::from_hours(24));
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 0);
}

#[tokio::test]
async fn a_refused_mail_and_a_week_of_silence_end_it() {
    for (answer, rounds) in
        [(Delivery::Refused("550".to_owned()), 1), (Delivery::Later("421".to_owned()), 2)]
    {
        let world = World::new().await;
        world.enroll(&request()).await.unwrap();
        let server = MailServer::new(answer);
        world.registrar.send_mails(&server).await.unwrap();
        for _ in 0..3 {
            world.clock.turn(SignedDuration::from_hours(24 * 7));
            world.registrar.send_mails(&server).await.unwrap();
        }
        assert_eq!(server.received().len(), rounds);
    }
}

/// However long the signer is away: nothing is given up, and then the mail has its week.
#[tokio::test]
async fn a_mail_that_waits_for_us_is_never_given_up() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let server = MailServer::new(Delivery::Waits("no signer".to_owned()));
    for _ in 0..30 {
        assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1);
        assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 0, "not at once");
        world.clock.turn(SignedDuration::from_hours(24));
    }
    *server.answer.lock().unwrap() = Delivery::Later("421".to_owned());
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1);
    world.clock.turn(SignedDuration::from_mins(1));
    *server.answer.lock().unwrap() = Delivery::Accepted;
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 1, "a minute later");
    world.clock.turn(SignedDuration::from_hours(24));
    assert_eq!(world.registrar.send_mails(&server).await.unwrap(), 0, "once");
}

/// Nobody reports a mail that was never sent, and what is known of one stands.
#[tokio::test]
async fn a_mail_that_came_back_is_shown() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let service = world.registrar.keyring().services().next().unwrap().id;
    let bounce = |bounce, said: &'static str| {
        let now = world.registrar.now();
        let id = MailId::from_number(1);
        world.registrar.store().write(move |tx| tx.mail_bounced(id, bounce, said, now))
    };
    assert!(!bounce(Bounce::Undeliverable, "early").await.unwrap(), "it is not sent");
    let server = MailServer::new(Delivery::Accepted);
    world.registrar.send_mails(&server).await.unwrap();
    world.clock.turn(SignedDuration::from_mins(1));
    let filter = MailFilter { failed: true, seat: None, limit: 10 };
    let failed = || world.read(|view| view.mails(service, &filter));
    assert!(bounce(Bounce::Delayed, "4.2.2 full").await.unwrap());
    assert_eq!(failed(), [], "it may yet arrive");
    assert!(bounce(Bounce::Undeliverable, "5.1.1 unknown").await.unwrap());
    assert!(!bounce(Bounce::Delayed, "4.2.2 full").await.unwrap(), "late news");
    assert_eq!(failed()[0].error.as_deref(), Some("5.1.1 unknown"));
}
