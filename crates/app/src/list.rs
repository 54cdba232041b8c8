use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::inventory::{self, Item, State};
use tegata_agent::store::{KeyLocation, Pkcs12Form, StoreUri};
use tegata_domain::Clock;
use tegata_text::Text;

use crate::World;
use crate::args::List;
use crate::dates::Dates;
use crate::issue::key_text;
use crate::output::{Failure, Lines};
use crate::stores;

/// `tegata-app list`
pub(crate) fn run(options: List, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    // A store named by mistake is better said than shown as an empty one.
    opened.list().map_err(|error| stores::not_listed(error, &uri, text))?;
    let now = world.clock.now();
    let items = inventory::take(opened.as_ref(), stores::receipts().as_ref(), now)
        .map_err(|error| Failure::of(error, text))?;
    let object = ListObject {
        result: "listed",
        store: uri.to_string(),
        certificates: items.iter().map(|item| object(item, now)).collect(),
    };
    world.output.result(lines(&items, &uri, now, text).as_str(), &object);
    Ok(())
}

fn lines(items: &[Item], store: &StoreUri, now: Timestamp, text: Text) -> Lines {
    if items.is_empty() {
        return Lines::default().line(&text.app_none_held(&store.to_string()));
    }
    items.iter().fold(Lines::default(), |lines, item| {
        let Item { held, receipt, state } = item;
        let certificate = &held.certificate;
        let zone = receipt.as_ref().and_then(|receipt| receipt.time_zone.as_deref());
        let dates = Dates::of_service(zone, text);
        let validity = text.app_range(
            &dates.moment(certificate.not_before()),
            &dates.moment(certificate.not_after()),
        );
        let state = match state {
            State::Valid => text.app_state_valid(&item.days_left(now).to_string()),
            State::Superseded => text.app_state_superseded(),
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
            .labelled(&text.app_label_key(), &key_text(held.key, store, text))
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

fn object(item: &Item, now: Timestamp) -> HeldObject<'_> {
    let Item { held, receipt, state } = item;
    let receipt = receipt.as_ref();
    HeldObject {
        user_id: held.user.as_str(),
        serial: held.serial.to_string(),
        not_before: held.certificate.not_before(),
        not_after: held.certificate.not_after(),
        days_left: item.days_left(now),
        renewable_from: receipt.map(|receipt| receipt.renewable_from),
        state: *state,
        location: &held.location,
        key_location: held.key,
        service_url: receipt.map(|receipt| receipt.service_url.clone()),
    }
}
