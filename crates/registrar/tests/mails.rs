//! Every mail in both languages as people read it, and a service's own words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::{MailServer, World, request, settings};
use tegata_registrar::{
    Actor, Delivery, MailKind, MailSample, ServiceSettings, TemplateError, Words,
};
use tegata_store::ServiceRecord;
use tegata_text::{Lang, MailMessage};

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

impl World {
    fn record(&self) -> ServiceRecord {
        self.registrar.choose_service(None).unwrap()
    }

    fn samples(&self) -> Vec<MailSample> {
        self.registrar.preview_mails(&self.record(), None, None).unwrap()
    }

    async fn set(&self, lang: Lang, source: &str) -> Result<Vec<&'static str>, TemplateError> {
        self.registrar.set_mail_templates(operator(), self.record(), lang, source).await
    }
}

fn page(sample: &MailSample) -> String {
    let letter = &sample.letter;
    format!(
        "From: {}\nTo: {}\nSubject: {}\n\n{}\n",
        letter.from_name,
        letter.to.as_str(),
        letter.subject,
        letter.body
    )
}

/// `tests/mails` holds each mail; a changed text is put there by `TEGATA_TAKE=1 cargo test`, and
/// read.
#[tokio::test]
async fn every_mail_reads_as_it_was_read_last() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let take = std::env::var_os("TEGATA_TAKE").is_some();
    let samples = World::new().await.samples();
    for sample in &samples {
        let file = dir.join(format!("{}.{}.txt", sample.name, sample.lang.code()));
        if take {
            std::fs::write(&file, page(sample)).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(page(sample), kept, "{}", file.display());
    }
    let files = std::fs::read_dir(dir).unwrap().count();
    assert_eq!(files, samples.len(), "each file is a mail");
    for kind in MailKind::ALL {
        for lang in Lang::ALL {
            assert!(samples.iter().any(|one| one.kind == *kind && one.lang == lang));
        }
    }
}

/// Whatever stands in names of the settings: no header begins there, and what is secret is not in
/// the subject.
#[tokio::test]
async fn no_header_can_be_injected_and_no_subject_tells_who() {
    let evil = "X\r\nBcc: evil@example.jp\r\n\r\nbody";
    let words = || Words { ja: evil.to_owned(), en: evil.to_owned() };
    let settings =
        ServiceSettings { organisation: words(), name: words(), help: words(), ..settings() };
    let world = World::new().await;
    world.registrar.change_settings(operator(), world.service.id, &settings).await.unwrap();
    for MailSample { letter, .. } in world.samples() {
        for header in [&letter.subject, &letter.from_name, &letter.message_id] {
            assert!(!header.as_str().contains(['\r', '\n']), "{header:?}");
        }
        assert!(!letter.subject.as_str().contains("CMSM950"), "{}", letter.subject);
    }
}

#[tokio::test]
async fn a_services_own_words_are_sent_by_every_node_and_can_be_taken_back() {
    let world = World::new().await;
    let own = "mail-issued-subject = ようこそ { $service } へ\n";
    assert_eq!(world.set(Lang::Ja, own).await.unwrap(), ["mail-issued-subject"]);
    world.enroll(&request()).await.unwrap();
    let server = MailServer::new(Delivery::Accepted);
    world.node().send_mails(&server).await.unwrap();
    assert_eq!(server.received()[0].subject, "ようこそ サンプルLite CMS へ");
    let rows = world.registrar.mail_templates(&world.record()).unwrap();
    assert_eq!(rows.len(), 2 * MailMessage::all().len());
    assert_eq!(rows.iter().filter(|row| row.own).count(), 1);
    let reset = world.registrar.reset_mail_templates(operator(), world.record(), None, &[]).await;
    assert_eq!(reset.unwrap(), 1);
    let subject = world.samples()[0].letter.subject.clone();
    assert_eq!(subject, "【サンプルLite CMS】電子証明書を発行しました");
    let audit = world.audit();
    assert!(audit.ends_with(&["mail_template.reset".to_owned()]), "{audit:?}");
}

