//! The machines: each state says what has to be done, and takes itself away when told the result.
//!
//! ```text
//! FetchTrust → FetchService → FetchManifest → Decided
//! Open → Receive → Whole
//!   ↑ ⇐ Wait ⇐ ↓
//! ```

use std::time::Duration;

use jiff::Timestamp;
use tegata_wire::api::ServiceInfo;
use tegata_wire::update::{Package, Version};

use super::memory::Memory;
use super::verify::{self, Expected, Verified};
use super::{Decision, Offer, Place, Step, UpdateError};
use crate::Error;
use crate::brand::Brand;
use crate::issue::{read, read_trust};
use crate::transport::{Reply, TransportError};
use crate::trust::{self, Judged, TrustError, Trusted};

/// The code by which a site says that its operator has published no update.
const NO_UPDATE: &str = "no_update";

/// How often a download is begun again without a single further octet.
const IN_VAIN: u8 = 3;

/// How often a download is begun again at all.
const AGAIN: u8 = 100;

/// Wait before a download goes on after a try in vain.
const WAIT: Duration = Duration::from_secs(2);

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) brand: &'a Brand,
    /// The running version.
    pub(super) running: Version,
    pub(super) place: &'a Place,
}

/// Where a look for updates stands.
pub(super) enum Checking<'a> {
    FetchTrust(FetchTrust<'a>),
    FetchService(FetchService<'a>),
    FetchManifest(FetchManifest<'a>),
    Decided(Decision, Memory),
}

impl<'a> Checking<'a> {
    pub(super) fn start(asking: Asking<'a>, memory: Memory) -> Result<Self, UpdateError> {
        match asking.brand.update_keys.is_empty() {
            true => Err(UpdateError::NoKeys),
            false => Ok(Self::FetchTrust(FetchTrust { asking, memory })),
        }
    }

    /// The step of which this state is a part.
    pub(super) fn step(&self) -> Option<Step> {
        match self {
            Self::FetchTrust(_) => Some(Step::Connect),
            Self::FetchService(_) | Self::FetchManifest(_) => Some(Step::Look),
            Self::Decided(..) => None,
        }
    }
}

/// `GET trust` over a connection that nobody vouches for.
pub(super) struct FetchTrust<'a> {
    asking: Asking<'a>,
    memory: Memory,
}

impl<'a> FetchTrust<'a> {
    pub(super) fn url(&self) -> String {
        self.asking.brand.site.api("trust")
    }

    pub(super) fn fetched(
        self,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Checking<'a>, UpdateError> {
        let Self { asking, memory } = self;
        let judged = trust::judge(&read_trust(reply)?, Some(asking.brand.root), now);
        match judged.map_err(Error::from)? {
            Judged::Believed(trusted) => {
                Ok(Checking::FetchService(FetchService { asking, memory, trusted }))
            }
            Judged::Unconfirmed(found) => {
                Err(Error::from(TrustError::Unconfirmed(found.fingerprint())).into())
            }
        }
    }
}

/// `GET service` over a believed connection.
pub(super) struct FetchService<'a> {
    asking: Asking<'a>,
    memory: Memory,
    trusted: Trusted,
}

impl<'a> FetchService<'a> {
    pub(super) fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    pub(super) fn url(&self) -> String {
        self.asking.brand.site.api("service")
    }

    pub(super) fn fetched(self, reply: &Reply) -> Result<Checking<'a>, UpdateError> {
        let service: ServiceInfo = read(reply)?;
        let Self { asking, memory, trusted } = self;
        // A minimum that is no version asks for nothing.
        let minimum = service.minimum_app_version.parse().ok();
        Ok(Checking::FetchManifest(FetchManifest { asking, memory, trusted, minimum }))
    }
}

/// `GET update`.
pub(super) struct FetchManifest<'a> {
    asking: Asking<'a>,
    memory: Memory,
    trusted: Trusted,
    minimum: Option<Version>,
}

impl<'a> FetchManifest<'a> {
    pub(super) fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    pub(super) fn url(&self) -> String {
        self.asking.brand.site.api("update")
    }

    pub(super) fn fetched(
        self,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Checking<'a>, UpdateError> {
        let Self { asking, memory, trusted, minimum } = self;
        if let Err(Error::Refused(problem)) = read::<tegata_wire::update::Envelope>(reply)
            && problem.code == NO_UPDATE
        {
            return Ok(Checking::Decided(without(minimum, asking.running), memory));
        }
        read::<tegata_wire::update::Envelope>(reply)?;
        let brand = asking.brand;
        let expected = Expected { service: brand.site.service(), keys: &brand.update_keys, now };
        let verified = verify::verify(&reply.body, &expected)?;
        let memory = memory.admit(&verified)?;
        let found = Found { asking, verified: &verified, memory: &memory, minimum, now };
        Ok(Checking::Decided(found.decide(trusted), memory))
    }
}

/// What there is when nothing can be offered.
fn without(minimum: Option<Version>, running: Version) -> Decision {
    match minimum {
        Some(minimum) if running < minimum => Decision::TooOld { minimum },
        _ => Decision::UpToDate,
    }
}

