use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tegata_text::{Text, date_time};

use super::verify::Refusal;
use crate::{Error, Exit, Explanation};

/// What stops an update.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The site: not reached, not believed, or it said no.
    #[error(transparent)]
    Site(#[from] Error),
    /// The installer's `brand.json` names no update key: nobody could say what is genuine.
    #[error("this installation knows no update key")]
    NoKeys,
    /// The manifest is not believed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The package is not the one that was signed.
    #[error("the package is not what the manifest says: {0}")]
    PackageDiffers(&'static str),
    /// What was signed is not a package that can be installed here.
    #[error("the package cannot be installed: {0}")]
    BadPackage(String),
    /// Another program of this user updates now.
    #[error("an update is under way already")]
    UnderWay,
    /// The person does not want it any more.
    #[error("cancelled")]
    Cancelled,
    /// No room.
    #[error("no room on the disk for {0}")]
    DiskFull(PathBuf),
    /// The folder of the program is not this user's to change.
    #[error("{0} cannot be written")]
    NotWritable(PathBuf),
    /// The disk said no.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system's installer did not start.
    #[error("the installer did not start: {0}")]
    Installer(io::Error),
}

impl UpdateError {
    /// What the disk said about `path`, told apart by what a person can do about it.
    pub(super) fn disk(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull(path.to_owned()),
            _ => Self::Io { path: path.to_owned(), source },
        }
    }

    /// As [`Self::disk`], in the folder of the program.
    pub(super) fn program(folder: &Path) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable(folder.to_owned())
            }
            _ => Self::disk(folder)(source),
        }
    }

    /// The exit code of the command.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Site(error) => error.exit(),
            Self::NoKeys | Self::Cancelled => Exit::Usage,
            Self::Refused(_) | Self::PackageDiffers(_) | Self::BadPackage(_) => Exit::Refused,
            Self::UnderWay
            | Self::DiskFull(_)
            | Self::NotWritable(_)
            | Self::Io { .. }
            | Self::Installer(_) => Exit::Store,
        }
    }

    /// The error in the language of `text`, with times in the zone of this PC.
    pub fn explain(&self, text: Text) -> Explanation {
        let path = |path: &Path| path.display().to_string();
        let (code, title, detail) = match self {
            Self::Site(error) => return error.explain(text),
            Self::NoKeys => ("update_no_keys", text.update_no_keys(), text.update_from_site_do()),
            Self::Refused(refusal) => explain_refusal(refusal, text),
            Self::PackageDiffers(why) => (
                "update_package_differs",
                text.update_package_differs(why),
                text.update_package_differs_do(),
            ),
            Self::BadPackage(why) => {
                ("update_bad_package", text.update_bad_package(why), text.update_bad_package_do())
            }
            Self::UnderWay => {
                ("update_under_way", text.update_under_way(), text.update_under_way_do())
            }
            Self::Cancelled => {
                ("update_cancelled", text.update_cancelled(), text.update_cancelled_do())
            }
            Self::DiskFull(at) => {
                ("disk_full", text.update_disk_full(&path(at)), text.update_disk_full_do())
            }
            Self::NotWritable(at) => (
                "update_not_writable",
                text.update_not_writable(&path(at)),
                text.update_not_writable_do(),
            ),
            Self::Io { path: at, source } => {
                ("update_io", text.update_io(&path(at), &source.to_string()), text.update_io_do())
            }
            Self::Installer(source) => (
                "update_installer",
                text.update_installer(&source.to_string()),
                text.update_from_site_do(),
            ),
        };
        Explanation { code: code.to_owned(), title, detail, reference: String::new() }
    }
}

fn explain_refusal(refusal: &Refusal, text: Text) -> (&'static str, String, String) {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let at = |at: Timestamp| date_time(text.lang(), at, &zone);
    match refusal {
        Refusal::Malformed(error) => (
            "update_malformed",
            text.update_malformed(&error.to_string()),
            text.update_not_believed_do(),
        ),
        Refusal::Unsigned => {
            ("update_unsigned", text.update_unsigned(), text.update_not_believed_do())
        }
        Refusal::OtherService(service) => (
            "update_other_service",
            text.update_other_service(&service.to_string()),
            text.update_not_believed_do(),
        ),
        Refusal::Expired(ended) => {
            ("update_expired", text.update_expired(&at(*ended)), text.update_clock_do())
        }
        Refusal::FromFuture(signed) => {
            ("update_from_future", text.update_from_future(&at(*signed)), text.update_clock_do())
        }
        Refusal::Replayed { seen, found } => (
            "update_replayed",
            text.update_replayed(&found.to_string(), &seen.to_string()),
            text.update_not_believed_do(),
        ),
        Refusal::Ambiguous(number) => (
            "update_ambiguous",
            text.update_ambiguous(&number.to_string()),
            text.update_not_believed_do(),
        ),
    }
}
