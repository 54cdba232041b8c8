use serde::Serialize;
use tegata_agent::inventory::{self, Item, Own, State};
use tegata_agent::issue::{self, Order, Outcome, Ports, Right};
use tegata_agent::receipt::Receipt;
use tegata_agent::site::Site;
use tegata_agent::store::{KeyStore, Pkcs12Form, StoreUri};
use tegata_agent::transport::Https;
use tegata_agent::{Exit, Explanation, Fingerprint};
use tegata_domain::{Clock, UserId};
use tegata_text::Text;

use crate::World;
use crate::args::Renew;
use crate::input::Input;
use crate::issue::{IssuedObject, lines, object};
use crate::output::{Failure, Lines};
use crate::{live, proxy, schedule, stores, unattended, version};

/// `tegata-app renew`. With `--all-due` the exit code is that of the first one that failed.
pub(crate) fn run(options: Renew, world: &mut World) -> Result<Exit, Failure> {
    if options.unattended {
        return unattended::run(&options, world);
    }
    let text = world.text;
    let input = Input(text);
    let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let user = options.user.as_deref().map(|user| input.user(user)).transpose()?;
    let password = stores::pin_of_token(&uri, password, world)?;
    let mut opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let store = opened.as_mut();
    if options.all_due {
        return all_due(&network, store, &uri, world);
    }
    let item = choose((store, &uri), user.as_ref(), world)?;
    let given = (options.site.as_deref(), options.root_sha256.as_deref());
    let (site, pin) = place(given, item.receipt.as_ref(), text)?;
    let outcome = one(&network, store, item, site, pin, world)?;
    world
        .output
        .result(lines(&outcome, &uri, false, text).as_str(), &object(&outcome, &uri, false));
    Ok(Exit::Done)
}

/// Renews whatever it is time for, one after the other; what fails does not stop the others.
fn all_due(
    network: &Https,
    store: &mut dyn KeyStore,
    uri: &StoreUri,
    world: &mut World,
) -> Result<Exit, Failure> {
    let text = world.text;
    let now = world.clock.now();
    let own = stores::brand(text)?.as_ref().map(Own::from);
    let items = inventory::ours(store, stores::receipts().as_ref(), own.as_ref(), &[], now)
        .map_err(|error| Failure::of(error, text))?;
    live::check(&items, uri, text)?;
    let (mut said, mut exit) = (Lines::default(), Exit::Done);
    let (mut renewed, mut failed) = (Vec::new(), Vec::new());
    for item in items.into_iter().filter(|item| item.is_due(now)) {
        let user = Some(item.held.user.to_string());
        let outcome = remembered(item.receipt.as_ref(), text)
            .and_then(|(site, pin)| one(network, store, item, site, pin, world));
        match outcome {
            Ok(outcome) => {
                said = said.line(lines(&outcome, uri, false, text).as_str());
                renewed.push(outcome);
            }
            Err(failure) => {
                world.output.explain(&failure.explanation);
                if exit == Exit::Done {
                    exit = failure.exit;
                }
                failed.push(FailedObject::of(user, failure.explanation));
            }
        }
    }
    if !failed.is_empty() {
        let details: Vec<_> = failed.iter().map(|one| one.detail.as_str()).collect();
        world.output.contact(&details.join("\n"));
    }
    if renewed.is_empty() && failed.is_empty() {
        said = said.line(&text.app_nothing_due());
    }
    let object = AllObject {
        result: "renewed_all",
        renewed: renewed.iter().map(|outcome| object(outcome, uri, false)).collect(),
        failed,
    };
    world.output.result(said.as_str(), &object);
    Ok(exit)
}

/// Where to ask: the site and its root as they were given, or as the certificate's receipt has them,
/// or the package.
pub(crate) fn place(
    (site, root): (Option<&str>, Option<&str>),
    receipt: Option<&Receipt>,
    text: Text,
) -> Result<(Site, Option<Fingerprint>), Failure> {
    let input = Input(text);
    match (site, receipt) {
        (Some(site), _) => Ok((input.site(site)?, input.root(root)?)),
        (None, Some(receipt)) => remembered(Some(receipt), text),
        (None, None) => match stores::brand(text)? {
            Some(brand) => Ok((brand.site, Some(brand.root))),
            None => remembered(None, text),
        },
    }
}

