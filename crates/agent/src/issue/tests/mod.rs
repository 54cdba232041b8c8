//! The issuing machine against a site that is none, into a folder.

mod answer;
mod refused;
mod renewal;
mod repeated;
mod stored;
mod trust;

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use tegata_domain::Clock;
use tegata_text::{Lang, Text};

use crate::issue::{
    Confirmation, Order, Outcome, Pause, Person, Ports, Progress, Right, Stopped, run,
};
use crate::store::{Options, StoreUri, open};
use crate::testing::{Counter, FakeSite, Still};
use crate::{Error, Fingerprint};

/// A first issuance into the store in `folder`.
fn first(folder: &Path, site: &FakeSite) -> Outcome {
    pinned(folder, site, 1).result.unwrap()
}

struct Says(Confirmation, Option<Fingerprint>);

impl Person for Says {
    fn confirm_root(&mut self, fingerprint: &Fingerprint) -> Confirmation {
        self.1 = Some(*fingerprint);
        self.0
    }
}

#[derive(Default)]
struct Waits(RefCell<Vec<Duration>>);

impl Pause for Waits {
    fn pause(&self, duration: Duration) {
        self.0.borrow_mut().push(duration);
    }
}

struct Run {
    result: Result<Outcome, Error>,
    /// All that was said of a run that stopped, but for the error itself.
    stopped: Option<Rest>,
    waits: Vec<Duration>,
    progress: Vec<Progress>,
}

struct Rest {
    kept: Option<String>,
    existing: Option<Box<super::Existing>>,
    detail: String,
}

impl Rest {
    fn of(stopped: &Stopped) -> Self {
        let kept = stopped.kept.as_ref();
        Self {
            kept: kept.and_then(|path| path.rsplit('/').next()).map(str::to_owned),
            existing: stopped.existing.clone(),
            detail: stopped.explain(Text::of(Lang::En)).detail,
        }
    }
}

const PENDING: &str = "0001-SB0001002C-CMSM950-006-401.pending.key.pem";

fn order(pin: Option<Fingerprint>) -> Order {
    Order {
        site: "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
        pin,
        user: "CMSM950-006-401".parse().unwrap(),
        right: Right::Slip {
            password: "01AB-CDEF-GHJK-MNPQ".to_owned().into(),
            email: "taro@example.jp".parse().unwrap(),
        },
        app_version: "0.1.0",
        unattended: true,
    }
}

/// One run of the application on the store in `folder`; `seed` is its randomness.
fn run_in(
    folder: &Path,
    site: &FakeSite,
    pin: Option<Fingerprint>,
    person: Confirmation,
    seed: u64,
) -> Run {
    run_at(&Still, folder, site, pin, person, seed)
}

fn run_at(
    clock: &dyn Clock,
    folder: &Path,
    site: &FakeSite,
    pin: Option<Fingerprint>,
    person: Confirmation,
    seed: u64,
) -> Run {
    let mut store = open(&StoreUri::Pem(folder.to_owned()), Options::default()).unwrap();
    let (waits, mut progress) = (Waits::default(), Vec::new());
    let result = run(
        order(pin),
        &mut Ports {
            network: site,
            store: store.as_mut(),
            person: &mut Says(person, None),
            clock,
            entropy: &Counter::new(1000 * seed),
            pause: &waits,
            progress: &mut |step| progress.push(step),
        },
    );
    let stopped = result.as_ref().err().map(Rest::of);
    let result = result.map_err(|stopped| stopped.error);
    Run { result, stopped, waits: waits.0.take(), progress }
}

fn pinned(folder: &Path, site: &FakeSite, seed: u64) -> Run {
    let pin = Fingerprint::of(&site.authority().trust().root.0);
    run_in(folder, site, Some(pin), Confirmation::Nobody, seed)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const INSTALLED: [&str; 4] = [
    "CMSM950-006-401.chain.pem",
    "CMSM950-006-401.crt.pem",
    "CMSM950-006-401.key.pem",
    "root.crt.pem",
];
