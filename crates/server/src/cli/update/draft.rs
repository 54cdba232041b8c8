use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tegata_domain::ServiceKey;
use tegata_server::updates::{NewPackage, PackageError};
use tegata_wire::api::Bilingual;
use tegata_wire::update::{Manifest, Package, Version};

use super::super::certificate::duration;

/// What a manifest says besides its packages.
#[derive(Args)]
pub(super) struct Terms {
    /// Oldest version of the application that may still be used
    #[arg(long, value_name = "VERSION")]
    minimum_version: Option<Version>,
    /// Nothing else than this version may be used any more
    #[arg(long)]
    mandatory: bool,
    /// How long the manifest is good: 30d, 12h; publish another one before
    #[arg(long, value_parser = duration, default_value = "30d")]
    expires_in: SignedDuration,
    /// What is new, in Japanese
    #[arg(long, value_name = "TEXT", requires = "notes_en")]
    notes_ja: Option<String>,
    /// What is new, in English
    #[arg(long, value_name = "TEXT", requires = "notes_ja")]
    notes_en: Option<String>,
}

/// The packages of a new manifest.
#[derive(Args)]
pub(super) struct Packages {
    /// Package, as FILE or PLATFORM=FILE; may be given several times
    #[arg(long = "package", value_name = "FILE", value_parser = NewPackage::parse)]
    pub(super) files: Vec<NewPackage>,
    /// Version of the packages [default: the one in the name of each]
    #[arg(long)]
    version: Option<Version>,
}

impl Packages {
    /// Each file with what a manifest says about it.
    pub(super) fn describe(&self) -> Result<Vec<(Package, &NewPackage)>, PackageError> {
        let described = |file| Ok((NewPackage::describe(file, self.version)?, file));
        self.files.iter().map(described).collect()
    }
}

/// The next sequence number: the time in seconds, so that it grows even when what was published
/// before is lost or was signed elsewhere, and in any case one more than the last.
pub(super) fn next_sequence(now: Timestamp, last: Option<u64>) -> u64 {
    let seconds = u64::try_from(now.as_second()).unwrap_or(1).max(1);
    last.map_or(seconds, |last| seconds.max(last.saturating_add(1)))
}

impl Terms {
    pub(super) fn manifest(
        &self,
        service: ServiceKey,
        sequence: u64,
        now: Timestamp,
        packages: Vec<Package>,
    ) -> Manifest {
        // Whole seconds: nobody wants to read more.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let notes = self.notes_ja.clone().zip(self.notes_en.clone());
        Manifest {
            service,
            sequence,
            issued_at: now,
            expires_at: now.saturating_add(self.expires_in).unwrap_or(Timestamp::MAX),
            minimum_version: self.minimum_version,
            mandatory: self.mandatory,
            allow_downgrade: false,
            notes: notes.map(|(ja, en)| Bilingual { ja, en }),
            packages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_follow_the_clock_and_never_fall() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(next_sequence(now, None), 1_800_000_000);
        assert_eq!(next_sequence(now, Some(5)), 1_800_000_000);
        assert_eq!(next_sequence(now, Some(1_800_000_000)), 1_800_000_001);
        assert_eq!(next_sequence(Timestamp::MIN, None), 1);
    }
}
