//! Another address: asked for, confirmed by a link, told to the one before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{MailServer, World, request};
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{KeyKind, SoftwareKey, SubjectName, certification_request, seal};
use tegata_domain::{
    EMAIL_TOLERANCE, Email, Reason, Reissue, Revocation, Serial, UserId, email_statement,
};
use tegata_registrar::{
    Actor, AskEmailError, AskedEmail, ChangeEmailError, Delivery, Letter, LinkNonce, Selection,
    ServiceSettings, StatusChange, Target,
};
use tegata_store::{AuditEntry, ServiceId};
use tegata_text::Lang;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

impl World {
    fn user(&self) -> UserId {
        self.seats[0].0.clone()
    }

    async fn ask(&self, new: &str, lang: Lang) -> Result<AskedEmail, ChangeEmailError> {
        let place = (self.service.id, &self.service.settings);
        self.registrar.ask_email(operator(), place, self.user(), email(new), Some(lang)).await
    }

    async fn letters(&self, server: &MailServer) -> Vec<Letter> {
        while self.registrar.send_mails(server).await.unwrap() > 0 {}
        server.received()
    }

    async fn confirm(&self, service: ServiceId, nonce: &str) -> Option<Email> {
        let nonce = LinkNonce::from_text(nonce).unwrap();
        self.registrar.confirm_email(service, nonce).await.unwrap().map(|changed| changed.email)
    }

    fn registered(&self) -> String {
        let seat = self.read(|view| view.seat(self.service.id, &self.user())).unwrap();
        seat.email.unwrap().to_string()
    }
}

/// Whoever has the key of a certificate.
struct Holder {
    key: SoftwareKey,
    certificate: Vec<u8>,
    serial: Serial,
}

impl Holder {
    /// A seat's certificate on a new key, from what `issue` makes of the request.
    async fn new(issue: impl AsyncFnOnce(Vec<u8>) -> (Vec<u8>, Serial)) -> Self {
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let request = certification_request(&key, &SubjectName::new("x").unwrap()).unwrap();
        let (certificate, serial) = issue(request).await;
        Self { key, certificate, serial }
    }

    /// The same seat's next certificate, on the last day of this one.
    async fn renewed(&self, world: &World) -> Self {
        world.turn_to(world.ends(self.serial) - HOUR * 24);
        Self::new(async |request| {
            let signed = seal(&request, &self.certificate, &self.key).unwrap();
            let renewed = world.renew(signed).await.unwrap();
            (renewed.certificate, renewed.serial)
        })
        .await
    }

    /// Asks for `new`, signed at `at`.
    async fn ask(&self, world: &World, new: &str, at: Timestamp) -> Result<(), AskEmailError> {
        let service = &world.service;
        let statement = email_statement(&service.key, self.serial, &email(new), at);
        let signed = seal(statement.as_bytes(), &self.certificate, &self.key).unwrap();
        let proven = world.registrar.prove_email(service, signed, (email(new), at)).await?;
        let reference = world.reference();
        let asked = world.registrar.ask_email_proven(service, proven, Lang::Ja, &reference).await?;
        assert_eq!((asked.user_id, asked.new), (world.user(), email(new)));
        Ok(())
    }
}

/// The nonce of the link in a mail, whose address is checked.
fn nonce(letter: &Letter) -> String {
    let begin = "https://cert.example/issueweb/0001/SB0001002C/email/";
    let (_, rest) = letter.body.split_once(begin).unwrap();
    let (nonce, rest) = rest.split_at(40);
    assert!(rest.starts_with("?lang="), "{rest}");
    nonce.to_owned()
}

/// A seat with taro@example.co.jp whose mail of the issuance is out.
async fn issued() -> (World, MailServer) {
    let (world, server) = (World::new().await, MailServer::new(Delivery::Accepted));
    world.enroll(&request()).await.unwrap();
    assert_eq!(world.letters(&server).await.len(), 1);
    (world, server)
}

/// The same, and whoever has the key of its certificate.
async fn held() -> (World, MailServer, Holder) {
    let (world, server) = (World::new().await, MailServer::new(Delivery::Accepted));
    let holder = Holder::new(async |request| {
        let issued = world.enroll(&request).await.unwrap();
        (issued.certificate, issued.serial)
    })
    .await;
    world.letters(&server).await;
    (world, server, holder)
}

