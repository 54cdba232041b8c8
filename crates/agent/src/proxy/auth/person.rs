use super::Scheme;
use crate::proxy::{Account, ProxyAddress};

/// Whoever can tell a name and a password for a proxy. Called from the thread that connects, which
/// waits for as long as the person takes.
pub trait ProxyPerson: Send + Sync {
    /// A name and a password, or `None` when there is nobody, or who is there does not want to.
    ///
    /// What it gives is kept in memory for this session and sent to this proxy only.
    fn account(&self, ask: &ProxyAsk<'_>) -> Option<Account>;
}

/// What a person has to know to answer.
#[derive(Clone, Copy, Debug)]
pub struct ProxyAsk<'a> {
    /// Which proxy asks.
    pub proxy: &'a ProxyAddress,
    /// What it calls itself.
    pub realm: Option<&'a str>,
    /// How the password would travel: with [`Scheme::Basic`] the proxy, and whoever listens on the
    /// way to it, can read it.
    pub scheme: Scheme,
    /// 1 at first; 2 and 3 after a wrong one.
    pub attempt: u8,
}

/// Nobody to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl ProxyPerson for Nobody {
    fn account(&self, _: &ProxyAsk<'_>) -> Option<Account> {
        None
    }
}
