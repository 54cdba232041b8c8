//! A thousand seats live 400 days with everything that a server does, over a year's end, a leap
//! day and two changes of the clock.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use der::pem::{LineEnding, encode_string};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tegata_ca::{Signer, SoftwareKey, SubjectName, certification_request};
use tegata_domain::{Clock, CredentialPolicy, Serial};
use tegata_registrar::{
    Actor, Cost, Enrollment, MAIL_PURPOSE, Office, Passwords, Registrar, Service, ServiceSettings,
    SignedReport, StatusChange, Target,
};
use tegata_store::{GatewayReport, Store, View};
use tegata_text::Lang;

use super::clock::HandClock;
use super::*;
use crate::ambient::SystemEntropy;
use crate::installation::{DataDir, Foundation};
use crate::keyfile::Passphrase;

const SEATS: usize = 1_000;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// New York: the clock changes on 7 November 2027 and 12 March 2028.
const SETTINGS: &str = r#"{
    "organisation": {"ja": "サンプル銀行", "en": "Sample Bank, Ltd."},
    "name": {"ja": "サンプル", "en": "Sample"},
    "help": {"ja": "窓口", "en": "Desk"},
    "service_url": "https://x/cms",
    "status_url": "http://x",
    "time_zone": "America/New_York",
    "user_id_example": "A",
    "profiles": {"mail_signer": {"lifetime_days": 200}}
}"#;

const SENDER: &str = "noreply@example.co.jp";

/// What the seat of this number does in its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Reminded,
    Unattended,
    Held,
    Revoked,
}

fn life(number: usize) -> Life {
    [Life::Reminded, Life::Unattended, Life::Held, Life::Revoked][number % 4]
}

/// An installation whose seats got their certificates in the 100 days until `until`; who has which.
/// The key of its signer of mails is away, and its chain lies in `chain.pem`.
async fn installed(home: &Path, until: Timestamp, count: usize) -> HashMap<Serial, usize> {
    let dir = DataDir::new(home);
    let clock = Arc::new(HandClock::at(until - DAY * 100));
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    dir.create().unwrap();
    Passphrase::ensure(&dir.passphrase(), &*entropy).unwrap();
    let passphrase = Passphrase::read(&dir.passphrase()).unwrap();
    let foundation = Foundation {
        key: "0001/SB0001002C".parse().unwrap(),
        root_name: "SB0001001C".parse().unwrap(),
        country: "JP".to_owned(),
        root_key: tegata_ca::CaKey::P384,
        root_token: None,
        issuing_key: tegata_ca::CaKey::P256,
        issuing_token: None,
        settings: ServiceSettings::from_json(SETTINGS).unwrap(),
    };
    drop(dir.found(&foundation, &passphrase, clock.clone(), entropy.clone()).await.unwrap());
    let store = Arc::new(Store::open_volatile(&dir.database()).unwrap());
    let least = Passwords::new(Cost { memory: 64, passes: 1 }, 2);
    let office = Office::new(store, clock.clone(), entropy, least);
    let keyring = dir.keyring(&office, &passphrase).unwrap();
    let registrar = Registrar::new(office, keyring);
    let service = registrar.keyring().service(&foundation.key).unwrap().clone();
    for purpose in ["site", "gateway-a.example", "gateway-quiet.example"] {
        let names = vec![SubjectAltName::Dns("site.example".to_owned())];
        let made = dir.server_certificate(
            &registrar,
            &service,
            &passphrase,
            &SystemEntropy,
            purpose,
            names,
        );
        let (own, key) = made.await.unwrap();
        if purpose == "gateway-a.example" {
            report(&registrar, &service, own.serial, &key).await;
        }
    }
    let actor = || Actor::Operator("test".to_owned());
    registrar.add_branch(actor(), service.id, "950".parse().unwrap(), "Head".into()).await.unwrap();
    let branch = registrar.branch(service.id, &"950".parse().unwrap()).unwrap();
    let code = "CMSM950-006".parse().unwrap();
    registrar.add_company(actor(), branch, code, "Sample".into()).await.unwrap();
    let company = registrar.company(service.id, &"CMSM950-006".parse().unwrap()).unwrap();
    let policy = CredentialPolicy { lapses_after: DAY * 200, ..service.credential };
    let seats = registrar.add_seats(actor(), company, count as u16, policy).await.unwrap();
    let mut issued = HashMap::new();
    for (number, seat) in seats.iter().enumerate() {
        clock.set(until - DAY * 100 + SignedDuration::from_secs(8_000 * number as i64));
        let name = SubjectName::new("x").unwrap();
        let key = copy::throwaway(tegata_ca::KeyKind::EcP256).unwrap();
        let enrollment = Enrollment {
            user_id: seat.user_id.to_string(),
            password: seat.password.reveal(),
            email: "taro@example.co.jp".parse().unwrap(),
            request: certification_request(&key, &name).unwrap(),
            lang: Lang::En,
            unattended: life(number) == Life::Unattended,
        };
        let reference = registrar.reference();
        let done = registrar.enroll(&service, enrollment, &reference).await.unwrap();
        issued.insert(done.serial, number);
        let change = match life(number) {
            Life::Held => Some(StatusChange::Hold),
            Life::Revoked => Some(StatusChange::Revoke(tegata_domain::Reason::Unspecified)),
            _ => None,
        };
        if let Some(change) = change {
            let target = Target::UserId(seat.user_id.clone());
            registrar.change_status(actor(), service.id, target, change).await.unwrap();
        }
    }
    assert!(clock.now() < until);
    clock.set(until - DAY * 100);
    let key = Arc::new(copy::throwaway(tegata_ca::KeyKind::EcP256).unwrap());
    registrar.own_mail_signer(&service, SENDER, key).await.unwrap();
    let own = |view: View<'_>| view.own_certificate_of(service.id, MAIL_PURPOSE);
    let (own, _) = registrar.store().read(own).unwrap().unwrap();
    let pem = |der: &[u8]| encode_string("CERTIFICATE", LineEnding::LF, der).unwrap();
    let chain = [pem(&own.der), pem(service.issuer_of(&own))].concat();
    std::fs::write(home.join("chain.pem"), chain).unwrap();
    issued
}

