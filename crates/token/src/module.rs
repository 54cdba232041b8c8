use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::error::brief;
use crate::token::Token;
use crate::{TokenError, TokenUri};

/// A driver. PKCS#11 wants `C_Initialize` once in a process, so that every key behind one driver
/// shares it.
pub(crate) struct Module {
    path: PathBuf,
    context: Pkcs11,
    /// Held for reading while a session is in use, for writing while the driver starts anew.
    gate: RwLock<()>,
    /// How often it started anew.
    starts: AtomicU64,
    tokens: Mutex<Vec<(TokenUri, Arc<Token>)>>,
}

/// Every driver that this process has loaded; a driver stays until the process ends.
static MODULES: Mutex<Option<HashMap<PathBuf, Arc<Module>>>> = Mutex::new(None);

impl Module {
    /// The driver in this file, loaded and initialised by the first who asks.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>, TokenError> {
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
        initialize(&context).map_err(|error| failed(&brief(&error)))?;
        let module = Arc::new(Self {
            path: path.to_owned(),
            context,
            gate: RwLock::new(()),
            starts: AtomicU64::new(0),
            tokens: Mutex::new(Vec::new()),
        });
        modules.insert(file, Arc::clone(&module));
        Ok(module)
    }

    /// The token at this address, shared by every key in it and kept after the last of them: one
    /// login, and one memory of a PIN that was refused.
    pub(crate) fn token(self: &Arc<Self>, uri: &TokenUri) -> Arc<Token> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, token)) = tokens.iter().find(|(known, _)| known == uri) {
            return Arc::clone(token);
        }
        let token = Arc::new(Token::new(Arc::clone(self), uri.clone()));
        tokens.push((uri.clone(), Arc::clone(&token)));
        token
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
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        if self.starts() != seen {
            return Ok(());
        }
        self.starts.fetch_add(1, Ordering::SeqCst);
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the end of the driver: a session closed later might be another's by its number.
        tokens.iter().for_each(|(_, token)| token.forget());
        if let Err(error) = self.context.clone().finalize() {
            tracing::debug!(%error, module = %self.path.display(), "driver did not end well");
        }
        // A driver that does not start says so at the next use, and is started again then.
        initialize(&self.context)
    }
}

fn initialize(context: &Pkcs11) -> Result<(), Error> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        other => other,
    }
}
