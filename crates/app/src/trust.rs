use serde::Serialize;
use tegata_agent::issue;
use tegata_agent::store::{Pkcs12Form, StoreError, StoreUri, Untrusted};
use tegata_domain::Clock;

use crate::args::Trust;
use crate::input::{Input, Missing};
use crate::output::{Failure, Lines};
use crate::{World, proxy, stores};

/// `tegata-app trust`
pub(crate) fn run(mut options: Trust, world: &mut World) -> Result<(), Failure> {
    if options.remove {
        return remove(options, world);
    }
    let text = world.text;
    let input = Input(text);
    let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
    let store_password = stores::password(options.at.store_password_file.as_deref(), world)?;
    let (site, root) =
        stores::site_or_brand(options.site.take(), options.root_sha256.take(), text)?;
    let mut missing = Missing::new(&world.prompt);
    let site = missing.or_ask(site, "--site", &text.app_ask_site());
    missing.check(text)?;
    let (site, uri) = (input.site(&site)?, stores::chosen(&options.at, text)?);
    let pin = input.root(root.as_deref())?;
    let unsupported = match uri {
        StoreUri::Pkcs12(_) => Some("pkcs12"),
        StoreUri::Pkcs11(_) => Some("pkcs11"),
        _ => None,
    };
    if let Some(store) = unsupported {
        return Err(Failure::of(StoreError::Unsupported(store), text));
    }
    let mut opened = stores::open(&uri, store_password, Pkcs12Form::default(), world)?;
    let trusted = issue::believe(&site, pin, &network, &mut world.prompt, world.clock.now())
        .map_err(|error| Failure::of(error, text))?;
    let location = opened.trust(&trusted).map_err(|error| Failure::of(error, text))?;
    let root_sha256 = trusted.fingerprint().to_string();
    let lines = Lines::default()
        .line(&text.app_trusted())
        .labelled(&text.app_label_location(), &location)
        .labelled(&text.app_label_root(), &root_sha256);
    world.output.result(
        lines.as_str(),
        &TrustObject {
            result: "trusted",
            root_sha256,
            intermediates: trusted.intermediates().len(),
            store: uri.to_string(),
            location,
        },
    );
    Ok(())
}

/// `tegata-app trust --remove`
fn remove(options: Trust, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let store_password = stores::password(options.at.store_password_file.as_deref(), world)?;
    let uri = stores::chosen(&options.at, text)?;
    if let StoreUri::Pkcs12(_) = uri {
        return Err(Failure::of(StoreError::CannotUntrust, text));
    }
    let mut opened = stores::open(&uri, store_password, Pkcs12Form::default(), world)?;
    let untrusted = opened.untrust().map_err(|error| Failure::of(error, text))?;
    let said = if untrusted.removed.is_empty() {
        text.app_untrusted_nothing()
    } else {
        text.app_untrusted()
    };
    let each = |lines: Lines, names: &[String], label: String| {
        names.iter().fold(lines, |lines, name| lines.labelled(&label, name))
    };
    let lines = each(Lines::default().line(&said), &untrusted.removed, text.app_label_removed());
    let lines = each(lines, &untrusted.kept, text.app_label_kept());
    let object = UntrustObject { result: "untrusted", store: uri.to_string(), untrusted };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// The object of `--json`.
#[derive(Serialize)]
struct UntrustObject {
    result: &'static str,
    store: String,
    #[serde(flatten)]
    untrusted: Untrusted,
}

/// The object of `--json`.
#[derive(Serialize)]
struct TrustObject {
    result: &'static str,
    root_sha256: String,
    intermediates: usize,
    store: String,
    location: String,
}