/// A manifest that was verified and taken up, to be compared with what runs.
struct Found<'a> {
    asking: Asking<'a>,
    verified: &'a Verified,
    memory: &'a Memory,
    minimum: Option<Version>,
    now: Timestamp,
}

impl Found<'_> {
    fn decide(&self, trusted: Trusted) -> Decision {
        let Asking { running, place, brand } = self.asking;
        let manifest = self.verified.manifest();
        let minimum = self.minimum.max(manifest.minimum_version);
        let package = manifest.package(&place.platform, place.form).filter(|package| {
            let goes_back = manifest.allow_downgrade && self.memory.lets_downgrade();
            package.version > running || package.version < running && goes_back
        });
        let Some(package) = package else { return without(minimum, running) };
        // One that would itself be too old helps nobody.
        if Some(package.version) < minimum {
            return without(minimum, running);
        }
        let is_required = manifest.mandatory || Some(running) < minimum;
        let offer = Offer {
            package: package.clone(),
            sequence: manifest.sequence,
            expires_at: manifest.expires_at,
            is_required,
            is_downgrade: package.version < running,
            notes: manifest.notes.clone(),
            url: brand.site.download(package.file.as_str()),
            trusted,
        };
        match () {
            () if is_required => Decision::Required(offer),
            () if self.memory.is_postponed(self.now) => Decision::Postponed(offer),
            () => Decision::Optional(offer),
        }
    }
}

/// Where a download stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetching {
    Open(Open),
    Receive(Receive),
    Wait(Wait),
    Whole,
}

impl Fetching {
    /// Begins where an earlier try ended, `at` octets from the beginning.
    pub(super) fn start(package: &Package, at: u64) -> Self {
        let tries = Tries { length: package.length, in_vain: 0, in_all: 0 };
        match at == package.length {
            true => Self::Whole,
            false => Self::Open(Open { at, tries }),
        }
    }
}

/// How a download went so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tries {
    length: u64,
    in_vain: u8,
    in_all: u8,
}

impl Tries {
    /// What follows a cut at `at`, after `new` octets of this try.
    fn cut(mut self, at: u64, new: u64, error: TransportError) -> Result<Fetching, UpdateError> {
        self.in_vain = if new > 0 { 0 } else { self.in_vain + 1 };
        self.in_all += 1;
        if self.in_vain >= IN_VAIN || self.in_all >= AGAIN {
            return Err(Error::from(error).into());
        }
        let open = Open { at, tries: self };
        Ok(match self.in_vain {
            0 => Fetching::Open(open),
            _ => Fetching::Wait(Wait { open }),
        })
    }
}

/// `GET download/{file}` from an octet on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) at: u64,
    tries: Tries,
}

impl Open {
    /// Something answered: with the rest (206), or with everything (200), or that there is no
    /// rest (416). Only the first goes on where the download was.
    pub(super) fn answered(self, status: u16, from: u64) -> Result<Fetching, UpdateError> {
        let Self { at, tries } = self;
        match status {
            206 if from == at => Ok(Fetching::Receive(Receive { at, begun_at: at, tries })),
            200 => Ok(Fetching::Receive(Receive { at: 0, begun_at: 0, tries })),
            206 | 416 if at > 0 => {
                let unusable = TransportError::Unusable("another part than asked for".to_owned());
                let begin = Tries { in_all: tries.in_all + 1, ..tries };
                match begin.in_all >= AGAIN {
                    true => Err(Error::from(unusable).into()),
                    false => Ok(Fetching::Open(Self { at: 0, tries: begin })),
                }
            }
            other => Err(Error::NotTegata(other).into()),
        }
    }

    /// Nothing answered.
    pub(super) fn failed(self, error: TransportError) -> Result<Fetching, UpdateError> {
        match error {
            TransportError::LostReply(_) | TransportError::NoConnection(_) => {
                self.tries.cut(self.at, 0, error)
            }
            other => Err(Error::from(other).into()),
        }
    }
}

/// The octets come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Receive {
    pub(super) at: u64,
    begun_at: u64,
    tries: Tries,
}

impl Receive {
    /// `count` more octets are on the disk.
    pub(super) fn received(self, count: u64) -> Self {
        Self { at: self.at + count, ..self }
    }

    /// The body ended, by itself or by a cut.
    pub(super) fn ended(self, cut: Option<TransportError>) -> Result<Fetching, UpdateError> {
        match cut {
            None if self.at == self.tries.length => Ok(Fetching::Whole),
            // A server that ends where it said it would has no more.
            None => Err(UpdateError::PackageDiffers("shorter")),
            Some(error) => self.tries.cut(self.at, self.at - self.begun_at, error),
        }
    }
}

/// Waiting before the next try.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wait {
    open: Open,
}

impl Wait {
    pub(super) fn duration(&self) -> Duration {
        WAIT
    }

    pub(super) fn waited(self) -> Fetching {
        Fetching::Open(self.open)
    }
}
