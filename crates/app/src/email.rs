use serde::Serialize;
use tegata_agent::email;
use tegata_agent::store::Pkcs12Form;
use tegata_domain::Clock;

use crate::World;
use crate::args::ChangeEmail;
use crate::input::{Input, Missing};
use crate::output::{Failure, Lines};
use crate::renew::{choose, place};
use crate::{proxy, stores};

/// `tegata-app email`
pub(crate) fn run(options: ChangeEmail, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let input = Input(text);
    let mut missing = Missing::new(&world.prompt);
    // Typed once: the link in the mail proves it.
    let mail = missing.or_ask(options.mail, "--mail", &text.app_ask_mail());
    missing.check(text)?;
    let new = input.mail(&mail)?;
    let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let user = options.user.as_deref().map(|user| input.user(user)).transpose()?;
    let password = stores::pin_of_token(&uri, password, world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let item = choose((opened.as_ref(), &uri), user.as_ref(), world)?;
    let given = (options.site.as_deref(), options.root_sha256.as_deref());
    let (site, pin) = place(given, item.receipt.as_ref(), text)?;
    let now = world.clock.now();
    let asked = email::ask_over(
        &network,
        (opened.as_ref(), &item.held),
        (&site, pin),
        &new,
        (&mut world.prompt, now),
    );
    proxy::note(&network, world);
    let asked = asked.map_err(|error| Failure::of(error, text))?;
    let lines =
        Lines::default().line(&text.app_email_asked(&asked.email)).line(&text.app_email_asked_do());
    let object = AskedObject { result: "email_asked", user_id: asked.user_id, email: asked.email };
    world.output.result(lines.as_str(), &object);
    Ok(())
}

/// The object of `--json`.
#[derive(Serialize)]
struct AskedObject {
    result: &'static str,
    user_id: String,
    /// Where the mail with the link goes.
    email: String,
}
