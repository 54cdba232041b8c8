use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use super::{Counter, Still};
use crate::proxy::{
    Account, Names, ProxyAsk, ProxyChoice, ProxyPerson, Scripted, Surroundings, System,
    SystemNames, SystemSettings, WayOut,
};

/// Surroundings of a way out that a test sets up.
#[derive(Default)]
pub(crate) struct Around {
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) settings: Settings,
    pub(crate) person: Arc<Says>,
}

/// A system with these settings and these scripts in its network.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) settings: SystemSettings,
    pub(crate) detected: Vec<String>,
}

impl System for Settings {
    fn settings(&self) -> SystemSettings {
        self.settings.clone()
    }

    fn ask_script(&self, _: &str, _: Option<&str>) -> Scripted {
        Scripted::NotHere
    }

    fn detected_scripts(&self) -> Vec<String> {
        self.detected.clone()
    }
}

/// A person who gives these accounts, one at a time.
#[derive(Default)]
pub(crate) struct Says {
    accounts: Mutex<VecDeque<Account>>,
    asked: Mutex<Vec<String>>,
}

impl Says {
    /// Proxy, realm, scheme and number of each question.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl ProxyPerson for Says {
    fn account(&self, ask: &ProxyAsk<'_>) -> Option<Account> {
        let ProxyAsk { proxy, realm, scheme, attempt } = ask;
        let (realm, scheme) = (realm.unwrap_or("-"), scheme.name());
        self.asked.lock().unwrap().push(format!("{proxy} {realm} {scheme} {attempt}"));
        self.accounts.lock().unwrap().pop_front()
    }
}

/// The names of the system, and those below `example.jp`, which are this PC.
struct LocalNames;

impl Names for LocalNames {
    fn addresses(&self, host: &str) -> Vec<IpAddr> {
        match host.ends_with(".example.jp") {
            true => vec![[127, 0, 0, 1].into()],
            false => SystemNames.addresses(host),
        }
    }

    fn own_address(&self) -> Option<IpAddr> {
        None
    }
}

impl Around {
    /// With a person who gives these accounts.
    pub(crate) fn person(accounts: &[(&str, &str)]) -> Self {
        let account = |(user, password): &(&str, &str)| {
            Account::new(*user, Zeroizing::new((*password).to_owned()))
        };
        let accounts = Mutex::new(accounts.iter().map(account).collect());
        Self { person: Arc::new(Says { accounts, ..Says::default() }), ..Self::default() }
    }

    /// The way out in these surroundings.
    pub(crate) fn way_out(&self, choice: ProxyChoice) -> WayOut {
        let environment = self.environment.clone();
        let of_environment = move |asked: &str| {
            let found = environment.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| value.clone())
        };
        let around = Surroundings {
            environment: Box::new(of_environment),
            system: Box::new(self.settings.clone()),
            names: Arc::new(LocalNames),
            person: self.person.clone(),
            clock: Arc::new(Still),
            zone: TimeZone::UTC,
            entropy: Arc::new(Counter::new(0)),
        };
        WayOut::new(choice, "0.1.0", around)
    }
}

/// A way out in empty surroundings.
pub(crate) fn way_out(choice: ProxyChoice) -> WayOut {
    Around::default().way_out(choice)
}
