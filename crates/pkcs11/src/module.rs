use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::error::brief;
use crate::token::Token;
use crate::{TokenError, TokenUri};

/// A driver. PKCS#11 wants `C_Initialize` once in a process, so that every key behind one driver
/// shares it.
pub struct Module {
    path: PathBuf,
    context: Pkcs11,
    /// Whether it may be ended and started while the process runs.
    may_restart: bool,
    /// Held for reading while a session is in use, for writing while the driver starts anew.
    gate: RwLock<()>,
    /// How often it started anew.
    starts: AtomicU64,
    kept: Mutex<Vec<(TokenUri, Arc<Token>)>>,
    passing: Mutex<Vec<Weak<Token>>>,
}

/// Every driver that this process has loaded; a driver stays until the process ends.
static MODULES: Mutex<Option<HashMap<PathBuf, Arc<Module>>>> = Mutex::new(None);

impl Module {
    /// The driver in this file, loaded and initialised by the first who asks.
    ///
    /// # Errors
    /// When the file is no driver, or the driver does not start.
    pub fn open(path: &Path) -> Result<Arc<Self>, TokenError> {
        Self::load(path, usual_arguments(), true)
    }

    /// The same for a driver that wants arguments of its own. It is never started anew, because
    /// what it was told in the meantime would be lost.
    ///
    /// # Errors
    /// When the file is no driver, or the driver does not start.
    pub fn open_with(path: &Path, arguments: CInitializeArgs) -> Result<Arc<Self>, TokenError> {
        Self::load(path, arguments, false)
    }

    fn load(
        path: &Path,
        arguments: CInitializeArgs,
        may_restart: bool,
    ) -> Result<Arc<Self>, TokenError> {
        let failed = |error: &dyn std::fmt::Display| TokenError::Module {
            path: path.to_owned(),
            cause: error.to_string(),
        };
        // Two names of one file are one driver.
        let file = path.canonicalize().map_err(|error| failed(&error))?;
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        let modules = modules.get_or_insert_default();
        if let Some(module) = modules.get(&file) {
            return Ok(Arc::clone(module));
        }
        let context = Pkcs11::new(&file).map_err(|error| failed(&error))?;
        initialize(&context, arguments).map_err(|error| failed(&brief(&error)))?;
        let module = Arc::new(Self {
            path: path.to_owned(),
            context,
            may_restart,
            gate: RwLock::new(()),
            starts: AtomicU64::new(0),
            kept: Mutex::default(),
            passing: Mutex::default(),
        });
        modules.insert(file, Arc::clone(&module));
        Ok(module)
    }

    /// The token at this address, shared by every key in it and kept after the last of them: one
    /// login, and one memory of a PIN that was refused.
    pub fn token(self: &Arc<Self>, uri: &TokenUri) -> Arc<Token> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, token)) = kept.iter().find(|(known, _)| known == uri) {
            return Arc::clone(token);
        }
        let token = Arc::new(Token::new(Arc::clone(self), uri.clone()));
        kept.push((uri.clone(), Arc::clone(&token)));
        token
    }

    /// The token at this address for one caller: with the last key in it the login ends and the
    /// PIN is forgotten.
    pub fn passing_token(self: &Arc<Self>, uri: TokenUri) -> Arc<Token> {
        let token = Arc::new(Token::new(Arc::clone(self), uri));
        let mut passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        passing.retain(|token| token.strong_count() > 0);
        passing.push(Arc::downgrade(&token));
        token
    }

    /// Does something with the driver while nobody uses a session of it.
    pub fn alone<T>(&self, act: impl FnOnce(&Pkcs11) -> T) -> T {
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        act(&self.context)
    }

    /// Whether [`Self::restart`] does anything.
    pub(crate) fn may_restart(&self) -> bool {
        self.may_restart
    }

    pub(crate) fn context(&self) -> &Pkcs11 {
        &self.context
    }

    /// Permission to use sessions; they do not disappear while it is held.
    pub(crate) fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it started anew, to be told to [`Self::restart`].
    pub(crate) fn starts(&self) -> u64 {
        self.starts.load(Ordering::SeqCst)
    }

    /// Closes every session and starts the driver anew: some find a token that was away only
    /// then. Does nothing when another thread did so since `seen`.
    pub(crate) fn restart(&self, seen: u64) -> Result<(), Error> {
        // Given back only after the gate is open again: the last holder of a token enters it.
        let passing: Vec<_> = {
            let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
            passing.iter().filter_map(Weak::upgrade).collect()
        };
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        if self.starts() != seen {
            return Ok(());
        }
        self.starts.fetch_add(1, Ordering::SeqCst);
        // Before the end of the driver: a session closed later might be another's by its number.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().for_each(|(_, token)| token.forget());
        passing.iter().for_each(|token| token.forget());
        if let Err(error) = self.context.clone().finalize() {
            tracing::debug!(%error, module = %self.path.display(), "driver did not end well");
        }
        // A driver that does not start says so at the next use, and is started again then.
        initialize(&self.context, usual_arguments())
    }
}

fn usual_arguments() -> CInitializeArgs {
    CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)
}

fn initialize(context: &Pkcs11, arguments: CInitializeArgs) -> Result<(), Error> {
    match context.initialize(arguments) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        other => other,
    }
}
