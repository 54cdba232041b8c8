use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_domain::ServiceKey;

use super::{FileName, Form, ManifestError, PackageDigest, Platform, Version};
use crate::api::Bilingual;

/// Most packages in a manifest: five platforms in some forms each.
const MAX_PACKAGES: usize = 32;

/// Most octets of a package. Ours have about 12 million.
const MAX_PACKAGE: u64 = 512 * 1024 * 1024;

/// Most characters of the notes in one language.
const MAX_NOTES: usize = 2_000;

/// Longest time for which a manifest is good: an old one kept by somebody ends by itself.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What there is, until when that holds, and who must not go on without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The service, `{tenant}/{issuer}` as in its address; a manifest of another is refused.
    #[serde(with = "service")]
    pub service: ServiceKey,
    /// Grows with every manifest of the service, never used twice. An application that saw one
    /// refuses all before it.
    pub sequence: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// The first moment at which it is not good any more.
    pub expires_at: Timestamp,
    /// The oldest version that may still be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_version: Option<Version>,
    /// Whether every other version than the package's must not be used any more.
    #[serde(default)]
    pub mandatory: bool,
    /// Whether the packages replace newer versions, too: the way back from a bad release.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// What is new, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Bilingual>,
    /// The packages, at most one of each platform and form.
    pub packages: Vec<Package>,
}

/// The application for one platform in one form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Where it runs.
    pub platform: Platform,
    /// How it is installed.
    pub form: Form,
    /// Which version it brings.
    pub version: Version,
    /// Its file below the site's `download/`.
    pub file: FileName,
    /// Its length in octets.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: PackageDigest,
}

impl Manifest {
    /// Reads the octets of [`super::Envelope::signed`]. Call only after a signature verified.
    /// Members that a later version added are ignored.
    ///
    /// # Errors
    /// When they are no manifest, or one that contradicts itself ([`Self::check`]).
    pub fn parse(signed: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(signed)
            .map_err(|_| ManifestError("the manifest has another form"))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The octets to be signed.
    ///
    /// # Errors
    /// When the manifest contradicts itself: nobody should sign that.
    pub fn to_octets(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        serde_json::to_vec(self).map_err(|_| ManifestError("cannot be written"))
    }

    /// Whether its parts go together.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), ManifestError> {
        let wrong = |why| Err(ManifestError(why));
        if self.sequence == 0 {
            return wrong("the first sequence number is 1");
        }
        if self.expires_at <= self.issued_at {
            return wrong("it ends before it begins");
        }
        if self.expires_at.duration_since(self.issued_at) > MAX_LIFETIME {
            return wrong("it is good for more than 366 days");
        }
        if self.packages.is_empty() || self.packages.len() > MAX_PACKAGES {
            return wrong("the number of packages is not between 1 and 32");
        }
        let known = self.packages.iter().filter(|package| package.form != Form::Other);
        let places: BTreeSet<_> = known.clone().map(|one| (&one.platform, one.form)).collect();
        if places.len() != known.count() {
            return wrong("two packages have the same platform and form");
        }
        if !self.packages.iter().all(|package| (1..=MAX_PACKAGE).contains(&package.length)) {
            return wrong("a package has between 1 octet and 512 MiB");
        }
        let is_below = |package: &Package| Some(package.version) < self.minimum_version;
        if self.packages.iter().any(is_below) {
            return wrong("a package is older than the oldest version that may be used");
        }
        let plain = |text: &str| {
            text.chars().count() <= MAX_NOTES && !text.chars().any(|c| c.is_control() && c != '\n')
        };
        if !self.notes.iter().all(|notes| plain(&notes.ja) && plain(&notes.en)) {
            return wrong("notes have at most 2000 characters, none of them control characters");
        }
        Ok(())
    }

    /// The package for a platform in a form.
    pub fn package(&self, platform: &Platform, form: Form) -> Option<&Package> {
        self.packages.iter().find(|one| one.platform == *platform && one.form == form)
    }

    /// The oldest version that may still be used where nothing else is known of the PC: the
    /// minimum, or where the update is mandatory the oldest of its packages.
    pub fn oldest_allowed(&self) -> Option<Version> {
        match self.mandatory {
            true => self.packages.iter().map(|package| package.version).min(),
            false => self.minimum_version,
        }
    }
}

/// `{tenant}/{issuer}` in its one spelling.
mod service {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use tegata_domain::ServiceKey;

