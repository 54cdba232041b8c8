use serde::Serialize;
use tegata_agent::store::Pkcs12Form;
use tegata_domain::Serial;

use crate::World;
use crate::args::Remove;
use crate::input::{Input, Missing};
use crate::output::{Failure, Lines};
use crate::stores;

/// `tegata-app remove`
pub(crate) fn run(options: Remove, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let mut missing = Missing::new(&world.prompt);
    let store = missing.or_ask(options.store, "--store", &stores::question(text));
    let serial = missing.or_ask(options.serial, "--serial", &text.app_ask_serial());
    missing.check(text)?;
    let uri = Input(text).store(&store)?;
    let not_held = || Failure::usage("not_held", text.app_not_held(), text.app_not_held_do());
    let serial: Serial = serial.parse().map_err(|_| not_held())?;
    let password = stores::password_of(&uri, options.store_password_file.as_deref(), world)?;
    let mut opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let held = opened.list().map_err(|error| Failure::of(error, text))?;
    let held = held.into_iter().find(|held| held.serial == serial).ok_or_else(not_held)?;
    opened.remove(&held).map_err(|error| Failure::of(error, text))?;
    let lines = Lines::default()
        .line(&text.app_removed())
        .labelled(&text.app_label_user(), held.user.as_str())
        .labelled(&text.app_label_serial(), &serial.to_string())
        .labelled(&text.app_label_location(), &held.location);
    let object = RemovedObject {
        result: "removed",
        user_id: held.user.as_str(),
        serial: serial.to_string(),
        store: uri.to_string(),
        location: &held.location,
    };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// The object of `--json`.
#[derive(Serialize)]
struct RemovedObject<'a> {
    result: &'static str,
    user_id: &'a str,
    serial: String,
    store: String,
    location: &'a str,
}
