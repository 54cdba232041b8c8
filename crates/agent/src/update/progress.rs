use std::time::Duration;

use tegata_text::Text;

/// The steps of an update as a person follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reaching the site.
    Connect,
    /// Asking what there is.
    Look,
    /// Fetching the package.
    Download,
    /// Comparing it with what was signed.
    Verify,
    /// Putting the new version in the place of this one.
    Install,
}

/// What is reported while an update runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step begins.
    Step(Step),
    /// So many octets of an earlier try are there already.
    Resumed(u64),
    /// So much of the package is here.
    Octets {
        /// Octets that are here.
        done: u64,
        /// Octets of the whole package.
        of: u64,
    },
    /// The connection was cut; it is tried again after this time.
    Waiting(Duration),
}

impl Progress {
    /// The line that a person reads; none for the count of octets, which is shown as it grows.
    pub fn line(self, text: Text) -> Option<String> {
        Some(match self {
            Self::Step(Step::Connect) => text.app_step_connect(),
            Self::Step(Step::Look) => text.update_step_look(),
            Self::Step(Step::Download) => text.update_step_download(),
            Self::Step(Step::Verify) => text.update_step_verify(),
            Self::Step(Step::Install) => text.update_step_install(),
            Self::Resumed(octets) => text.update_resumed(&megabytes(octets)),
            Self::Octets { .. } => return None,
            Self::Waiting(time) => text.update_waiting(&time.as_secs().to_string()),
        })
    }
}

/// Octets as people read them, in decimal megabytes with one digit behind the point.
pub fn megabytes(octets: u64) -> String {
    format!("{:.1}", octets as f64 / 1e6)
}
