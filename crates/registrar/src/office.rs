use std::sync::Arc;

use jiff::Timestamp;
use tegata_domain::{Clock, Entropy};
use tegata_store::{AuditEntry, Store};

use crate::{Actor, Passwords, Reference};

/// What every use case needs: the database, a clock, randomness, and the password hash.
#[derive(Clone)]
pub struct Office {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) passwords: Arc<Passwords>,
}

impl Office {
    /// Puts an office together.
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        passwords: Passwords,
    ) -> Self {
        Self { store, clock, entropy, passwords: Arc::new(passwords) }
    }

    /// The database, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new support reference.
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.entropy)
    }
}

/// An audit entry without detail.
pub(crate) fn entry(
    at: Timestamp,
    actor: &Actor,
    action: &str,
    object: impl ToString,
) -> AuditEntry {
    AuditEntry {
        at,
        actor: actor.to_string(),
        action: action.to_owned(),
        object: object.to_string(),
        detail: serde_json::Value::Null,
        reference: None,
    }
}
