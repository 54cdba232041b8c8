//! Renewal and retirement as a PC asks for them, under a clock that is turned by hand: each refusal
//! with its code, and how often one may ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tegata_ca::{KeyKind, SoftwareKey, SubjectName, certification_request, seal};
use tegata_domain::{CertificateState, Reason, Serial, email_statement, retirement_statement};
use tegata_registrar::{Actor, Delivery, Letter, LinkNonce, Post, StatusChange, Target};
use tegata_store::{CertificateFilter, View};
use tower::ServiceExt;

use super::*;
use crate::limits::Rates;
use crate::link::tests::some_links;
use crate::listen::Peer;
use crate::testing::{Holder, Installed, request};
use crate::updates::Updates;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

struct Site {
    world: Installed,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    /// Status and code.
    fn told(&self) -> (u16, &str) {
        (self.status.as_u16(), self.json["code"].as_str().unwrap_or_default())
    }

    fn wait(&self) -> u64 {
        self.headers["retry-after"].to_str().unwrap().parse().unwrap()
    }
}

impl Site {
    async fn new(rates: Rates) -> Self {
        let world = Installed::new().await;
        let api = Api {
            registrar: world.registrar.clone(),
            limits: Arc::new(Limits::new(rates)),
            links: some_links(),
            updates: Updates::of(world.dir.path(), &world.dir.downloads()),
        };
        Self { router: router(api), world }
    }

