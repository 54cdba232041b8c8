use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use tegata_agent::proxy::{
    Account, ProxyAsk, ProxyChoice, ProxyPerson, Scheme, Surroundings, SystemNames, ThisSystem,
    WayOut,
};
use tegata_agent::transport::Https;
use tegata_domain::{Clock, Entropy};
use tegata_text::Text;

use crate::World;
use crate::args::Proxy;
use crate::input::Input;
use crate::output::Failure;
use crate::prompt::Prompt;
use crate::version;

/// The connections of a command, by the way out that its options and this PC name.
///
/// `passwords` are the command's own password files: standard input can be read once only.
pub(crate) fn network(world: &World, passwords: &[Option<&Path>]) -> Result<Https, Failure> {
    let (text, options) = (world.text, &world.proxy);
    let files = passwords.iter().flatten().copied().chain(options.proxy_password_file.as_deref());
    if files.filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(Failure::usage("two_stdin", text.app_two_stdin(), text.app_two_stdin_do()));
    }
    let person =
        Asks { text, prompt: world.prompt.clone(), given: Mutex::new(account(options, text)?) };
    let around = surroundings(Arc::new(person), Arc::new(world.clock), Arc::new(world.entropy));
    let version = version::running();
    let way_out = WayOut::new(choice(options, text)?, version, around);
    Ok(Https::new(version, text.lang().code(), way_out))
}

/// This PC, as a way out sees it.
pub(crate) fn surroundings(
    person: Arc<dyn ProxyPerson>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Surroundings {
    Surroundings {
        environment: Box::new(|name| std::env::var(name).ok()),
        system: Box::new(ThisSystem),
        names: Arc::new(SystemNames),
        person,
        clock,
        zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
        entropy,
    }
}

/// Says when somebody inspects the connections.
pub(crate) fn note(network: &Https, world: &World) {
    if let Some(inspection) = network.inspection() {
        world.output.progress(&world.text.app_proxy_inspected(&inspection.issuer));
    }
}

/// The way out that the options name. An address with a password in it is none: it would end up
/// in lists of processes and in a schedule that everyone can read.
pub(crate) fn choice(options: &Proxy, text: Text) -> Result<ProxyChoice, Failure> {
    let Some(given) = &options.proxy else { return Ok(ProxyChoice::Automatic) };
    given
        .parse()
        .map_err(|_| Failure::usage("bad_proxy", text.app_bad_proxy(), text.app_bad_proxy_do()))
}

fn account(options: &Proxy, text: Text) -> Result<Option<Account>, Failure> {
    match (&options.proxy_user, &options.proxy_password_file) {
        (Some(user), Some(file)) => Ok(Some(Account::new(user, Input(text).secret(file)?))),
        (None, None) => Ok(None),
        _ => {
            let (title, detail) = (text.app_proxy_user_alone(), text.app_proxy_user_alone_do());
            Err(Failure::usage("proxy_user_alone", title, detail))
        }
    }
}

/// Gives the account of the options once, then asks at the terminal.
struct Asks {
    text: Text,
    prompt: Prompt,
    given: Mutex<Option<Account>>,
}

impl ProxyPerson for Asks {
    fn account(&self, ask: &ProxyAsk<'_>) -> Option<Account> {
        if let Some(given) = self.given.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Some(given);
        }
        let text = self.text;
        let proxy = match ask.realm.filter(|realm| !realm.is_empty()) {
            Some(realm) => text.app_proxy_named(&ask.proxy.to_string(), realm),
            None => ask.proxy.to_string(),
        };
        let mut said = match ask.attempt {
            1 => text.app_ask_proxy(&proxy),
            attempt => text.app_ask_proxy_again(&attempt.to_string(), &proxy),
        };
        if ask.scheme == Scheme::Basic && !ask.proxy.is_tls() {
            said = format!("{said}\n{}", text.app_ask_proxy_plain());
        }
        let user = self.prompt.ask(&format!("{said}\n{}", text.app_ask_proxy_user()))?;
        // Return alone means "no".
        let user = Some(user).filter(|user| !user.is_empty())?;
        let password = self.prompt.ask_secret(&text.app_ask_proxy_password())?;
        Some(Account::new(user, password))
    }
}
