//! Updates in the worker: looks, fetches what was offered, puts it in place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tegata_agent::brand::Brand;
use tegata_agent::proxy::{Account, ProxyAsk, ProxyChoice, ProxyPerson, WayOut};
use tegata_agent::transport::{Https, Network};
use tegata_agent::update::{
    self, Application, Applied, Decision, Offer, Place, Progress, UpdateError, Version,
};
use tegata_domain::{Clock, Entropy};
use tegata_text::{Lang, Text};

use super::model::Report;
use super::model::news::{self, News, Updated};
use super::stop::Stop;
use super::worker::{Bench, Context, Surroundings};
use crate::{proxy, stores};

/// What this installation needs to replace itself, and what was found last.
pub(crate) struct Updater {
    brand: Brand,
    version: Version,
    place: Place,
    folder: PathBuf,
    found: Mutex<Found>,
}

/// What a look found.
#[derive(Default)]
struct Found {
    news: News,
    offer: Option<Offer>,
}

impl Updater {
    /// `None` where no key of the installer says which update is genuine, or the system names no
    /// place for downloads.
    pub(crate) fn of(brand: Brand, version: &str, program: &Path) -> Option<Self> {
        if brand.update_keys.is_empty() {
            return None;
        }
        Some(Self {
            brand,
            version: version.parse().ok()?,
            place: Place::of(program, stores::local_data().as_deref()),
            folder: stores::updates_folder()?,
            found: Mutex::default(),
        })
    }

    /// What was found last.
    pub(super) fn news(&self) -> News {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).news.clone()
    }

    fn offer(&self) -> Option<Offer> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).offer.clone()
    }

    fn application<'a>(
        &'a self,
        network: &'a dyn Network,
        clock: &'a dyn Clock,
        pause: &'a Stop,
    ) -> Application<'a> {
        let Self { brand, version, place, folder, .. } = self;
        Application { brand, version: *version, place, folder, network, clock, pause }
    }

    fn look(&self, application: &Application<'_>, text: Text) -> News {
        let decision = update::check(application, &mut |_| {});
        let (news, offer) = match decision {
            Err(error) => (News::Failed(error.explain(text)), None),
            Ok(Decision::UpToDate) => (News::UpToDate, None),
            Ok(Decision::TooOld { minimum }) => {
                (News::TooOld { minimum: minimum.to_string() }, None)
            }
            Ok(Decision::Postponed(offer)) => (News::Offered(shown(&offer, true)), Some(offer)),
            Ok(Decision::Optional(offer) | Decision::Required(offer)) => {
                (News::Offered(shown(&offer, false)), Some(offer))
            }
        };
        let found = Found { news: news.clone(), offer };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        news
    }
}

fn shown(offer: &Offer, is_postponed: bool) -> news::Offer {
    news::Offer {
        version: offer.version().to_string(),
        size: offer.length(),
        is_required: offer.is_required(),
        is_downgrade: offer.is_downgrade(),
        is_postponed,
        notes: [Lang::Ja, Lang::En].map(|lang| offer.notes(lang).map(str::to_owned)),
    }
}

/// Looks without asking anybody anything: a proxy that wants a password ends it.
pub(super) fn look_aside(updater: &Updater, around: &Surroundings, context: &Context) -> News {
    let choice: ProxyChoice = context.proxy.parse().unwrap_or(ProxyChoice::Automatic);
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::clone(&around.clock), Arc::clone(&around.entropy));
    let surroundings = proxy::surroundings(Arc::new(Nobody), clock, entropy);
    let way_out = WayOut::new(choice, around.version, surroundings);
    let network = Https::new(around.version, context.text.lang().code(), way_out);
    let pause = Stop::default();
    let application = updater.application(&network, &*around.clock, &pause);
    updater.look(&application, context.text)
}

/// There is nobody whom a proxy could ask.
struct Nobody;

impl ProxyPerson for Nobody {
    fn account(&self, _: &ProxyAsk<'_>) -> Option<Account> {
        None
    }
}

impl Bench {
    /// Looks for something newer, because the person wants to know.
    pub(super) fn look(&self, context: &Context) -> Report {
        let Some(updater) = &self.updater else { return Report::Looked(News::Unknown) };
        let network = match self.network(context) {
            Ok(network) => network,
            Err(explanation) => return Report::Failed(explanation),
        };
        let stop = self.stop();
        let application = updater.application(&network, &*self.around.clock, &stop);
        let news = updater.look(&application, context.text);
        match news {
            News::Failed(explanation) if stop.is_set() => Report::Cancelled(explanation),
            news => Report::Looked(news),
        }
    }

    /// The person said *later*. Where that cannot be written down they are asked again.
    pub(super) fn later(&self, context: &Context) {
        let Some((updater, offer)) = self.offered() else { return };
        let Ok(network) = self.network(context) else { return };
        let stop = self.stop();
        let application = updater.application(&network, &*self.around.clock, &stop);
        let _ = update::later(&application, &offer);
    }

    /// Fetches what was offered and puts it in the place of this program.
    pub(super) fn update(&self, context: &Context) -> Report {
        let text = context.text;
        let Some((updater, offer)) = self.offered() else {
            return Report::Looked(News::Unknown);
        };
        let network = match self.network(context) {
            Ok(network) => network,
            Err(explanation) => return Report::Failed(explanation),
        };
        let stop = self.stop();
        let application = updater.application(&network, &*self.around.clock, &stop);
        let mut percent = None;
        let mut heard = |progress| match progress {
            Progress::Octets { done, of } => {
                let now = u8::try_from(done.saturating_mul(100) / of.max(1)).unwrap_or(100);
                if percent.replace(now) != Some(now) {
                    self.desk.report(Report::Percent(now));
                }
            }
            Progress::Waiting(time) => self.desk.report(Report::Waits(time.as_secs())),
            Progress::Step(_) | Progress::Resumed(_) => {}
        };
        let fetched = update::fetch(&application, &offer, &mut heard, stop.flag());
        let applied = fetched.and_then(|fetched| {
            if stop.is_set() {
                return Err(UpdateError::Cancelled);
            }
            self.desk.report(Report::Installs);
            update::apply(&application, fetched)
        });
        match applied {
            Ok(Applied::Replaced { program, .. }) => Report::Updated(Updated::Replaced(program)),
            Ok(Applied::HandedOver { .. }) => Report::Updated(Updated::HandedOver),
            Ok(Applied::Tell { command, version }) => {
                Report::Updated(Updated::Tell { command, version: version.to_string() })
            }
            Err(_) if stop.is_set() => Report::Cancelled(UpdateError::Cancelled.explain(text)),
            Err(error) => Report::Failed(error.explain(text)),
        }
    }

    fn offered(&self) -> Option<(&Updater, Offer)> {
        let updater = self.updater.as_deref()?;
        Some((updater, updater.offer()?))
    }
}
