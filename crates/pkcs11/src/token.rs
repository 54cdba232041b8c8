use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use cryptoki::error::Error;
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::error::{at_login, is_logged_in, is_loss};
use crate::module::Module;
use crate::{TokenError, TokenUri};

/// Most sessions in use at once, kept open in between. Tokens allow few, some only ten; who comes
/// later waits for a moment.
const SESSIONS: usize = 8;

/// A token and this process's login to it.
pub struct Token {
    module: Arc<Module>,
    uri: TokenUri,
    state: Mutex<State>,
    /// Wakes who waits for a session.
    returned: Condvar,
}

#[derive(Default)]
struct State {
    login: Option<Login>,
    /// The PIN that the token refused.
    refused: Option<Zeroizing<String>>,
    /// Sessions in use.
    busy: usize,
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
pub struct Use<'a> {
    /// The session.
    pub session: &'a Session,
    /// Which login of the token it belongs to: handles of objects are good within one.
    pub epoch: u64,
}

impl Token {
    pub(crate) fn new(module: Arc<Module>, uri: TokenUri) -> Self {
        Self { module, uri, state: Mutex::default(), returned: Condvar::new() }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        self.uri.identity().to_string()
    }

    /// The driver's answer as one of ours.
    pub fn driver(&self, cause: Error) -> TokenError {
        TokenError::Driver { token: self.name(), cause }
    }

    /// Does something with a session. When the session, the login or the token turns out to be
    /// lost, logs in again, once, and does it anew.
    ///
    /// # Errors
    /// Those of `act`, and why there is no session.
    pub fn with<T>(&self, act: impl Fn(Use<'_>) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let seen = self.module.starts();
        let lost = match self.attempt(&act) {
            Err(error) if self.module.may_restart() && may_be_lost(&error) => error,
            other => return other,
        };
        tracing::debug!(token = %self.name(), %lost, "the token is looked for anew");
        self.module.restart(seen).map_err(|error| self.driver(error))?;
        self.attempt(&act)
    }

    /// Does something that must not be done twice, with a session that may write.
    ///
    /// # Errors
    /// Those of `act`, and why there is no session.
    pub fn once<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let _open = self.module.enter();
        let mut state = self.lock();
        if state.login.is_none() {
            self.log_in(&mut state)?;
        }
        let login = state.login.as_ref().ok_or_else(|| self.absent(&[]))?;
        let outcome = act(&login.anchor);
        // Not done anew here, but the next caller finds the token again.
        if matches!(&outcome, Err(error) if may_be_lost(error)) {
            state.login = None;
        }
        outcome
    }

    /// Looks at what is public in the token, without the PIN, in a session of its own.
    ///
    /// # Errors
    /// Those of `act`, and why there is no session.
    pub fn public<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let _open = self.module.enter();
        let session = self.module.context().open_ro_session(self.slot()?);
        act(&session.map_err(|error| self.driver(error))?)
    }

    /// The mechanisms that the token has.
    ///
    /// # Errors
    /// When the token is not there or does not tell.
    pub fn mechanisms(&self) -> Result<Vec<MechanismType>, TokenError> {
        self.with(|_| {
            let slot = self.lock().login.as_ref().map(|login| login.slot);
            let slot = slot.ok_or_else(|| self.absent(&[]))?;
            self.module.context().get_mechanism_list(slot).map_err(|error| self.driver(error))
        })
    }

    /// Whether it is a device, by what its driver says (CKF_HW_SLOT); SoftHSM never is.
    ///
    /// # Errors
    /// When the token is not there or does not tell.
    pub fn is_hardware(&self) -> Result<bool, TokenError> {
        let _open = self.module.enter();
        let (slot, context) = (self.slot()?, self.module.context());
        let place = context.get_slot_info(slot).map_err(|error| self.driver(error))?;
        let token = context.get_token_info(slot).map_err(|error| self.driver(error))?;
        Ok(place.hardware_slot() && !token.manufacturer_id().starts_with("SoftHSM"))
    }

    /// Drops the login with all its sessions; the caller sees to it that none is in use.
    pub(crate) fn forget(&self) {
        self.lock().login = None;
    }

    fn attempt<T>(&self, act: &impl Fn(Use<'_>) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let _open = self.module.enter();
        let (session, epoch) = self.take()?;
        let outcome = act(Use { session: &session, epoch });
        let mut state = self.lock();
        state.busy -= 1;
        // A session on which something failed is closed: an operation may still be under way.
        if let Some(login) = state.login.as_mut().filter(|_| outcome.is_ok()) {
            login.idle.push(session);
        }
        self.returned.notify_one();
        outcome
    }

    fn take(&self) -> Result<(Session, u64), TokenError> {
        let mut state = self
            .returned
            .wait_while(self.lock(), |state| state.busy >= SESSIONS)
            .unwrap_or_else(PoisonError::into_inner);
        let taken = self.take_from(&mut state);
        // Who gets no session returns none: the next must be woken all the same.
        match taken {
            Ok(_) => state.busy += 1,
            Err(_) => self.returned.notify_one(),
        }
        taken
    }

    fn take_from(&self, state: &mut State) -> Result<(Session, u64), TokenError> {
        if state.login.is_none() {
            self.log_in(state)?;
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
            let pin = self.uri.pin().read(&self.name())?;
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

/// While the driver is not being changed: its sessions close here.
impl Drop for Token {
    fn drop(&mut self) {
        let _open = self.module.enter();
        self.forget();
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
