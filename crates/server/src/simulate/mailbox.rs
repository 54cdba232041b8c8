use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tegata_domain::Clock;
use tegata_registrar::{Delivery, Letter, Post};

use super::clock::HandClock;
use crate::keyfile::write_private;
use crate::post;

/// Where simulated mails end: as files, or nowhere. None ever leaves this machine.
pub(super) struct Mailbox {
    folder: Option<PathBuf>,
    from: String,
    clock: Arc<HandClock>,
    count: AtomicUsize,
}

impl Mailbox {
    pub(super) fn open(
        folder: Option<&Path>,
        from: &str,
        clock: Arc<HandClock>,
    ) -> std::io::Result<Self> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        let (folder, from) = (folder.map(Path::to_owned), from.to_owned());
        Ok(Self { folder, from, clock, count: AtomicUsize::new(0) })
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Post for Mailbox {
    async fn deliver(&self, letter: Letter) -> Delivery {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let now = self.clock.now();
        let written = match post::written(&letter, &self.from, now) {
            Ok(written) => written,
            Err(error) => return Delivery::Refused(error.to_string()),
        };
        let Some(folder) = &self.folder else { return Delivery::Accepted };
        let name = format!("{}-{number:06}.eml", now.strftime("%Y%m%dT%H%M%SZ"));
        match write_private(&folder.join(name), &written) {
            Ok(()) => Delivery::Accepted,
            Err(error) => Delivery::Refused(error.to_string()),
        }
    }
}
