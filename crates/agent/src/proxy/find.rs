//! Which ways lead to an address, and who says so.

use std::sync::{Mutex, PoisonError};

use super::auth::Known;
use super::choice::shown;
use super::pac::Scripts;
use super::{Bypass, ProxyAddress, ProxyChoice, Scripted, Surroundings, Way};
use crate::transport::TransportError;

/// The ways to an address, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// At least one.
    pub ways: Vec<Way>,
    /// Who says so.
    pub source: Source,
    /// Scripts that should have said it and failed: address, or empty for the network's own, and
    /// what went wrong.
    pub failed: Vec<(String, String)>,
}

/// Who says which way leads out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The person.
    Chosen,
    /// This variable of the environment.
    Environment(&'static str),
    /// A script from this address.
    Script(String),
    /// A script that the network offers.
    Network,
    /// Proxies entered in the system's settings.
    System,
    /// Nobody says anything.
    Nobody,
}

/// Finds ways, and keeps what it fetched.
#[derive(Default)]
pub(super) struct Finder {
    scripts: Scripts,
    /// Proxies that did not answer: tried last from then on.
    dead: Mutex<Vec<ProxyAddress>>,
}

impl Finder {
    /// The ways to `https://host:port/`.
    ///
    /// # Errors
    /// When the script that the person chose fails, or a variable names no usable proxy.
    pub(super) fn find(
        &self,
        (host, port): (&str, u16),
        choice: &ProxyChoice,
        around: &Surroundings,
        known: &Known,
    ) -> Result<Found, TransportError> {
        let found = |ways, source| Found { ways, source, failed: Vec::new() };
        let mut found = match choice {
            ProxyChoice::None => found(vec![Way::Direct], Source::Chosen),
            ProxyChoice::At(address) => found(vec![Way::Proxy(address.clone())], Source::Chosen),
            ProxyChoice::Script(url) => {
                let ways = self
                    .ask_script(host, port, Some(url), around)
                    .map_err(|why| TransportError::ProxyScript { url: url.clone(), why })?;
                found(ways, Source::Script(url.clone()))
            }
            ProxyChoice::Automatic => match environment(host, port, around, known)? {
                Some((way, source)) => found(vec![way], source),
                None => self.of_system(host, port, around),
            },
        };
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        found.ways.sort_by_key(|way| matches!(way, Way::Proxy(address) if dead.contains(address)));
        Ok(found)
    }

    /// A proxy did not answer.
    pub(super) fn died(&self, proxy: &ProxyAddress) {
        let mut dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        if !dead.contains(proxy) {
            dead.push(proxy.clone());
        }
    }

    /// What the system says: the network's script, the given script, proxies by hand, in this
    /// order, as browsers do. Both kinds of scripts may be switched on, and both may fail.
    fn of_system(&self, host: &str, port: u16, around: &Surroundings) -> Found {
        let settings = around.system.settings();
        let mut failed = Vec::new();
        let detect = settings.auto_detect.then_some((None, Source::Network));
        let script = settings.script.map(|url| (Some(url.clone()), Source::Script(shown(&url))));
        for (url, source) in detect.into_iter().chain(script) {
            match self.ask_script(host, port, url.as_deref(), around) {
                Ok(ways) => return Found { ways, source, failed },
                Err(why) => {
                    let url = url.unwrap_or_default();
                    // The address is no place for a password, and is shown; an error may repeat it.
                    let why = if url.is_empty() { why } else { why.replace(&url, &shown(&url)) };
                    failed.push((shown(&url), why));
                }
            }
        }
        let is_bypassed = settings.bypass.includes(host, port);
        match settings.manual {
            manual if manual.is_empty() => {
                Found { ways: vec![Way::Direct], source: Source::Nobody, failed }
            }
            _ if is_bypassed => Found { ways: vec![Way::Direct], source: Source::System, failed },
            manual => Found { ways: manual, source: Source::System, failed },
        }
    }

    /// What a script says, the network's own when it has no address. The script learns the host
    /// and port of the address, not its path.
    fn ask_script(
        &self,
        host: &str,
        port: u16,
        script: Option<&str>,
        around: &Surroundings,
    ) -> Result<Vec<Way>, String> {
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let url = match port {
            443 => format!("https://{bracketed}/"),
            _ => format!("https://{bracketed}:{port}/"),
        };
        let ways = match around.system.ask_script(&url, script) {
            Scripted::Ways(ways) => ways,
            Scripted::Failed(why) => return Err(why),
            Scripted::NotHere => self.scripts.ask(&url, host, script, around)?,
        };
        if ways.is_empty() {
            return Err("the script names no proxy that can be used".to_owned());
        }
        Ok(ways)
    }
}

/// What the environment says of HTTPS: as curl, the small spelling first, and `HTTP_PROXY` when
/// nothing else is there.
fn environment(
    host: &str,
    port: u16,
    around: &Surroundings,
    known: &Known,
) -> Result<Option<(Way, Source)>, TransportError> {
    let variable = |name: &str| (around.environment)(name).filter(|value| !value.trim().is_empty());
    let names =
        ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];
    let Some((name, value)) = names.into_iter().find_map(|name| Some((name, variable(name)?)))
    else {
        return Ok(None);
    };
    let source = Source::Environment(name);
    let bypass = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
    if Bypass::of_environment(&bypass).includes(host, port) {
        return Ok(Some((Way::Direct, source)));
    }
    let (address, account) = ProxyAddress::with_account(&value)
        .map_err(|why| TransportError::ProxySetting { setting: name, why })?;
    if let Some(account) = account {
        known.offer(&address, account);
    }
    Ok(Some((Way::Proxy(address), source)))
}