#[tokio::test]
async fn what_was_exported_and_not_edited_stays_built_in() {
    let world = World::new().await;
    let rows = world.registrar.mail_templates(&world.record()).unwrap();
    let all: String =
        rows.into_iter().filter(|row| row.lang == Lang::En).map(|row| row.source).collect();
    let edited = all.replace("was issued", "has been issued");
    let taken = world.set(Lang::En, &edited).await.unwrap();
    assert_eq!(taken, ["mail-issued-body", "mail-issued-subject"]);
    assert_eq!(world.set(Lang::En, &all).await.unwrap().len(), 0, "all as they were");
    let rows = world.registrar.mail_templates(&world.record()).unwrap();
    assert!(rows.iter().all(|row| !row.own));
}

#[tokio::test]
async fn words_that_fail_with_any_sample_are_refused_and_nothing_changes() {
    let world = World::new().await;
    for (source, wanted) in [
        ("mail-issued-subject = { $user_id }\n", "has no variable $user_id"),
        ("mail-issued-subject = { $service\n", "not Fluent"),
        ("mail-nothing = x\n", "no message mail-nothing"),
        ("mail-held-subject =\n    two\n    lines\n", "a subject is one line"),
        // Fails only where there is more than a mail shows: one sample has it.
        ("mail-digest-more = { $count ->\n    [10] { \"\" }\n   *[other] x\n }\n", "is empty"),
        ("# nothing\n", "there is no message in it"),
    ] {
        let refused = world.set(Lang::En, source).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{source}: {refused}");
    }
    assert!(world.registrar.mail_templates(&world.record()).unwrap().iter().all(|row| !row.own));
}

#[tokio::test]
async fn an_operator_tries_again_or_gives_up() {
    let world = World::new().await;
    world.enroll(&request()).await.unwrap();
    let (id, office) = (world.service.id, &world.registrar);
    let mails =
        || office.mails(id, &tegata_store::MailFilter { failed: true, seat: None, limit: 9 });
    let refusing = MailServer::new(Delivery::Refused("550 no such user".to_owned()));
    office.send_mails(&refusing).await.unwrap();
    let failed = mails().unwrap().remove(0);
    assert_eq!(failed.error.as_deref(), Some("550 no such user"));
    // A month later: it is tried for a week from now, not from when it came to be.
    world.clock.turn(jiff::SignedDuration::from_hours(24 * 30));
    office.retry_mail(operator(), id, failed.id).await.unwrap();
    assert!(mails().unwrap().is_empty());
    let away = MailServer::new(Delivery::Later("421".to_owned()));
    assert_eq!(office.send_mails(&away).await.unwrap(), 1);
    world.clock.turn(jiff::SignedDuration::from_hours(7));
    assert_eq!(office.send_mails(&away).await.unwrap(), 1, "still tried");
    office.drop_mail(operator(), id, failed.id).await.unwrap();
    assert!(office.drop_mail(operator(), id, failed.id).await.is_err());
    world.clock.turn(jiff::SignedDuration::from_hours(24));
    assert_eq!(office.send_mails(&away).await.unwrap(), 0, "given up");
    office.retry_mail(operator(), id, failed.id).await.unwrap();
    let server = MailServer::new(Delivery::Accepted);
    assert_eq!(office.send_mails(&server).await.unwrap(), 1);
    let sent: Vec<_> = server.received().into_iter().map(|letter| letter.message_id).collect();
    assert_eq!(sent, [refusing.received().remove(0).message_id], "the same mail");
    assert!(office.retry_mail(operator(), id, failed.id).await.is_err(), "it was sent");
    let unknown = office.drop_mail(operator(), id, tegata_store::MailId::from_number(99)).await;
    assert!(unknown.is_err());
    let audit = world.audit();
    assert_eq!(audit.iter().filter(|action| action.starts_with("mail.")).count(), 3);
}