#[tokio::test]
async fn the_new_address_confirms_and_both_are_told() {
    for (lang, subject) in [
        (Lang::Ja, "メールアドレスをご確認ください"),
        (Lang::En, "Please confirm your e-mail address"),
    ] {
        let (world, server) = issued().await;
        let asked = world.ask("hanako@example.jp", lang).await.unwrap();
        assert_eq!(asked.present, Some(email("taro@example.co.jp")));
        let letters = world.letters(&server).await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].to, email("hanako@example.jp"));
        assert!(letters[0].subject.as_str().ends_with(subject), "{}", letters[0].subject);
        for needed in
            ["CMSM950-006-401", if lang == Lang::Ja { "ヘルプデスク" } else { "Help desk" }]
        {
            assert!(letters[0].body.contains(needed), "{}", letters[0].body);
        }
        assert_eq!(world.registered(), "taro@example.co.jp", "until it is confirmed");

        let nonce = nonce(&letters[0]);
        let parsed = || LinkNonce::from_text(&nonce).unwrap();
        for _ in 0..3 {
            let behind = world.registrar.email_behind(world.service.id, &parsed()).unwrap();
            assert_eq!(behind.unwrap().email, email("hanako@example.jp"), "looking is free");
        }
        assert_eq!(world.registered(), "taro@example.co.jp");
        let id = world.service.id;
        assert_eq!(world.confirm(id, &nonce).await, Some(email("hanako@example.jp")));
        assert_eq!(world.registered(), "hanako@example.jp");
        assert_eq!(world.confirm(id, &nonce).await, None, "once");
        assert!(world.registrar.email_behind(id, &parsed()).unwrap().is_none());

        let letters = world.letters(&server).await;
        let to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(to, ["taro@example.co.jp", "hanako@example.jp"]);
        let told = ["登録メールアドレスを変更しました", "このメールアドレスを登録しました"];
        for (letter, told) in letters.iter().zip(told) {
            assert!(letter.subject.as_str().ends_with(told), "{}", letter.subject);
            assert!(!letter.body.contains("@example"), "neither learns the other's address");
        }
    }
}

#[tokio::test]
async fn two_who_press_at_once_change_it_once() {
    let (world, server) = issued().await;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let nonce = nonce(&world.letters(&server).await[0]);
    let id = world.service.id;
    let (one, two) = tokio::join!(world.confirm(id, &nonce), world.confirm(id, &nonce));
    assert_eq!(u8::from(one.is_some()) + u8::from(two.is_some()), 1);
    assert_eq!(world.letters(&server).await.len(), 2);
}

#[tokio::test]
async fn a_link_ends_after_a_day_on_the_second() {
    for (wait, works) in [(HOUR * 24 - SignedDuration::from_secs(1), true), (HOUR * 24, false)] {
        let (world, server) = issued().await;
        world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
        let nonce = nonce(&world.letters(&server).await[0]);
        world.clock.turn(wait);
        assert_eq!(world.confirm(world.service.id, &nonce).await.is_some(), works);
    }
}

#[tokio::test]
async fn a_later_request_replaces_the_one_before() {
    let (world, server) = issued().await;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let first = nonce(&world.letters(&server).await[0]);
    world.ask("jiro@example.jp", Lang::Ja).await.unwrap();
    world.ask("saburo@example.jp", Lang::Ja).await.unwrap();
    let letters = world.letters(&server).await;
    let to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["saburo@example.jp"], "what nobody wants any more is not sent");
    assert_eq!(world.confirm(world.service.id, &first).await, None);
    assert!(world.confirm(world.service.id, &nonce(&letters[0])).await.is_some());
}

/// A mail server that is away gets a link of its own at each attempt, and the day begins with the
/// attempt: a mail that is late is not void when it comes.
#[tokio::test]
async fn a_late_mail_has_a_link_that_works() {
    let (world, server) = issued().await;
    *server.answer.lock().unwrap() = Delivery::Later("421".to_owned());
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    world.registrar.send_mails(&server).await.unwrap();
    world.clock.turn(HOUR * 72);
    *server.answer.lock().unwrap() = Delivery::Accepted;
    let letters = world.letters(&server).await;
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].message_id, letters[1].message_id);
    assert_ne!(nonce(&letters[0]), nonce(&letters[1]));
    let id = world.service.id;
    assert_eq!(world.confirm(id, &nonce(&letters[0])).await, None, "its day is over");
    assert!(world.confirm(id, &nonce(&letters[1])).await.is_some());
}