    pub(super) fn serialize<S: Serializer>(key: &ServiceKey, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(key)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ServiceKey, D::Error> {
        let text = String::deserialize(from)?;
        let key: ServiceKey = text.parse().map_err(de::Error::custom)?;
        match key.to_string() == text {
            true => Ok(key),
            false => Err(de::Error::custom("a service has one spelling")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Manifest {
        Manifest {
            service: "0001/SB0001002C".parse().unwrap(),
            sequence: 7,
            issued_at: "2026-11-23T00:00:00Z".parse().unwrap(),
            expires_at: "2026-12-23T00:00:00Z".parse().unwrap(),
            minimum_version: Some("0.1.0".parse().unwrap()),
            mandatory: false,
            allow_downgrade: false,
            notes: Some(Bilingual { ja: "改良\n修正".to_owned(), en: "Better".to_owned() }),
            packages: vec![Package {
                platform: "linux-x86_64".parse().unwrap(),
                form: Form::Tar,
                version: "0.2.0".parse().unwrap(),
                file: "tegata-app-0.2.0-linux-x86_64.tar.gz".parse().unwrap(),
                length: 12,
                sha256: PackageDigest([7; 32]),
            }],
        }
    }

    #[test]
    fn a_manifest_reads_back() {
        assert_eq!(Manifest::parse(&sample().to_octets().unwrap()).unwrap(), sample());
    }

    #[test]
    fn members_and_forms_of_a_later_time_are_passed_over() {
        let text = String::from_utf8(sample().to_octets().unwrap()).unwrap();
        let later = text.replace("\"sequence\"", "\"colour\":1,\"sequence\"");
        assert_eq!(Manifest::parse(later.as_bytes()).unwrap(), sample());
        let mut forms = sample();
        forms.packages = vec![forms.packages[0].clone(); 2];
        forms.packages.iter_mut().for_each(|package| package.form = Form::Other);
        assert!(forms.check().is_ok(), "nobody here takes either of them");
    }

    #[test]
    fn one_member_twice_or_another_spelling_of_the_service_is_refused() {
        let text = String::from_utf8(sample().to_octets().unwrap()).unwrap();
        for (good, bad) in [
            ("\"sequence\":7", "\"sequence\":7,\"sequence\":8"),
            ("0001/SB0001002C", "0001/sb0001002c"),
            ("\"sequence\":7", "\"sequence\":-7"),
            ("\"sequence\":7", "\"sequence\":7.5"),
            ("\"sequence\":7", "\"sequence\":18446744073709551616"),
            ("0.2.0\",", "0.2\","),
        ] {
            assert!(text.contains(good), "{good}");
            assert!(Manifest::parse(text.replace(good, bad).as_bytes()).is_err(), "{bad}");
        }
        assert!(Manifest::parse(format!("{text} {{}}").as_bytes()).is_err());
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_neither_read_nor_written() {
        type Change = fn(&mut Manifest);
        let changes: [Change; 10] = [
            |m| m.sequence = 0,
            |m| m.expires_at = m.issued_at,
            |m| m.expires_at = m.issued_at + SignedDuration::from_hours(366 * 24 + 1),
            |m| m.packages.clear(),
            |m| m.packages = vec![m.packages[0].clone(); 2],
            |m| m.packages = vec![m.packages[0].clone(); 33],
            |m| m.packages[0].length = 0,
            |m| m.packages[0].length = MAX_PACKAGE + 1,
            |m| m.minimum_version = Some("0.2.1".parse().unwrap()),
            |m| m.notes = Some(Bilingual { ja: String::new(), en: "\u{1b}[31m".to_owned() }),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let mut manifest = sample();
            change(&mut manifest);
            assert!(manifest.to_octets().is_err(), "{nth}");
            let octets = serde_json::to_vec(&manifest).unwrap();
            assert!(Manifest::parse(&octets).is_err(), "{nth}");
        }
    }

    #[test]
    fn a_mandatory_update_leaves_nothing_older_than_its_packages() {
        let mut manifest = sample();
        assert_eq!(manifest.oldest_allowed(), Some("0.1.0".parse().unwrap()));
        manifest.mandatory = true;
        assert_eq!(manifest.oldest_allowed(), Some("0.2.0".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::parse(&octets);
            let _ = super::super::Envelope::parse(&octets);
        }
    }
}
