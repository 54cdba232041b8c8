use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::issue::{self, Order, Outcome, Ports, Right};
use tegata_agent::store::{self, KeyLocation, StoreUri};
use tegata_text::Text;

use crate::args::Issue;
use crate::dates::Dates;
use crate::input::{Input, Missing};
use crate::output::{Failure, Lines};
use crate::{World, proxy, schedule, stores, version};

/// `tegata-app issue`
pub(crate) fn run(options: Issue, world: &mut World) -> Result<(), Failure> {
    let text = world.text;
    let input = Input(text);
    let passwords = [options.password_file.as_deref(), options.at.store_password_file.as_deref()];
    let network = proxy::network(world, &passwords)?;
    let password_file = options.password_file.as_deref();
    let password = password_file.map(|file| input.secret(file)).transpose()?;
    let store_password = stores::password(options.at.store_password_file.as_deref(), world)?;

    let (site, root) = stores::site_or_brand(options.site, options.root_sha256, text)?;
    let is_mail_asked = options.mail.is_none();
    let mut missing = Missing::new(&world.prompt);
    let site = missing.or_ask(site, "--site", &text.app_ask_site());
    let user = missing.or_ask(options.user, "--user", &text.app_ask_user());
    let password = missing.or_ask_secret(password, "--password-file", &text.app_ask_password());
    let mail = missing.or_ask(options.mail, "--mail", &text.app_ask_mail());
    missing.check(text)?;

    let order = Order {
        site: input.site(&site)?,
        pin: input.root(root.as_deref())?,
        user: input.user(&user)?,
        right: Right::Slip { password: input.password(&password)?, email: input.mail(&mail)? },
        app_version: version::running(),
        unattended: schedule::is_on(text),
    };
    let uri = stores::chosen(&options.at, text)?;
    if is_mail_asked && world.prompt.ask(&text.app_ask_mail_again()).as_deref() != Some(&mail) {
        let (title, detail) = (text.app_mail_differs(), text.app_mail_differs_do());
        return Err(Failure::usage("mail_differs", title, detail));
    }

    // The slip's password is spent by now, but it is what the user holds in hand.
    let is_initial = matches!(uri, StoreUri::Pkcs12(_)) && store_password.is_none();
    let store_password = if is_initial { Some(password) } else { store_password };
    let store_password = stores::pin_of_token(&uri, store_password, world)?;
    let mut opened = stores::open(&uri, store_password, options.pkcs12_form.into(), world)?;
    let site = order.site.clone();
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
    let mut lines = lines(&outcome, &uri, is_initial, text);
    if store::is_firefox(&uri) {
        lines = lines.line(&text.app_firefox_restart());
    }
    world.output.result(lines.as_str(), &object(&outcome, &uri, is_initial));
    Ok(())
}

pub(crate) fn lines(outcome: &Outcome, store: &StoreUri, is_initial: bool, text: Text) -> Lines {
    let dates = Dates::of_service(Some(&outcome.time_zone), text);
    let (from, until) = (dates.moment(outcome.not_before), dates.moment(outcome.not_after));
    let validity = text.app_range(&from, &until);
    let renewal = dates.day(outcome.renewable_from);
    let key = key_text(Some(outcome.installed.key), store, text);
    let done = if outcome.replaces.is_some() { text.app_renewed() } else { text.app_issued() };
    let lines = Lines::default()
        .line(&done)
        .labelled(&text.app_label_user(), outcome.user.as_str())
        .labelled(&text.app_label_serial(), &outcome.serial.to_string())
        .labelled(&text.app_label_validity(), &validity)
        .labelled(&text.app_label_renewal(), &renewal)
        .labelled(&text.app_label_location(), &outcome.installed.location)
        .labelled(&text.app_label_key(), &key)
        .labelled(&text.app_label_mail(), outcome.email.as_deref().unwrap_or("–"))
        .labelled(&text.app_label_service(), &outcome.service_url)
        .line(&outcome.proof.line(text));
    if is_initial { lines.line(&text.app_p12_password()) } else { lines }
}

/// Where a key lives, in the words of the window.
pub(crate) fn key_text(key: Option<KeyLocation>, store: &StoreUri, text: Text) -> String {
    match key {
        Some(KeyLocation::File) => text.app_key_file(),
        Some(KeyLocation::System) if matches!(store, StoreUri::Nss(_)) => text.window_key_browser(),
        Some(KeyLocation::System) => text.app_key_system(),
        Some(KeyLocation::Hardware) => text.app_key_hardware(),
        None => text.app_key_none(),
    }
}

/// The object of `--json`.
#[derive(Serialize)]
pub(crate) struct IssuedObject<'a> {
    result: &'static str,
    user_id: &'a str,
    serial: String,
    /// Serial number of the certificate that this one renews.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    renewable_from: Timestamp,
    email: Option<&'a str>,
    store: String,
    location: &'a str,
    key_location: KeyLocation,
    /// `initial_password` when the store's password is the one of the slip.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_password: Option<&'static str>,
    /// The program that has to be started anew before it offers the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<&'static str>,
    root_sha256: String,
    service_url: &'a str,
    /// What the gateway said: `accepted`, or why not.
    gateway: &'a str,
}

pub(crate) fn object<'a>(
    outcome: &'a Outcome,
    uri: &StoreUri,
    is_initial: bool,
) -> IssuedObject<'a> {
    IssuedObject {
        result: if outcome.replaces.is_some() { "renewed" } else { "issued" },
        user_id: outcome.user.as_str(),
        serial: outcome.serial.to_string(),
        replaces: outcome.replaces.map(|serial| serial.to_string()),
        not_before: outcome.not_before,
        not_after: outcome.not_after,
        renewable_from: outcome.renewable_from,
        email: outcome.email.as_deref(),
        store: uri.to_string(),
        location: &outcome.installed.location,
        key_location: outcome.installed.key,
        store_password: is_initial.then_some("initial_password"),
        restart: store::is_firefox(uri).then_some("firefox"),
        root_sha256: outcome.root.to_string(),
        service_url: &outcome.service_url,
        gateway: outcome.proof.code(),
    }
}
