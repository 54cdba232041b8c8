use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tegata_domain::Clock;
use tegata_registrar::{Delivery, Letter, Post};

use super::clock::HandClock;
use super::observe::Wrong;
use super::{Problem, Simulation, SimulationError};
use crate::keyfile::write_private;
use crate::post::{ComposeError, Composer};

/// Where simulated mails end: as files, or nowhere. None ever leaves this machine, but each is
/// written and signed as if it did.
pub(super) struct Mailbox {
    folder: Option<PathBuf>,
    composer: Composer,
    clock: Arc<HandClock>,
    count: AtomicUsize,
    /// What is wrong with the signatures of a service.
    wrong: Mutex<BTreeMap<String, (Problem, String)>>,
}

impl Mailbox {
    pub(super) fn open(
        plan: &Simulation,
        composer: Composer,
        clock: Arc<HandClock>,
    ) -> Result<Self, SimulationError> {
        if let Some(folder) = &plan.mails {
            let failed = |error| SimulationError::Io(folder.clone(), error);
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let (folder, count) = (plan.mails.clone(), AtomicUsize::new(0));
        Ok(Self { folder, composer, clock, count, wrong: Mutex::default() })
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whose mails are not signed, as it is now.
    pub(super) fn wrong(&self) -> Vec<Wrong> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let all = wrong.iter();
        all.map(|(service, (problem, why))| (*problem, Some(service.clone()), why.clone()))
            .collect()
    }

    fn note(&self, service: String, now: Option<(Problem, String)>) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match now {
            Some(now) => drop(wrong.insert(service, now)),
            None => drop(wrong.remove(&service)),
        }
    }
}

impl Post for Mailbox {
    async fn deliver(&self, letter: Letter) -> Delivery {
        let (service, now) = (letter.service.to_string(), self.clock.now());
        let composed = match self.composer.compose(letter).await {
            Ok(composed) => composed,
            Err(error @ ComposeError::Never(_)) => return Delivery::Refused(error.to_string()),
            Err(ComposeError::Unsigned(error)) => {
                self.note(service, Some((Problem::NoSigner, error.to_string())));
                return Delivery::Waits(error.to_string());
            }
        };
        let unsigned = composed.unsigned;
        self.note(service, unsigned.map(|error| (Problem::MailUnsigned, error.to_string())));
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let Some(folder) = &self.folder else { return Delivery::Accepted };
        let name = format!("{}-{number:06}.eml", now.strftime("%Y%m%dT%H%M%SZ"));
        match write_private(&folder.join(name), &composed.octets) {
            Ok(()) => Delivery::Accepted,
            Err(error) => Delivery::Refused(error.to_string()),
        }
    }
}
