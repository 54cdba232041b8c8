use serde::Serialize;
use tegata_agent::inventory::{self, Item, Own, State};
use tegata_agent::retire;
use tegata_agent::store::Pkcs12Form;
use tegata_domain::{Clock, Serial};

use crate::World;
use crate::args::Remove;
use crate::dates::Dates;
use crate::input::{Input, Missing};
use crate::output::{Failure, Lines};
use crate::{args, proxy, stores};

/// `tegata-app remove`
pub(crate) fn run(options: Remove, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let mut missing = Missing::new(&world.prompt);
    if options.serial.is_empty() && !options.old && !options.all {
        missing.note("--serial | --old | --all");
    }
    missing.check(text)?;
    let own = stores::brand(text)?.as_ref().map(Own::from);
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let serials = options.serial.iter().map(|serial| Input(text).serial(serial));
    let serials = serials.collect::<Result<Vec<Serial>, _>>()?;
    let password = stores::pin_of_token(&uri, password, world)?;
    let mut opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let (receipts, now) = (stores::receipts(), world.clock.now());
    let failed = |error| Failure::of(error, text);
    let mut chosen = inventory::take(opened.as_ref(), receipts.as_ref(), now).map_err(failed)?;
    if let Some(unknown) =
        serials.iter().find(|serial| chosen.iter().all(|item| item.held.serial != **serial))
    {
        let title = text.app_serial_unknown(&unknown.to_string());
        return Err(Failure::usage(
            "serial_unknown",
            title,
            text.app_serial_unknown_do(&args::program()),
        ));
    }
    chosen.retain(|item| serials.contains(&item.held.serial));
    if options.all || options.old {
        // Whoever names none means those of this service, not what others put here.
        let ours = inventory::ours(opened.as_ref(), receipts.as_ref(), own.as_ref(), &[], now);
        chosen.extend(
            ours.map_err(failed)?.into_iter().filter(|item| {
                !serials.contains(&item.held.serial) && (options.all || item.is_old())
            }),
        );
    }
    let (mut lines, mut removed) = (Lines::default(), Vec::new());
    if !chosen.is_empty() && !options.yes {
        confirmed(&chosen, world)?;
    }
    let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
    let mut told = Vec::new();
    for item in chosen {
        if let Some(receipt) = item.receipt.as_ref().filter(|_| item.state == State::Superseded) {
            // Without its key nobody could say it any more. Without an answer it goes all the same.
            let said = retire::tell(&network, opened.as_ref(), &item.held, receipt, now);
            lines =
                lines.line(&if said.is_ok() { text.remove_told() } else { text.remove_untold() });
            told.extend(said.is_ok().then(|| item.held.serial.to_string()));
        }
        opened.remove(&item.held).map_err(|error| Failure::of(error, text))?;
        stores::forget(item.held.serial);
        lines = lines.line(&text.app_removed(&name(&item, world)));
        removed.push(item.held.serial.to_string());
    }
    if removed.is_empty() {
        lines = lines.line(&text.app_nothing_to_remove(&uri.to_string()));
    }
    let object =
        RemovedObject { result: "removed", store: uri.to_string(), serials: removed, told };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// Shows what will be gone and asks; there is no way back.
fn confirmed(chosen: &[Item], world: &World) -> Result<(), Failure> {
    let text = world.text;
    let names: Vec<_> = chosen.iter().map(|item| name(item, world)).collect();
    let question = format!("{}\n{}", text.app_ask_remove(&names.join("\n")), text.app_ask_yes());
    match world.prompt.ask(&question) {
        Some(answer) if ["yes", "y", "はい"].contains(&answer.to_lowercase().as_str()) => Ok(()),
        Some(_) => {
            let (title, detail) = (text.app_remove_declined(), String::new());
            Err(Failure::usage("declined", title, detail))
        }
        None => {
            let (title, detail) = (text.app_remove_unasked(), text.app_remove_unasked_do());
            Err(Failure::usage("not_confirmed", title, detail))
        }
    }
}

/// `CMSM950-006-401, until 16 Feb 2027, 00:00 JST, 41:00:…`
fn name(item: &Item, world: &World) -> String {
    let zone = item.receipt.as_ref().and_then(|receipt| receipt.time_zone.as_deref());
    let until = Dates::of_service(zone, world.text).moment(item.held.certificate.not_after());
    world.text.app_certificate_name(&item.held.serial.to_string(), &until, item.held.user.as_str())
}

/// The object of `--json`.
#[derive(Serialize)]
struct RemovedObject {
    result: &'static str,
    store: String,
    serials: Vec<String>,
    /// Those of them of which the server was told that they are not used any more.
    told: Vec<String>,
}
