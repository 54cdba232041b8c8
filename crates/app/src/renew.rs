use tegata_agent::inventory::{self, Item, State};
use tegata_agent::issue::{self, Order, Ports, Right};
use tegata_agent::store::{KeyStore, Pkcs12Form};
use tegata_domain::{Clock, UserId};
use tegata_text::Text;

use crate::World;
use crate::args::Renew;
use crate::input::{Input, Missing};
use crate::issue::{lines, object};
use crate::output::Failure;
use crate::{proxy, stores, version};

/// `tegata-app renew`
pub(crate) fn run(options: Renew, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let input = Input(text);
    let network = proxy::network(world, &[options.store_password_file.as_deref()])?;
    let mut missing = Missing::new(&world.prompt);
    let store = missing.or_ask(options.store, "--store", &stores::question(text));
    missing.check(text)?;
    let uri = input.store(&store)?;
    let user = options.user.as_deref().map(|user| input.user(user)).transpose()?;
    let password = stores::password_for(&uri, options.store_password_file.as_deref(), world)?;
    let password = stores::pin_of_token(&uri, password, world)?;
    let mut opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let item = choose(opened.as_ref(), user.as_ref(), world)?;
    let (site, pin) = match (options.site, &item.receipt) {
        (Some(site), _) => (input.site(&site)?, input.root(options.root_sha256.as_deref())?),
        (None, Some(receipt)) => {
            (input.site(&receipt.site)?, input.root(Some(&receipt.root_sha256))?)
        }
        (None, None) => return Err(site_unknown(text)),
    };
    let key = opened.key(&item.held).map_err(|error| Failure::of(error, text))?;
    let order = Order {
        site: site.clone(),
        pin,
        user: item.held.user,
        right: Right::Certificate { current: Box::new(item.held.certificate), key },
        app_version: version::running(),
    };
    let output = &world.output;
    let outcome = issue::run(
        order,
        &mut Ports {
            network: &network,
            store: opened.as_mut(),
            person: &mut world.prompt,
            clock: &world.clock,
            entropy: &world.entropy,
            pause: &world.pause,
            progress: &mut |progress| output.progress(&progress.line(text)),
        },
    )
    .map_err(|stopped| Failure::stopped(stopped, text));
    proxy::note(&network, world);
    let outcome = outcome?;
    stores::keep(&site, &outcome, world);
    world.output.result(lines(&outcome, false, text).as_str(), &object(&outcome, &uri, false));
    Ok(())
}

/// The one certificate that can be renewed, or the one of `user`.
fn choose(store: &dyn KeyStore, user: Option<&UserId>, world: &World) -> Result<Item, Failure> {
    let text = world.text;
    let items = inventory::take(store, stores::receipts().as_ref(), world.clock.now())
        .map_err(|error| Failure::of(error, text))?;
    let mut fit = items.into_iter().filter(|item| {
        item.state == State::Valid
            && item.held.key.is_some()
            && user.is_none_or(|user| item.held.user == *user)
    });
    let Some(first) = fit.next() else {
        let (title, detail) = (text.app_nothing_to_renew(), text.app_nothing_to_renew_do());
        return Err(Failure::usage("nothing_to_renew", title, detail));
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
