//! What the application remembers between two looks: the last manifest seen, and when a person
//! said *later*.
//!
//! One small file a service in the user's own state folder. Without it, or with one that cannot
//! be read, nothing older than the running version is ever installed, but for a manifest that
//! allows it in so many words; and of an unreadable one not even that is taken at once, because
//! then an older manifest of this kind could be played again: only a manifest after the first one
//! seen since may lead to an older version.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_domain::ServiceKey;
use tegata_wire::update::PackageDigest;

use super::verify::{Refusal, Verified};
use crate::files::{self, Access, Existing};

/// Longest file that is read, in octets. Ours have about 300.
const MAX_LEN: u64 = 4096;

/// How long *later* holds.
const LATER: SignedDuration = SignedDuration::from_hours(24);

/// What was remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    written: Option<Written>,
    is_lost: bool,
}

/// The file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Sequence number of the last manifest seen.
    sequence: u64,
    /// SHA-256 of its signed octets.
    sha256: PackageDigest,
    /// Manifests up to this number do not lead to an older version: the first one that was seen
    /// after the file before could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    no_downgrade_until: Option<u64>,
    /// When a person said *later* to the update of this manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    later_at: Option<Timestamp>,
}

impl Memory {
    /// What `folder` holds about a service. What cannot be read counts as lost.
    pub(super) fn load(folder: &Path, service: &ServiceKey) -> Self {
        let path = path(folder, service);
        let octets = match (files::is_private(&path), files::read(&path, MAX_LEN)) {
            (Ok(true), Ok(None)) => return Self::default(),
            (Ok(true), Ok(Some(octets))) => octets,
            // Whoever can write there may have written this.
            _ => return Self { written: None, is_lost: true },
        };
        match serde_json::from_slice(&octets) {
            Ok(written) => Self { written: Some(written), is_lost: false },
            Err(_) => Self { written: None, is_lost: true },
        }
    }

    /// Writes it down.
    pub(super) fn keep(&self, folder: &Path, service: &ServiceKey) -> io::Result<()> {
        let Some(written) = self.written else { return Ok(()) };
        files::make_private_folder(folder)?;
        let json = serde_json::to_vec_pretty(&written)?;
        files::write(&path(folder, service), &json, Access::Private, Existing::Replace)
    }

    /// Takes a manifest up, unless it was seen and left behind.
    pub(super) fn admit(self, verified: &Verified) -> Result<Self, Refusal> {
        let (found, sha256) = (verified.manifest().sequence, verified.digest());
        let fresh = Written {
            sequence: found,
            sha256,
            no_downgrade_until: self.is_lost.then_some(found),
            later_at: None,
        };
        let written = match self.written {
            Some(seen) if found < seen.sequence => {
                return Err(Refusal::Replayed { seen: seen.sequence, found });
            }
            Some(seen) if found == seen.sequence && sha256 != seen.sha256 => {
                return Err(Refusal::Ambiguous(found));
            }
            Some(seen) if found == seen.sequence => seen,
            _ => fresh,
        };
        Ok(Self { written: Some(written), is_lost: false })
    }

    /// Whether the manifest taken up may lead to a version older than the running one.
    pub(super) fn lets_downgrade(&self) -> bool {
        let Some(written) = self.written else { return false };
        written.no_downgrade_until.is_none_or(|until| written.sequence > until)
    }

    /// A person said *later*.
    pub(super) fn later(&mut self, now: Timestamp) {
        if let Some(written) = &mut self.written {
            written.later_at = Some(now);
        }
    }

    /// Whether *later* still holds. A clock that was set back or far ahead ends it.
    pub(super) fn is_postponed(&self, now: Timestamp) -> bool {
        let at = self.written.and_then(|written| written.later_at);
        at.is_some_and(|at| at <= now && now.duration_since(at) < LATER)
    }

    /// The last sequence number seen.
    pub(super) fn sequence(&self) -> Option<u64> {
        self.written.map(|written| written.sequence)
    }
}

fn path(folder: &Path, service: &ServiceKey) -> PathBuf {
    folder.join(format!("{}-{}.json", service.tenant, service.issuer))
}
