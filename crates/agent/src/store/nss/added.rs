//! Which authorities this program added to a database: written down beside it, so that only those
//! are taken away again. One that was there before, or that somebody else trusted, stays.

use std::collections::BTreeSet;
use std::path::Path;

use cryptoki::error::Error;
use cryptoki::session::Session;
use serde::{Deserialize, Serialize};

use super::super::token::{authority_name, certificates};
use super::super::{StoreError, Untrusted};
use super::trusts;
use crate::Fingerprint;
use crate::cert::Cert;
use crate::files::{self, Access, Existing};

/// The file beside `cert9.db`.
const FILE: &str = "tegata-authorities.json";

/// Longest record that is read, in octets: a service has one root and few issuing CAs.
const MAX_LEN: u64 = 64 * 1024;

/// The record, by SHA-256 of certificates.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Added {
    /// Certificates that were not there.
    certificates: BTreeSet<String>,
    /// Roots that were not trusted.
    trusted: BTreeSet<String>,
}

impl Added {
    /// What is written down; where nothing is, or something else, nothing was added.
    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let octets = files::read(&path, MAX_LEN).map_err(StoreError::io(&path))?;
        Ok(octets.and_then(|octets| serde_json::from_slice(&octets).ok()).unwrap_or_default())
    }

    /// Notes which of these are about to be added. It is written before they are: a crash leaves
    /// none that nobody knows of.
    pub(super) fn note(
        folder: &Path,
        there: &There,
        root: &Cert,
        intermediates: &[Cert],
    ) -> Result<(), StoreError> {
        let mut added = Self::read(folder)?;
        let all = intermediates.iter().chain([root]);
        added.certificates.extend(all.filter(|ca| !there.holds(ca)).map(name));
        if !there.is_trusted {
            added.trusted.insert(name(root));
        }
        added.write(folder)
    }

    /// Keeps the record, or removes it where nothing is left in it.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(FILE);
        let io = StoreError::io(&path);
        if self == &Self::read(folder)? {
            return Ok(());
        }
        if *self == Self::default() {
            return files::remove(&path).map_err(io);
        }
        let octets = serde_json::to_vec(self)
            .map_err(|_| StoreError::Internal("the record of authorities has no form"))?;
        files::write(&path, &octets, Access::Private, Existing::Replace).map_err(io)
    }

    /// Takes away what nothing needs any more.
    pub(super) fn remove(&mut self, session: &Session) -> Result<Untrusted, Error> {
        let mut result = Untrusted::default();
        let all = certificates(session)?;
        let seats: Vec<_> = all.iter().filter(|one| one.certificate.seat().is_some()).collect();
        let leads_to = |ca: &Cert| seats.iter().any(|seat| seat.certificate.is_signed_by(ca));
        let is_needed = |ca: &Cert| {
            let mut issuing = all.iter().map(|found| &found.certificate);
            leads_to(ca)
                || issuing
                    .any(|issuing| issuing != ca && leads_to(issuing) && issuing.is_signed_by(ca))
        };
        for found in &all {
            let (ca, key) = (&found.certificate, name(&found.certificate));
            let (is_added, is_trusted) =
                (self.certificates.contains(&key), self.trusted.contains(&key));
            if !is_added && !is_trusted {
                continue;
            }
            if is_needed(ca) {
                result.kept.push(authority_name(ca));
                continue;
            }
            if is_trusted {
                trusts::withdraw(session, ca, is_added)?;
                self.trusted.remove(&key);
            }
            if is_added {
                session.destroy_object(found.handle)?;
                self.certificates.remove(&key);
            }
            result.removed.push(authority_name(ca));
        }
        // What is not there any more needs no note.
        let is_there = |key: &String| all.iter().any(|found| name(&found.certificate) == *key);
        self.certificates.retain(is_there);
        self.trusted.retain(is_there);
        Ok(result)
    }
}

/// What a database holds before something is added.
pub(super) struct There {
    certificates: Vec<Cert>,
    is_trusted: bool,
}

impl There {
    pub(super) fn look(session: &Session, root: &Cert) -> Result<Self, Error> {
        let found = certificates(session)?.into_iter();
        Ok(Self {
            certificates: found.map(|found| found.certificate).collect(),
            is_trusted: trusts::is_trusted(session, root)?,
        })
    }

    fn holds(&self, ca: &Cert) -> bool {
        self.certificates.contains(ca)
    }
}

fn name(ca: &Cert) -> String {
    Fingerprint::of(ca.der()).to_string()
}