pub(crate) fn remembered(
    receipt: Option<&Receipt>,
    text: Text,
) -> Result<(Site, Option<Fingerprint>), Failure> {
    let receipt = receipt.ok_or_else(|| site_unknown(text))?;
    Ok((Input(text).site(&receipt.site)?, Input(text).root(Some(&receipt.root_sha256))?))
}

/// Renews one certificate and writes down what the site told.
pub(crate) fn one(
    network: &Https,
    store: &mut dyn KeyStore,
    item: Item,
    site: Site,
    pin: Option<Fingerprint>,
    world: &mut World,
) -> Result<Outcome, Failure> {
    let text = world.text;
    let key = store.key(&item.held).map_err(|error| Failure::of(error, text))?;
    let serial = item.held.serial;
    let order = Order {
        site: site.clone(),
        pin,
        user: item.held.user,
        right: Right::Certificate { current: Box::new(item.held.certificate), key },
        app_version: version::running(),
        // Without a schedule of ours it may be run by another, such as cron.
        unattended: world.unattended || schedule::is_on(text),
    };
    let output = &world.output;
    let outcome = issue::run(
        order,
        &mut Ports {
            network,
            store,
            person: &mut world.prompt,
            clock: &world.clock,
            entropy: &world.entropy,
            pause: &world.pause,
            progress: &mut |progress| output.progress(&progress.line(text)),
        },
    )
    .map_err(|stopped| {
        stores::learn(serial, &stopped);
        Failure::stopped(stopped, text)
    });
    proxy::note(network, world);
    let outcome = outcome?;
    stores::keep(&site, &outcome, world);
    Ok(outcome)
}

/// The one certificate that can be renewed, or the one of `user`.
pub(crate) fn choose(
    (store, uri): (&dyn KeyStore, &StoreUri),
    user: Option<&UserId>,
    world: &World,
) -> Result<Item, Failure> {
    let text = world.text;
    let items = inventory::take(store, stores::receipts().as_ref(), world.clock.now())
        .map_err(|error| Failure::of(error, text))?;
    let mut fit = items.into_iter().filter(|item| {
        item.state == State::Valid
            && item.held.key.is_some()
            && user.is_none_or(|user| item.held.user == *user)
    });
    let Some(first) = fit.next() else {
        let place = match stores::is_own(uri) {
            true => text.app_looked_in_own(stores::OWN),
            false => text.app_check_store(),
        };
        let user = user.map(|_| text.app_check_user());
        let steps: Vec<_> =
            [Some(place), user, Some(text.app_if_expired())].into_iter().flatten().collect();
        let title = text.app_nothing_to_renew();
        return Err(Failure::usage("nothing_to_renew", title, steps.join("\n")));
    };
    let others: Vec<_> = fit.map(|item| item.held.user.to_string()).collect();
    if others.is_empty() {
        return Ok(first);
    }
    let names = format!("{}, {}", first.held.user, others.join(", "));
    let title = text.app_which_to_renew(&names);
    Err(Failure::usage("which_to_renew", title, text.app_which_to_renew_do()))
}

fn site_unknown(text: Text) -> Failure {
    Failure::usage("site_unknown", text.app_site_unknown(), text.app_site_unknown_do())
}

/// The object of `--all-due --json`.
#[derive(Serialize)]
struct AllObject<'a> {
    result: &'static str,
    renewed: Vec<IssuedObject<'a>>,
    failed: Vec<FailedObject>,
}

#[derive(Serialize)]
pub(crate) struct FailedObject {
    /// Without it the store itself failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    pub(crate) code: String,
    title: String,
    /// What to do next.
    detail: String,
    /// Under what the server knows it; empty where it was not asked.
    reference: String,
}

impl FailedObject {
    pub(crate) fn of(user_id: Option<String>, why: Explanation) -> Self {
        let Explanation { code, title, detail, reference } = why;
        Self { user_id, code, title, detail, reference }
    }
}
