use serde::Serialize;
use tegata_agent::inventory::{self, Item, Own};
use tegata_agent::leave;
use tegata_agent::receipt::Receipts;
use tegata_agent::site::Site;
use tegata_agent::store::{Pkcs12Form, StoreError, Untrusted};
use tegata_domain::Clock;

use crate::World;
use crate::args::Clear;
use crate::output::{Failure, Lines};
use crate::{autoselect, schedule, stores};

/// `tegata-app clear`: what an uninstaller runs. It asks nothing, and goes on where something
/// stays: the program is gone afterwards. The first thing that stayed is the failure.
pub(crate) fn run(options: Clear, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let brand = stores::brand(text)?;
    // What would run this program goes first, whatever becomes of the rest. One that an
    // administrator set up for everyone goes with the program.
    let scheduled = schedule::forget(text);
    let own = brand.as_ref().map(Own::from);
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let mut opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let site = brand.as_ref().map(|brand| &brand.site);
    let receipts = stores::receipts();
    let store = opened.as_ref();
    let items = inventory::ours(store, receipts.as_ref(), own.as_ref(), &[], world.clock.now())
        .map_err(|error| Failure::of(error, text))?;

    let chosen = autoselect::forget(brand.as_ref(), text);
    let keys = if options.keys {
        leave::keys(&mut *opened, &items, receipts.as_ref(), site)
            .map_err(|error| Failure::of(error, text))
    } else {
        Ok(Vec::new())
    };
    let untrusted = leave::authorities(&mut *opened).map_err(|error| Failure::of(error, text));
    let state = own_files(&items, receipts.as_ref(), site, options.keys)
        .map_err(|error| Failure::of(error, text));
    scheduled?;
    chosen?;
    let (removed, untrusted) = (keys?, untrusted?);
    state?;

    let serials: Vec<_> = removed.iter().map(ToString::to_string).collect();
    let each = |lines: Lines, names: &[String], label: String| {
        names.iter().fold(lines, |lines, name| lines.labelled(&label, name))
    };
    let lines = Lines::default().line(&text.clear_done());
    let lines = each(lines, &serials, text.app_label_removed());
    let lines = each(lines, &untrusted.removed, text.app_label_removed());
    let lines = each(lines, &untrusted.kept, text.app_label_kept());
    let object = ClearObject { result: "cleared", store: uri.to_string(), serials, untrusted };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// Removes what the application keeps for itself. A certificate that stays goes on with the
/// settings when the application is there again.
fn own_files(
    items: &[Item],
    receipts: Option<&Receipts>,
    site: Option<&Site>,
    keys: bool,
) -> Result<(), StoreError> {
    let Some((state, receipts)) = stores::state_folder().zip(receipts) else { return Ok(()) };
    if keys {
        leave::waiting(&state, site)?;
    }
    if keys || items.is_empty() {
        leave::settings(&state, receipts, site)?;
    }
    leave::folders(&state);
    Ok(())
}

/// The object of `--json`.
#[derive(Serialize)]
struct ClearObject {
    result: &'static str,
    store: String,
    /// Certificates that were removed, with their keys.
    serials: Vec<String>,
    #[serde(flatten)]
    untrusted: Untrusted,
}
