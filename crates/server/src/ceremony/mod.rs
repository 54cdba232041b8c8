//! A key ceremony, carried out: offline, from one file, into one new directory.
//!
//! [`Ready::read`] checks everything that can be known before a key is touched; `carry_out` makes
//! what the file asks for in a directory beside the output, verifies each piece, writes the
//! transcript and only then gives the directory its name. Whatever ends it early leaves nothing.

mod carry_out;
mod host;
mod output;
mod ready;

use std::path::PathBuf;

use tegata_ceremony::CeremonyErrors;
use tegata_domain::Issuer;

use crate::hierarchy::HierarchyError;
use crate::keyfile::KeyFileError;

pub use ready::{Ready, pem_or_der};

/// Why a ceremony does not take place, or was broken off.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file makes no sense.
    #[error("{0}")]
    Wrong(#[from] CeremonyErrors),
    /// What the file names, the clock or the output do not allow it.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A certificate or list.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
    /// The output.
    #[error("{0}: {1}")]
    Output(PathBuf, std::io::Error),
    /// Broken off after a key was made in a token.
    #[error("{0}\nnothing was written, but the token holds the new key {1}: remove it there")]
    KeyLeft(Box<CeremonyError>, Issuer),
}