#[tokio::test]
async fn no_secret_of_a_link_is_kept() {
    let (world, server) = issued().await;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let letter = world.letters(&server).await.remove(0);
    let nonce = nonce(&letter);
    let octets: Vec<u8> =
        (0..20).map(|at| u8::from_str_radix(&nonce[2 * at..2 * at + 2], 16).unwrap()).collect();
    let copy = std::fs::read(world.copy()).unwrap();
    let holds = |secret: &[u8]| copy.windows(secret.len()).any(|window| window == secret);
    assert!(holds(b"hanako@example.jp"), "the copy is one");
    assert!(!holds(nonce.as_bytes()) && !holds(&octets));
}

#[tokio::test]
async fn what_cannot_be_asked_for() {
    let (world, _) = issued().await;
    let same = world.ask("taro@EXAMPLE.co.jp", Lang::Ja).await;
    assert!(matches!(same, Err(ChangeEmailError::Same(_))));
    let settings = ServiceSettings { site_url: String::new(), ..world.service.settings.clone() };
    let place = (world.service.id, &settings);
    let nowhere =
        world.registrar.ask_email(operator(), place, world.user(), email("a@example.jp"), None);
    assert!(matches!(nowhere.await, Err(ChangeEmailError::NoSite)));
    for number in 0..5 {
        world.ask(&format!("a{number}@example.jp"), Lang::Ja).await.unwrap();
    }
    let sixth = world.ask("b@example.jp", Lang::Ja).await;
    assert!(matches!(sixth, Err(ChangeEmailError::TooMany(_))), "{sixth:?}");
    world.clock.turn(HOUR * 24);
    world.ask("b@example.jp", Lang::Ja).await.unwrap();
    world.registrar.close_seat(operator(), world.service.id, world.user()).await.unwrap();
    let closed = world.ask("c@example.jp", Lang::Ja).await;
    assert!(matches!(closed, Err(ChangeEmailError::Closed(_))));
}

/// A closed seat's link is dead, and so is one from before an issuance, which registers what was
/// typed; the address that goes is told.
#[tokio::test]
async fn closing_and_issuing_settle_what_waits() {
    let (world, server) = issued().await;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let waiting = nonce(&world.letters(&server).await[0]);
    let (id, policy) = (world.service.id, world.service.credential);
    world.registrar.close_seat(operator(), id, world.user()).await.unwrap();
    assert_eq!(world.confirm(id, &waiting).await, None);

    let (world, server) = issued().await;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let waiting = nonce(&world.letters(&server).await[0]);
    assert!(world.confirm(id, &waiting).await.is_some());
    world.letters(&server).await;
    world.ask("jiro@example.jp", Lang::Ja).await.unwrap();
    let waiting = nonce(&world.letters(&server).await[0]);
    let seat = world.registrar.reset(operator(), id, world.user(), policy).await.unwrap();
    let password = seat.password.reveal();
    world.enroll_as(world.user().as_str(), &password, &request()).await.unwrap();
    assert_eq!(world.confirm(id, &waiting).await, None);
    let letters = world.letters(&server).await;
    let mut to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["hanako@example.jp", "taro@example.co.jp"], "old one told, new one confirmed");
    assert_eq!(world.registered(), "taro@example.co.jp");
}

#[tokio::test]
async fn what_was_signed_is_good_for_ten_minutes_on_the_second() {
    let (world, server, holder) = held().await;
    let now = world.registrar.now();
    for off in [EMAIL_TOLERANCE + SECOND, -EMAIL_TOLERANCE - SECOND, HOUR * 24, -HOUR * 24 * 300] {
        let refused = holder.ask(&world, "hanako@example.jp", now + off).await;
        let Err(AskEmailError::Clock(wrong)) = refused else { panic!("{refused:?}") };
        assert_eq!(wrong.ahead, off);
    }
    assert_eq!(world.letters(&server).await.len(), 0);
    holder.ask(&world, "hanako@example.jp", now - EMAIL_TOLERANCE).await.unwrap();
    holder.ask(&world, "jiro@example.jp", now + EMAIL_TOLERANCE).await.unwrap();
    let said = world.audit();
    assert_eq!(said.iter().filter(|action| *action == "email.asked").count(), 2);
}

