use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tegata_domain::ServiceKey;
use tegata_registrar::{Delivery, ServerTrouble};

/// What keeps mails from leaving. No reason to call the node unready: it issues and answers.
#[derive(Clone, Default)]
pub struct MailTrouble(Arc<Mutex<Now>>);

/// What is said where no mail server is set.
pub const NO_MAIL_SERVER: &str = "no mail server is set: mails wait; put its address into the file \
                                  that `mail.url_file` names, and start `tegata serve` again";

#[derive(Default)]
struct Now {
    /// Whether there is no server at all.
    unset: bool,
    unsigned: BTreeMap<String, String>,
    /// What the server said to the last mail that it put off.
    away: Option<String>,
    /// What is wrong with the server, as the log has it.
    server: Option<ServerTrouble>,
}

/// What the log is to say.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Nothing,
    Begins(ServerTrouble),
    Ends,
}

impl MailTrouble {
    /// Where no mail server is set.
    pub fn without_server() -> Self {
        Self(Arc::new(Mutex::new(Now { unset: true, ..Now::default() })))
    }

    /// Each as a sentence.
    pub fn sentences(&self) -> Vec<String> {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unsigned = now.unsigned.iter().map(|(service, why)| format!("{service}: {why}"));
        let away = now.away.iter().map(|why| format!("the mail server does not take mail: {why}"));
        let unset = now.unset.then(|| NO_MAIL_SERVER.to_owned());
        unset.into_iter().chain(unsigned).chain(away).collect()
    }

    /// Mails of a service cannot be signed, or can be again.
    pub(super) fn unsigned(&self, service: &ServiceKey, why: Option<String>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => now.unsigned.insert(service.to_string(), why),
            None => now.unsigned.remove(&service.to_string()),
        };
    }

    /// The mail server put off a mail, or took or refused one. Trouble with the server itself is
    /// logged when it begins, when it becomes another, and when it ends, however many mails wait.
    pub(super) fn delivered(&self, delivery: &Delivery) {
        match (self.note(delivery), delivery) {
            (News::Begins(trouble), Delivery::Away(_, said)) => {
                tracing::warn!(said, "{}: mails wait; {}", trouble.sentence(), trouble.way_out())
            }
            (News::Ends, _) => tracing::info!("the mail server answers again: mails leave"),
            _ => {}
        }
    }

    fn note(&self, delivery: &Delivery) -> News {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.away = match delivery {
            Delivery::Later(said) => Some(said.clone()),
            Delivery::Away(trouble, said) => Some(trouble.record(said)),
            Delivery::Accepted | Delivery::Waits(_) | Delivery::Refused(_) => None,
        };
        let server = match delivery {
            Delivery::Away(trouble, _) => Some(*trouble),
            _ => None,
        };
        match (std::mem::replace(&mut now.server, server), server) {
            (before, Some(trouble)) if before != server => News::Begins(trouble),
            (Some(_), None) => News::Ends,
            _ => News::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_is_no_server_is_said() {
        assert_eq!(MailTrouble::without_server().sentences(), [NO_MAIL_SERVER]);
        assert!(MailTrouble::default().sentences().is_empty());
    }

    #[test]
    fn trouble_with_the_server_is_news_once_when_it_begins_and_once_when_it_ends() {
        let trouble = MailTrouble::default();
        let away = |kind| Delivery::Away(kind, "535".to_owned());
        let (password, tls) = (ServerTrouble::Password, ServerTrouble::Tls);
        assert_eq!(trouble.note(&Delivery::Accepted), News::Nothing);
        assert_eq!(trouble.note(&away(password)), News::Begins(password));
        assert_eq!(trouble.note(&away(password)), News::Nothing);
        assert_eq!(trouble.sentences().len(), 1);
        assert_eq!(trouble.note(&away(tls)), News::Begins(tls));
        // It spoke to us about a mail.
        assert_eq!(trouble.note(&Delivery::Later("450".to_owned())), News::Ends);
        assert_eq!(trouble.note(&Delivery::Accepted), News::Nothing);
        assert_eq!(trouble.sentences().len(), 0);
    }
}