async fn report(registrar: &Registrar, service: &Service, gateway: Serial, key: &SoftwareKey) {
    let (sent_at, message) = (registrar.now(), b"a report".to_vec());
    let report = SignedReport {
        gateway: GatewayReport { gateway, sequence: 1, sent_at, position: 0 },
        uses: Vec::new(),
        signature: key.sign(&message).unwrap(),
        message,
    };
    registrar.take_report(service, report).await.unwrap();
}

fn plan(home: &Path, from: Timestamp) -> Simulation {
    Simulation {
        original: home.to_owned(),
        from: Beginning::At(from),
        days: 400,
        behaviour: Behaviour::default(),
        automatic_rollover: true,
        site_names: vec![SubjectAltName::Dns("site.example".to_owned())],
        mails: None,
        mail_from: SENDER.to_owned(),
        mail_signer: SignerPlace::Own,
        mail_unsigned: Unsigned::Never,
    }
}

async fn lived(plan: &Simulation) -> (Vec<Event>, Outcome) {
    let mut events = Vec::new();
    let mut tell = |event: &Event| {
        events.push(event.clone());
        Ok(())
    };
    let prepared = plan.prepare(Arc::new(SystemEntropy)).await.unwrap();
    assert_eq!(prepared.time_zone().iana_name(), Some("America/New_York"));
    let outcome = prepared.run(&mut tell, &mut |_| {}).await.unwrap();
    assert!(events.is_sorted_by_key(|event| event.at));
    (events, outcome)
}