    async fn post(&self, to: &str, from: u8, body: Value) -> Answer {
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, from), 1));
        let request = Request::post(format!("/{}/{to}", self.world.key))
            .header("content-type", "application/json")
            .header("accept-language", "en")
            .extension(Peer(address))
            .body(Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let json = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        Answer { status: parts.status, headers: parts.headers, json }
    }

    async fn renew(&self, cms: &[u8]) -> Answer {
        self.post("renew", 1, json!({ "request": STANDARD.encode(cms) })).await
    }

    async fn retire(&self, cms: &[u8]) -> Answer {
        self.post("retire", 1, json!({ "request": STANDARD.encode(cms) })).await
    }

    /// The holder's word that the certificate is not needed any more.
    fn farewell(&self, holder: &Holder) -> Vec<u8> {
        let statement = retirement_statement(&self.world.key, holder.serial);
        seal(statement.as_bytes(), &holder.certificate, &holder.key).unwrap()
    }

    async fn change(&self, serial: Serial, change: StatusChange) {
        let (actor, id) = (Actor::Operator("test".to_owned()), self.world.service().id);
        let target = Target::Serial(serial);
        self.world.registrar.change_status(actor, id, target, change).await.unwrap();
    }

    fn states(&self) -> Vec<(Serial, CertificateState)> {
        let (id, filter) = (self.world.service().id, CertificateFilter::default());
        let all =
            self.world.registrar.store().read(|view: View<'_>| view.certificates(id, &filter));
        let all = all.unwrap().into_iter().map(|record| record.certificate);
        all.map(|certificate| (certificate.serial, certificate.state)).collect()
    }

    /// The last refusal in the audit log: its reference, and the cause that stands there.
    fn on_record(&self) -> (String, String) {
        let all = self.world.registrar.store().read(|view: View<'_>| view.audit_entries(0, 1_000));
        let all = all.unwrap();
        let mut refused = all.iter().filter(|(_, entry)| entry.action == "renewal.refused");
        let (_, last) = refused.next_back().unwrap();
        let cause = last.detail["cause"].as_str().unwrap().to_owned();
        (last.reference.clone().unwrap(), cause)
    }
}

fn new_key() -> SoftwareKey {
    SoftwareKey::generate(KeyKind::EcP256).unwrap()
}

/// A renewal of the holder's certificate for a key.
fn renewal(holder: &Holder, new: &SoftwareKey) -> Vec<u8> {
    seal(&request(new), &holder.certificate, &holder.key).unwrap()
}

#[tokio::test]
async fn nobody_renews_by_means_of_another_seats_certificate_or_key() {
    let site = Site::new(Rates::default()).await;
    let [one, other] = site.world.holders().await;
    site.world.turn_to(one.not_after - DAY);
    let before = site.states();
    let csr = request(&new_key());
    for (cms, what) in [
        (seal(&csr, &one.certificate, &other.key).unwrap(), "names the one, signed by the other"),
        (seal(&csr, &one.certificate, &new_key()).unwrap(), "signed by a key of nobody"),
        (seal(&csr, &site.world.service().root, &other.key).unwrap(), "names a CA"),
    ] {
        let answer = site.renew(&cms).await;
        assert_eq!(answer.told(), (403, "renewal_not_authorised"), "{what}");
    }
    assert_eq!(site.states(), before);

    // What the request asks for is of no interest: the seat is that of whoever signed.
    let key = new_key();
    let name = SubjectName::new(one.user_id.as_str()).unwrap();
    let csr = certification_request(&key, &name).unwrap();
    let answer = site.renew(&seal(&csr, &other.certificate, &other.key).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["user_id"], other.user_id.as_str());
    assert_eq!(answer.json["replaces"], other.serial.to_string());
    let still = |(serial, state): &(Serial, CertificateState)| {
        *serial == one.serial && matches!(state, CertificateState::Issued { .. })
    };
    assert!(site.states().iter().any(still));
}

#[tokio::test]
async fn whatever_is_not_live_or_not_due_is_refused_with_its_reason() {
    let site = Site::new(Rates::default()).await;
    let [one, held, revoked, closed] = site.world.holders().await;
    let refused = async |holder: &Holder, status: u16, code: &str| {
        let before = site.states();
        let answer = site.renew(&renewal(holder, &new_key())).await;
        assert_eq!(answer.told(), (status, code));
        assert_eq!(site.states(), before, "{code}: nothing is changed");
        let (reference, cause) = site.on_record();
        assert_eq!(answer.json["reference"], reference, "{cause}");
        answer
    };
    site.world.turn_to(one.not_after - DAY * 60 - SECOND);
    refused(&one, 403, "renewal_too_early").await;
    site.world.clock.turn(SECOND);
    site.change(held.serial, StatusChange::Hold).await;
    site.change(revoked.serial, StatusChange::Revoke(Reason::KeyCompromise)).await;
    refused(&held, 403, "certificate_held").await;
    refused(&revoked, 403, "certificate_revoked").await;
    let actor = Actor::Operator("test".to_owned());
    let (id, user_id) = (site.world.service().id, closed.user_id.clone());
    site.world.registrar.close_seat(actor, id, user_id).await.unwrap();
    refused(&closed, 403, "certificate_revoked").await;

    let same = site.renew(&renewal(&one, &one.key)).await;
    assert_eq!(same.told(), (409, "key_taken"), "a renewal has a new key");
    let taken = site.renew(&renewal(&one, &held.key)).await;
    assert_eq!(taken.told(), (409, "key_taken"), "and one of its own");
    assert_eq!(site.renew(b"no CMS").await.told(), (400, "malformed_request"));

    let key = new_key();
    let first = site.renew(&renewal(&one, &key)).await;
    assert_eq!(first.status, 200);
    assert_eq!(site.renew(&renewal(&one, &key)).await.json, first.json, "a lost answer");
    refused(&one, 403, "already_renewed").await;
    site.world.turn_to(held.not_after + SECOND);
    site.change(held.serial, StatusChange::Release).await;
    refused(&held, 403, "certificate_expired").await;
}

/// Keeps the mails that would leave.
#[derive(Default)]
struct Tray(std::sync::Mutex<Vec<Letter>>);

impl Post for Tray {
    async fn deliver(&self, letter: Letter) -> Delivery {
        self.0.lock().unwrap().push(letter);
        Delivery::Accepted
    }
}

impl Site {
    /// The mails that left since the last time: to whom, and what they say.
    async fn mails(&self) -> Vec<(String, String)> {
        let tray = Tray::default();
        while self.world.registrar.send_mails(&tray).await.unwrap() > 0 {}
        let letters = tray.0.into_inner().unwrap();
        letters.into_iter().map(|letter| (letter.to.to_string(), letter.body)).collect()
    }

    fn email_of(&self, holder: &Holder) -> String {
        let id = self.world.service().id;
        let seat = self.world.registrar.seat(id, &holder.user_id).unwrap();
        seat.email.unwrap().to_string()
    }

    async fn email(&self, holder: &Holder, key: &SoftwareKey, signed: &str, sent: &str) -> Answer {
        // No two are asked for in the same second.
        self.world.turn_to(self.world.registrar.now() + SECOND);
        let body = self.asking(holder, key, (signed, sent), self.world.registrar.now());
        self.post("email", 1, body).await
    }

    /// What is posted to ask for `sent`, when `signed` was signed at `at`.
    fn asking(
        &self,
        holder: &Holder,
        key: &SoftwareKey,
        (signed, sent): (&str, &str),
        at: Timestamp,
    ) -> serde_json::Value {
        let email = signed.parse().unwrap();
        let statement = email_statement(&self.world.key, holder.serial, &email, at);
        let cms = seal(statement.as_bytes(), &holder.certificate, key).unwrap();
        json!({ "email": sent, "at": at.to_string(), "request": STANDARD.encode(cms) })
    }
}

#[tokio::test]
async fn a_user_asks_for_another_address_and_confirms_it_there() {
    let site = Site::new(Rates::default()).await;
    let [one, other] = site.world.holders().await;
    site.mails().await;
    let (new, old) = ("hanako@example.jp", "taro@example.co.jp");
    for (answer, what) in [
        (site.email(&one, &other.key, new, new).await, "signed by another seat's key"),
        (site.email(&one, &one.key, new, "thief@example.com").await, "another address was signed"),
    ] {
        assert_eq!(answer.told(), (403, "renewal_not_authorised"), "{what}");
    }
    let renewal = seal(&request(&new_key()), &one.certificate, &one.key).unwrap();
    let at = site.world.registrar.now().to_string();
    let body = json!({ "email": new, "at": at, "request": STANDARD.encode(renewal) });
    let answer = site.post("email", 1, body).await;
    assert_eq!(answer.told(), (403, "renewal_not_authorised"), "a renewal is no such word");
    assert_eq!(site.email(&one, &one.key, old, old).await.told(), (409, "email_unchanged"));
    assert_eq!(site.email(&one, &one.key, new, "a b@c").await.told(), (422, "invalid_email"));
    assert_eq!(site.mails().await, []);

    let asked = site.email(&one, &one.key, new, "Hanako@Example.JP").await;
    assert_eq!(asked.told(), (403, "renewal_not_authorised"), "its local part is its own");
    let asked = site.email(&one, &one.key, new, " hanako@EXAMPLE.jp").await;
    assert_eq!((asked.status.as_u16(), &asked.json["email"]), (200, &json!(new)));
    assert_eq!(asked.json["user_id"], one.user_id.as_str());
    assert_eq!(site.email_of(&one), old, "until it is confirmed");
    let mails = site.mails().await;
    let [(to, body)] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(to, new);
    let begin = format!("https://cert.example/issueweb/{}/email/", site.world.key);
    let nonce = &body.split_once(&begin).unwrap().1[..40];
    let id = site.world.service().id;
    let nonce = LinkNonce::from_text(nonce).unwrap();
    site.world.registrar.confirm_email(id, nonce).await.unwrap().unwrap();
    assert_eq!(site.email_of(&one), new);
    let told: Vec<String> = site.mails().await.into_iter().map(|(to, _)| to).collect();
    assert_eq!(told, [old, new]);

    // Each asks for a mail: five a day, whoever asks.
    for count in 0..4 {
        let next = format!("a{count}@example.jp");
        assert_eq!(site.email(&one, &one.key, &next, &next).await.status, 200);
    }
    let limited = site.email(&one, &one.key, old, old).await;
    assert_eq!(limited.told(), (429, "too_many_requests"));
    let day = 24 * 60 * 60;
    assert!((day - 60..=day + 1).contains(&limited.wait()), "{}", limited.wait());
    assert_eq!(site.email(&other, &other.key, new, new).await.status, 200);
}

/// A statement that was kept is of no use later, and of none twice.
#[tokio::test]
async fn a_signed_address_is_taken_up_once_and_only_at_its_time() {
    let site = Site::new(burst(600, 20)).await;
    let [one, _] = site.world.holders().await;
    site.mails().await;
    let now = site.world.registrar.now();
    let (new, later) = ("hanako@example.jp", "jiro@example.jp");
    let asking = |email, at| site.asking(&one, &one.key, (email, email), at);
    for (minutes, second, said) in [(10, 1, "fast"), (-10, -1, "slow"), (180, 0, "fast")] {
        let off = SignedDuration::from_mins(minutes) + SECOND * second;
        let answer = site.post("email", 1, asking(new, now + off)).await;
        assert_eq!(answer.told(), (403, "clock_wrong"), "{said}");
        let title = format!("The clock of this PC is {} minutes {said}.", minutes.abs());
        assert_eq!(answer.json["title"], title);
    }
    // What is sent of the time is what was signed of it.
    let first = asking(new, now);
    let mut moved = first.clone();
    moved["at"] = json!((now + SECOND).to_string());
    assert_eq!(site.post("email", 1, moved).await.told(), (403, "renewal_not_authorised"));
    let mut untimed = first.clone();
    untimed.as_object_mut().unwrap().remove("at");
    assert_eq!(site.post("email", 1, untimed).await.told(), (400, "malformed_request"));
    assert_eq!(site.mails().await, []);

    let asked = site.post("email", 1, first.clone()).await;
    assert_eq!((asked.status.as_u16(), &asked.json["email"]), (200, &json!(new)));
    assert_eq!(site.mails().await.len(), 1);
    let mut again = first.clone();
    again["at"] = json!(now.to_string().replace('Z', ".5Z"));
    for same in [first.clone(), again] {
        let answer = site.post("email", 1, same).await;
        assert_eq!((answer.status, &answer.json), (asked.status, &asked.json), "a lost answer");
    }
    assert_eq!(site.mails().await, [], "one mail for one request");

    let other = site.post("email", 1, asking(later, now)).await;
    assert_eq!(other.told(), (409, "email_overtaken"), "within the same second");
    assert_eq!(site.post("email", 1, asking(later, now + SECOND)).await.status, 200);
    assert_eq!(site.mails().await.len(), 1);
    assert_eq!(site.post("email", 1, first.clone()).await.told(), (409, "email_overtaken"));
    site.world.turn_to(now + SignedDuration::from_mins(10));
    assert_eq!(site.post("email", 1, first.clone()).await.told(), (409, "email_overtaken"));
    site.world.turn_to(now + SignedDuration::from_mins(10) + SECOND);
    assert_eq!(site.post("email", 1, first).await.told(), (403, "clock_wrong"));
    assert_eq!(site.mails().await, []);
}

#[tokio::test]
async fn who_holds_nothing_good_changes_no_address() {
    let site = Site::new(burst(600, 3)).await;
    let [one, held, revoked] = site.world.holders().await;
    site.change(held.serial, StatusChange::Hold).await;
    site.change(revoked.serial, StatusChange::Revoke(Reason::KeyCompromise)).await;
    site.mails().await;
    let new = "hanako@example.jp";
    let ask = async |holder: &Holder| site.email(holder, &holder.key, new, new).await;
    assert_eq!(ask(&held).await.told(), (403, "certificate_held"));
    assert_eq!(ask(&revoked).await.told(), (403, "certificate_revoked"));
    site.world.turn_to(one.not_after + SECOND);
    for _ in 0..3 {
        assert_eq!(ask(&one).await.told(), (403, "certificate_expired"));
    }
    assert_eq!(ask(&one).await.told(), (429, "too_many_requests"), "refusals are written down");
    let asked: Vec<_> = site.mails().await.into_iter().filter(|(to, _)| to == new).collect();
    assert_eq!(asked, []);
}

fn burst(per_address: u32, per_user_id: u32) -> Rates {
    let count = |burst| NonZeroU32::new(burst).unwrap();
    Rates { per_address: count(per_address), per_user_id: count(per_user_id) }
}

#[tokio::test]
async fn a_holder_who_asks_too_often_waits_and_nobody_else_does() {
    let site = Site::new(burst(600, 3)).await;
    let [one, other] = site.world.holders().await;
    site.world.turn_to(one.not_after - DAY);
    // Whoever does not hold the key uses nothing up.
    let forged = seal(&request(&new_key()), &one.certificate, &other.key).unwrap();
    let forged_word = seal(b"x", &one.certificate, &one.key).unwrap();
    for _ in 0..5 {
        assert_eq!(site.renew(&forged).await.told(), (403, "renewal_not_authorised"));
        assert_eq!(site.retire(&forged_word).await.told(), (403, "renewal_not_authorised"));
    }
    let key = new_key();
    assert_eq!(site.renew(&renewal(&one, &key)).await.status, 200);
    assert_eq!(site.retire(&site.farewell(&one)).await.status, 200);
    assert_eq!(site.retire(&site.farewell(&one)).await.status, 200, "the same answer again");
    let before = site.states();
    for limited in
        [site.renew(&renewal(&one, &new_key())).await, site.retire(&site.farewell(&one)).await]
    {
        assert_eq!(limited.told(), (429, "too_many_requests"));
        assert!((1..=21).contains(&limited.wait()), "{}", limited.wait());
    }
    assert_eq!(site.states(), before);
    assert_eq!(site.renew(&renewal(&other, &new_key())).await.status, 200);
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_whatever_it_asks() {
    for to in ["enroll", "renew", "retire", "email"] {
        let site = Site::new(burst(2, 20)).await;
        for _ in 0..2 {
            assert_eq!(
                site.post(to, 1, json!({})).await.told(),
                (400, "malformed_request"),
                "{to}"
            );
        }
        let limited = site.post(to, 1, json!({})).await;
        assert_eq!(limited.told(), (429, "too_many_requests"), "{to}");
        assert!((1..=31).contains(&limited.wait()), "{to}: {}", limited.wait());
        assert_eq!(site.post(to, 2, json!({})).await.told(), (400, "malformed_request"), "{to}");
    }
}
