use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tegata_domain::ServiceKey;

/// What keeps mails from leaving. No reason to call the node unready: it issues and answers.
#[derive(Clone, Default)]
pub struct MailTrouble(Arc<Mutex<Now>>);

#[derive(Default)]
struct Now {
    unsigned: BTreeMap<String, String>,
    away: Option<String>,
}

impl MailTrouble {
    /// Each as a sentence.
    pub fn sentences(&self) -> Vec<String> {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unsigned = now.unsigned.iter().map(|(service, why)| format!("{service}: {why}"));
        let away = now.away.iter().map(|why| format!("the mail server does not take mail: {why}"));
        unsigned.chain(away).collect()
    }

    /// Mails of a service cannot be signed, or can be again.
    pub(super) fn unsigned(&self, service: &ServiceKey, why: Option<String>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => now.unsigned.insert(service.to_string(), why),
            None => now.unsigned.remove(&service.to_string()),
        };
    }

    /// The mail server put off a mail, or took or refused one.
    pub(super) fn away(&self, why: Option<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).away = why;
    }
}