#[tokio::test]
async fn a_thousand_seats_live_400_days_as_the_rules_say() {
    let home = tempfile::tempdir().unwrap();
    let from: Timestamp = "2027-04-20T12:00:00Z".parse().unwrap();
    let issued = installed(home.path(), from, SEATS).await;
    let plan = plan(home.path(), from);
    let (events, outcome) = lived(&plan).await;
    // The signer of mails, which ends meanwhile, among what renews itself.
    assert_eq!(outcome.failures, 0, "{:?}", failures(&events));
    // They end within these days, the site's and the reporting gateway's were renewed.
    let of_servers = |event: &&Event| event.problem == Some(Problem::ServerCertificateEnds);
    let said: Vec<_> =
        events.iter().filter(of_servers).map(|event| event.words(&TimeZone::UTC)).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("gateway-quiet.example"), "{said:?}");

    let mut lives: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    let mut owners = issued.clone();
    for event in events.iter().filter(|event| event.user_id.is_some()) {
        let serial = event.serial.unwrap();
        if event.event == Kind::Renewed {
            let replaced: Serial = event.detail["replaces"].as_str().unwrap().parse().unwrap();
            owners.insert(serial, owners[&replaced]);
        }
        lives.entry(owners[&serial]).or_default().push(event);
    }
    let mut mails = SEATS; // that each was issued, from before
    for number in 0..SEATS {
        let own = lives.remove(&number).unwrap_or_default();
        let kinds: Vec<Kind> = own.iter().map(|event| event.event).collect();
        let wanted: &[Kind] = match life(number) {
            Life::Reminded => &[
                Kind::RenewalOpens,
                Kind::Reminder,
                Kind::Renewed,
                Kind::Superseded,
                Kind::Retired,
            ],
            Life::Unattended => {
                &[Kind::RenewalOpens, Kind::Renewed, Kind::Superseded, Kind::Retired]
            }
            Life::Held => &[Kind::Expired],
            Life::Revoked => &[],
        };
        assert_eq!(kinds, wanted, "seat {number}");
        mails +=
            wanted.iter().filter(|kind| matches!(kind, Kind::Reminder | Kind::Renewed)).count();
        let Some(opens) = own.iter().find(|event| event.event == Kind::RenewalOpens) else {
            mails += 1; // that it is held or revoked, from before
            continue;
        };
        let ends: Timestamp = opens.detail["not_after"].as_str().unwrap().parse().unwrap();
        assert_eq!(opens.at, ends - DAY * 60, "on the second, whatever the zone's clock does");
        if let Some(reminder) = own.iter().find(|event| event.event == Kind::Reminder) {
            assert_eq!(reminder.at, ends - DAY * 30);
            assert_eq!(reminder.detail["threshold_days"], 30);
        }
        let renewed = own.iter().find(|event| event.event == Kind::Renewed).unwrap();
        let new_end: Timestamp = renewed.detail["not_after"].as_str().unwrap().parse().unwrap();
        assert_eq!(new_end, ends + DAY * 365, "nothing is lost");
        let retired = own.iter().find(|event| event.event == Kind::Retired).unwrap();
        let overlap = retired.at.duration_since(renewed.at);
        assert!(DAY * 7 <= overlap && overlap <= DAY * 8 + SignedDuration::from_secs(1));
        assert!(retired.at < ends);
    }
    assert_eq!(outcome.mails, mails, "each mail once");
    let on = |date: &str| {
        events.iter().any(|event| event.serial.is_some() && event.at.to_string().starts_with(date))
    };
    assert!(on("2027-12-31") && on("2028-01-01") && on("2028-02-29"), "year's end and leap day");

    // Lists without a gap: each is replaced while it is good.
    let mut last = BTreeMap::new();
    for event in events.iter().filter(|event| event.event == Kind::Crl) {
        let list =
            format!("{} {} {}", event.detail["ca"], event.detail["shard"], event.detail["delta"]);
        if let Some(before) = last.insert(list, event.at) {
            assert!(event.at.duration_since(before) <= DAY, "{event:?}");
        }
    }
    assert!(
        last.len() >= 5
            && last.values().all(|at| (from + DAY * plan.days as i32).duration_since(*at) <= DAY)
    );
    let renewals = events.iter().filter(|event| event.event == Kind::ResponderRenewed).count();
    assert!((55..60).contains(&renewals), "one a week: {renewals}");
}

/// A certificate that nobody renews here: from its end on mails wait, or go without a signature
/// where the settings allow it. Its key is neither needed nor asked.
#[tokio::test]
async fn a_signer_of_mails_from_outside_is_missed_from_its_end_on() {
    let home = tempfile::tempdir().unwrap();
    let from: Timestamp = "2027-04-20T12:00:00Z".parse().unwrap();
    installed(home.path(), from, 4).await;
    let key = "pkcs11:token=away;object=mail?module-path=/nowhere.so".parse().unwrap();
    let signer = SignerPlace::Token { key, chain: home.path().join("chain.pem") };
    let mails = home.path().join("mails");
    let plan = Simulation {
        mail_signer: signer,
        mails: Some(mails.clone()),
        days: 210,
        ..plan(home.path(), from)
    };
    let told = |events: &[Event]| -> Vec<(Problem, Timestamp)> {
        events.iter().filter_map(|event| Some((event.problem?, event.at))).collect()
    };
    let (events, waiting) = lived(&plan).await;
    let is_mailed = |event: &&Event| [Kind::Reminder, Kind::Renewed].contains(&event.event);
    let first = events.iter().find(is_mailed).unwrap().at;
    assert!(first > from + DAY * 100, "its certificate is over");
    let (nobody, noted) = ((Problem::BranchWithoutAddress, from), waiting.notices);
    assert_eq!(told(&events), [nobody, (Problem::NoSigner, first)], "once");
    assert_eq!((waiting.failures, noted), (1, 1));
    let written = || -> Vec<String> {
        let files = std::fs::read_dir(&mails).unwrap().map(|file| file.unwrap().path());
        files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
    };
    let is_signed = |mail: &&String| mail.contains("multipart/signed");
    let signed = written();
    assert_eq!(signed.len(), waiting.mails);
    assert!(!signed.is_empty() && signed.iter().all(|mail| is_signed(&mail)));
    std::fs::remove_dir_all(&mails).unwrap();

    let (events, unsigned) = lived(&Simulation { mail_unsigned: Unsigned::Fallback, ..plan }).await;
    assert_eq!(told(&events), [nobody, (Problem::MailUnsigned, first)]);
    assert_eq!((unsigned.failures, unsigned.notices), (0, 2));
    let all = written();
    assert_eq!(all.iter().filter(is_signed).count(), signed.len());
    assert!(all.len() > signed.len(), "those that waited");
}

fn failures(events: &[Event]) -> Vec<&Event> {
    let is_failure = |event: &&Event| event.problem.is_some_and(|problem| !problem.is_notice());
    events.iter().filter(is_failure).take(5).collect()
}
