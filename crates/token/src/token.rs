use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::error::Error;
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::error::{at_login, is_logged_in, is_loss};
use crate::module::Module;
use crate::{TokenError, TokenUri};

/// Sessions kept open beside those in use.
const IDLE: usize = 8;

/// A token and this process's login to it.
pub(crate) struct Token {
    module: Arc<Module>,
    uri: TokenUri,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    login: Option<Login>,
    /// The PIN that the token refused.
    refused: Option<Zeroizing<String>>,
    /// Grows with every login: handles of an earlier one mean nothing.
    epoch: u64,
}

struct Login {
    slot: Slot,
    /// A login lasts as long as one session is open; this one stays.
    anchor: Session,
    idle: Vec<Session>,
}

/// A session in use, of the login numbered so.
pub(crate) struct Use<'a> {
    pub(crate) session: &'a Session,
    pub(crate) epoch: u64,
}

impl Token {
    pub(crate) fn new(module: Arc<Module>, uri: TokenUri) -> Self {
        Self { module, uri, state: Mutex::default() }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        self.uri.identity().to_string()
    }

    /// The driver's answer as one of ours.
    pub(crate) fn driver(&self, cause: Error) -> TokenError {
        TokenError::Driver { token: self.name(), cause }
    }

    /// Does something with a session. When the session, the login or the token turns out to be
    /// lost, logs in again, once, and does it anew.
    pub(crate) fn with<T>(
        &self,
        act: impl Fn(Use<'_>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let seen = self.module.starts();
        let lost = match self.attempt(&act) {
            Err(error) if may_be_lost(&error) => error,
            other => return other,
        };
        tracing::debug!(token = %self.name(), %lost, "the token is looked for anew");
        self.module.restart(seen).map_err(|error| self.driver(error))?;
        self.attempt(&act)
    }

    /// Does something that must not be done twice, with a session that may write.
    pub(crate) fn once<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let _open = self.module.enter();
        let mut state = self.lock();
        if state.login.is_none() {
            self.log_in(&mut state)?;
        }
        let login = state.login.as_ref().ok_or_else(|| self.absent(&[]))?;
        act(&login.anchor)
    }

    /// The mechanisms that the token has.
    pub(crate) fn mechanisms(&self) -> Result<Vec<MechanismType>, TokenError> {
        self.with(|_| {
            let slot = self.lock().login.as_ref().map(|login| login.slot);
            let slot = slot.ok_or_else(|| self.absent(&[]))?;
            self.module.context().get_mechanism_list(slot).map_err(|error| self.driver(error))
        })
    }

    /// Drops the login with all its sessions; the caller sees to it that none is in use.
    pub(crate) fn forget(&self) {
        self.lock().login = None;
    }

    fn attempt<T>(&self, act: &impl Fn(Use<'_>) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let _open = self.module.enter();
        let (session, epoch) = self.take()?;
        let outcome = act(Use { session: &session, epoch });
        // A session on which something failed is closed: an operation may still be under way.
        if outcome.is_ok() {
            let mut state = self.lock();
            if let Some(login) = state.login.as_mut().filter(|login| login.idle.len() < IDLE) {
                login.idle.push(session);
            }
        }
        outcome
    }

    fn take(&self) -> Result<(Session, u64), TokenError> {
        let mut state = self.lock();
        if state.login.is_none() {
            self.log_in(&mut state)?;
        }
        let epoch = state.epoch;
        let login = state.login.as_mut().ok_or_else(|| self.absent(&[]))?;
        let session = match login.idle.pop() {
            Some(session) => session,
            None => {
                let opened = self.module.context().open_ro_session(login.slot);
                opened.map_err(|error| self.driver(error))?
            }
        };
        Ok((session, epoch))
    }

    fn log_in(&self, state: &mut State) -> Result<(), TokenError> {
        let slot = self.slot()?;
        let context = self.module.context();
        let info = context.get_token_info(slot).map_err(|error| self.driver(error))?;
        if info.user_pin_locked() {
            return Err(TokenError::PinLocked(self.name()));
        }
        // Read-write, so that keys can be made; reading sessions share its login.
        let anchor = context.open_rw_session(slot).map_err(|error| self.driver(error))?;
        if info.login_required() {
            let pin = self.uri.pin().read()?;
            let wrong =
                || TokenError::PinWrong { token: self.name(), from: self.uri.pin().to_string() };
            if state.refused.as_ref() == Some(&pin) {
                return Err(wrong());
            }
            if info.user_pin_final_try() {
                return Err(TokenError::LastTry(self.name()));
            }
            let secret = AuthPin::from(pin.to_string());
            match anchor.login(UserType::User, Some(&secret)) {
                Ok(()) => {}
                Err(error) if is_logged_in(&error) => {}
                Err(error) => {
                    let error = at_login(error, self.name(), self.uri.pin().to_string());
                    if matches!(error, TokenError::PinWrong { .. }) {
                        state.refused = Some(pin);
                    }
                    return Err(error);
                }
            }
        }
        state.refused = None;
        state.epoch += 1;
        state.login = Some(Login { slot, anchor, idle: Vec::new() });
        Ok(())
    }

    /// The slot in which the token is now.
    fn slot(&self) -> Result<Slot, TokenError> {
        let context = self.module.context();
        let slots =
            context.get_slots_with_initialized_token().map_err(|error| self.driver(error))?;
        let wanted = self.uri.identity();
        let (mut fitting, mut present) = (Vec::new(), Vec::new());
        for slot in slots {
            let Ok(info) = context.get_token_info(slot) else { continue };
            let fits = |wanted: &Option<String>, found: &str| {
                wanted.as_ref().is_none_or(|wanted| wanted == found.trim_end())
            };
            if fits(&wanted.token, info.label())
                && fits(&wanted.serial, info.serial_number())
                && fits(&wanted.manufacturer, info.manufacturer_id())
                && fits(&wanted.model, info.model())
            {
                fitting.push(slot);
            }
            present.push(info.label().trim_end().to_owned());
        }
        match fitting[..] {
            [slot] => Ok(slot),
            [] => Err(self.absent(&present)),
            _ => Err(TokenError::ManyTokens(fitting.len(), self.name())),
        }
    }

    fn absent(&self, present: &[String]) -> TokenError {
        let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
        TokenError::NoToken { wanted: self.name(), present }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_be_lost(error: &TokenError) -> bool {
    match error {
        TokenError::Driver { cause, .. } => is_loss(cause),
        // The driver may have an old list of tokens, or an old view of this one.
        TokenError::NoToken { .. } | TokenError::NoKey { .. } => true,
        _ => false,
    }
}