/// Whatever became of it: nothing that was signed before is taken up again.
#[tokio::test]
async fn what_was_signed_is_taken_up_once() {
    let overtaken = |answer: Result<(), AskEmailError>, what| match answer {
        Err(AskEmailError::Change(ChangeEmailError::Overtaken(_))) => {}
        other => panic!("{what}: {other:?}"),
    };
    let (world, server, holder) = held().await;
    let (id, at) = (world.service.id, world.registrar.now());
    holder.ask(&world, "hanako@example.jp", at).await.unwrap();
    let before = world.audit();
    for _ in 0..10 {
        holder.ask(&world, "hanako@example.jp", at).await.unwrap();
    }
    assert_eq!(world.audit(), before, "the same answer, and nothing else");
    let letters = world.letters(&server).await;
    assert_eq!(letters.len(), 1);
    assert!(world.confirm(id, &nonce(&letters[0])).await.is_some(), "the link works");
    world.letters(&server).await;

    let second = at + SECOND;
    holder.ask(&world, "jiro@example.jp", second).await.unwrap();
    overtaken(holder.ask(&world, "hanako2@example.jp", second).await, "in one second");
    world.ask("saburo@example.jp", Lang::Ja).await.unwrap();
    overtaken(holder.ask(&world, "jiro@example.jp", second).await, "the office asked since");
    let letters = world.letters(&server).await;
    assert!(world.confirm(id, &nonce(&letters[0])).await.is_some());
    overtaken(holder.ask(&world, "jiro@example.jp", second).await, "and was confirmed");
    world.letters(&server).await;

    let third = second + SECOND;
    holder.ask(&world, "shiro@example.jp", third).await.unwrap();
    for change in [StatusChange::Hold, StatusChange::Release] {
        let target = Target::UserId(world.user());
        world.registrar.change_status(operator(), id, target, change).await.unwrap();
    }
    overtaken(holder.ask(&world, "shiro@example.jp", third).await, "void since");
    world.letters(&server).await;
    holder.ask(&world, "shiro@example.jp", third + SECOND).await.unwrap();
    assert_eq!(world.letters(&server).await.len(), 1);
}

/// Asked for by a key that is then shut out: nobody confirms it any more, whoever reads the mail.
/// What the office asked for stays, and its link works.
/// Whoever proved a key before it was shut out has no say after it.
#[tokio::test]
async fn a_key_that_is_shut_out_meanwhile_changes_nothing() {
    for change in [StatusChange::Hold, StatusChange::Revoke(Reason::KeyCompromise)] {
        let (world, server, holder) = held().await;
        let (office, service, at) = (&world.registrar, &world.service, world.registrar.now());
        let new = email("thief@example.jp");
        let statement = email_statement(&service.key, holder.serial, &new, at);
        let signed = seal(statement.as_bytes(), &holder.certificate, &holder.key).unwrap();
        let proven = office.prove_email(service, signed, (new, at)).await.unwrap();
        world.change(holder.serial, change).await;
        let reference = world.reference();
        let asked = office.ask_email_proven(service, proven, Lang::Ja, &reference).await;
        assert!(matches!(asked, Err(AskEmailError::Refused(_))), "{asked:?}");
        let letters = world.letters(&server).await;
        assert!(letters.iter().all(|letter| letter.to.as_str() != "thief@example.jp"));
    }
}

