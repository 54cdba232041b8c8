use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::receipt::Receipt;
use tegata_agent::store::{Held, KeyLocation, Pkcs12Form};
use tegata_domain::Clock;
use tegata_text::Text;

use crate::World;
use crate::args::List;
use crate::dates::Dates;
use crate::input::{Input, Missing};
use crate::issue::key_text;
use crate::output::{Failure, Lines};
use crate::stores;

/// `tegata-app list`
pub(crate) fn run(options: List, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let mut missing = Missing::new(&world.prompt);
    let store = missing.or_ask(options.store, "--store", &stores::question(text));
    missing.check(text)?;
    let uri = Input(text).store(&store)?;
    let password = stores::password_of(&uri, options.store_password_file.as_deref(), world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let held = opened.list().map_err(|error| Failure::of(error, text))?;
    let now = world.clock.now();
    let receipts = stores::receipts();
    let found: Vec<_> = held
        .iter()
        .map(|held| (held, receipts.as_ref().and_then(|receipts| receipts.find(held.serial))))
        .collect();
    let object = ListObject {
        result: "listed",
        store: uri.to_string(),
        certificates: found
            .iter()
            .map(|(held, receipt)| object(held, receipt.as_ref(), now))
            .collect(),
    };
    world.output.result(lines(&found, now, text).as_str(), &object);
    Ok(())
}

/// Whether a certificate can be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Valid,
    Expired,
    NotYetValid,
}

fn state(held: &Held, now: Timestamp) -> State {
    if held.certificate.valid_at(now) {
        State::Valid
    } else if now < held.certificate.not_before() {
        State::NotYetValid
    } else {
        State::Expired
    }
}

/// Whole days until the end of validity; none when it has passed.
fn days_left(held: &Held, now: Timestamp) -> i64 {
    held.certificate.not_after().duration_since(now).as_hours().max(0) / 24
}

fn lines(found: &[(&Held, Option<Receipt>)], now: Timestamp, text: Text) -> Lines {
    if found.is_empty() {
        return Lines::default().line(&text.app_none_held());
    }
    found.iter().fold(Lines::default(), |lines, (held, receipt)| {
        let certificate = &held.certificate;
        let zone = receipt.as_ref().and_then(|receipt| receipt.time_zone.as_deref());
        let dates = Dates::of_service(zone, text);
        let validity = text.app_range(
            &dates.moment(certificate.not_before()),
            &dates.moment(certificate.not_after()),
        );
        let state = match state(held, now) {
            State::Valid => text.app_state_valid(&days_left(held, now).to_string()),
            State::Expired => text.app_state_expired(),
            State::NotYetValid => text.app_state_not_yet(),
        };
        let renewal = receipt
            .as_ref()
            .map_or_else(|| text.app_unknown(), |receipt| dates.day(receipt.renewable_from));
        lines
            .line(held.user.as_str())
            .labelled(&text.app_label_state(), &state)
            .labelled(&text.app_label_validity(), &validity)
            .labelled(&text.app_label_renewal(), &renewal)
            .labelled(&text.app_label_serial(), &held.serial.to_string())
            .labelled(&text.app_label_location(), &held.location)
            .labelled(&text.app_label_key(), &key_text(held.key, text))
    })
}

/// The object of `--json`.
#[derive(Serialize)]
struct ListObject<'a> {
    result: &'static str,
    store: String,
    certificates: Vec<HeldObject<'a>>,
}

#[derive(Serialize)]
struct HeldObject<'a> {
    user_id: &'a str,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
    days_left: i64,
    renewable_from: Option<Timestamp>,
    state: State,
    location: &'a str,
    key_location: Option<KeyLocation>,
    service_url: Option<String>,
}

fn object<'a>(held: &'a Held, receipt: Option<&Receipt>, now: Timestamp) -> HeldObject<'a> {
    HeldObject {
        user_id: held.user.as_str(),
        serial: held.serial.to_string(),
        not_before: held.certificate.not_before(),
        not_after: held.certificate.not_after(),
        days_left: days_left(held, now),
        renewable_from: receipt.map(|receipt| receipt.renewable_from),
        state: state(held, now),
        location: &held.location,
        key_location: held.key,
        service_url: receipt.map(|receipt| receipt.service_url.clone()),
    }
}