#[tokio::test]
async fn what_a_key_asked_for_goes_with_it() {
    let all = ["hold", "revoke", "superseded", "many", "compromised", "lost"];
    for (what, by_key) in all.into_iter().flat_map(|what| [(what, true), (what, false)]) {
        let (world, server, holder) = held().await;
        let (office, id) = (&world.registrar, world.service.id);
        if by_key {
            let now = office.now();
            holder.ask(&world, "thief@example.jp", now).await.unwrap();
        } else {
            world.ask("jiro@example.jp", Lang::Ja).await.unwrap();
        }
        let waiting = nonce(&world.letters(&server).await[0]);
        let target = Target::UserId(world.user());
        let change = |change| office.change_status(operator(), id, target.clone(), change);
        let reissue =
            |what| office.reissue(operator(), id, world.user(), world.service.credential, what);
        match what {
            "hold" => drop(change(StatusChange::Hold).await.unwrap()),
            "revoke" => drop(change(StatusChange::Revoke(Reason::Unspecified)).await.unwrap()),
            "superseded" => drop(change(StatusChange::Revoke(Reason::Superseded)).await.unwrap()),
            "many" => {
                let names = Some(vec![(1, target.clone())]);
                let selection = Selection { names, ..Selection::default() };
                let plan = office.plan_revocation(id, &selection).unwrap();
                let revocation = Revocation::new(Reason::KeyCompromise).unwrap();
                office.revoke_many(operator(), id, &plan, revocation).await.unwrap();
            }
            "compromised" => drop(reissue(Reissue::Compromised).await.unwrap()),
            _ => drop(reissue(Reissue::LostKey).await.unwrap()),
        }
        let void = |(_, entry): &(_, AuditEntry)| entry.detail["email_change"] == "void";
        let said = world.read(|view| view.audit_entries(0, 1_000)).iter().any(void);
        // A lost key is superseded, as one that was renewed is.
        assert_eq!(said, by_key && !["superseded", "lost"].contains(&what), "{what}");
        let (confirmed, registered) = match by_key {
            true => (None, "taro@example.co.jp"),
            false => (Some(email("jiro@example.jp")), "jiro@example.jp"),
        };
        assert_eq!(world.confirm(id, &waiting).await, confirmed, "{what}");
        assert_eq!(world.registered(), registered, "{what}");
        // What is asked for afterwards can be confirmed.
        world.letters(&server).await;
        world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
        let later = nonce(&world.letters(&server).await[0]);
        assert!(world.confirm(id, &later).await.is_some(), "{what}");
    }
}

/// A change that one key asked for does not go with another certificate, while the one that asked is
/// good.
#[tokio::test]
async fn what_another_key_asked_for_stays() {
    let superseded = StatusChange::Revoke(Reason::Superseded);
    let unspecified = StatusChange::Revoke(Reason::Unspecified);
    for (changes, stays) in [
        (&[(true, StatusChange::Hold)][..], true),
        (&[(true, unspecified)], true),
        (&[(false, StatusChange::Hold)], false),
        (&[(false, superseded)], true),
        (&[(false, superseded), (true, StatusChange::Hold)], false),
    ] {
        let (world, server, old) = held().await;
        let new = old.renewed(&world).await;
        world.letters(&server).await;
        old.ask(&world, "hanako@example.jp", world.registrar.now()).await.unwrap();
        let waiting = nonce(&world.letters(&server).await[0]);
        for (is_new, change) in changes {
            world.change(if *is_new { new.serial } else { old.serial }, *change).await;
        }
        let confirmed = world.confirm(world.service.id, &waiting).await;
        assert_eq!(confirmed.is_some(), stays, "{changes:?}");
    }
}

/// Whatever waits follows the seat; what is meant for the address before does not.
#[tokio::test]
async fn waiting_mails_go_to_the_new_address() {
    let (world, server) = issued().await;
    *server.answer.lock().unwrap() = Delivery::Later("421".to_owned());
    let (id, target) = (world.service.id, Target::UserId(world.user()));
    world.registrar.change_status(operator(), id, target, StatusChange::Hold).await.unwrap();
    assert_eq!(world.letters(&server).await.len(), 1, "put off");
    *server.answer.lock().unwrap() = Delivery::Accepted;
    world.ask("hanako@example.jp", Lang::Ja).await.unwrap();
    let link = nonce(&world.letters(&server).await[0]);
    assert!(world.confirm(id, &link).await.is_some());
    world.clock.turn(HOUR);
    let letters = world.letters(&server).await;
    let mut to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["hanako@example.jp", "hanako@example.jp", "taro@example.co.jp"]);
}
