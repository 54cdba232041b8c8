use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a version, platform, file name or digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(&'static str);

macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

/// A version of the application: three numbers, `1.20.3`. Releases have nothing else (of Semantic
/// Versioning 2.0.0, neither pre-release nor build), so that order is never in doubt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version([u32; 3]);

impl FromStr for Version {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = NameError("a version is three numbers, such as 1.20.3");
        let mut numbers = [0; 3];
        let mut parts = text.split('.');
        for number in &mut numbers {
            let part = parts.next().ok_or(error)?;
            let digits = part.bytes().all(|c| c.is_ascii_digit());
            let leads_with_zero = part.len() > 1 && part.starts_with('0');
            if !digits || leads_with_zero {
                return Err(error);
            }
            *number = part.parse().map_err(|_| error)?;
        }
        parts.next().is_none().then_some(Self(numbers)).ok_or(error)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

as_text!(Version);

/// System and processor: `windows-x86_64`, `linux-aarch64`, `macos-aarch64`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform(String);

impl Platform {
    /// The one that this program was built for.
    pub fn here() -> Self {
        Self(format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH))
    }
}

impl FromStr for Platform {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let word = |part: &str| {
            (1..=16).contains(&part.len())
                && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        };
        match text.split_once('-') {
            Some((system, processor)) if word(system) && word(processor) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NameError("a platform is system and processor, such as linux-x86_64")),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Platform);

/// The form of a package, which says how it is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Windows Installer.
    Msi,
    /// A gzipped tar with the program and its `brand.json`.
    Tar,
    /// Debian package.
    Deb,
    /// RPM package.
    Rpm,
    /// macOS installer.
    Pkg,
    /// macOS disk image.
    Dmg,
    /// One that this program does not know: newer manifests are read by older programs.
    #[serde(other)]
    Other,
}

impl Form {
    /// The form of a file, by the end of its name.
    pub fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |end: &str| name.ends_with(end);
        match () {
            () if ends(".msi") => Self::Msi,
            () if ends(".tar.gz") || ends(".tgz") => Self::Tar,
            () if ends(".deb") => Self::Deb,
            () if ends(".rpm") => Self::Rpm,
            () if ends(".pkg") => Self::Pkg,
            () if ends(".dmg") => Self::Dmg,
            () => Self::Other,
        }
    }

    /// The word for it in a manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Msi => "msi",
            Self::Tar => "tar",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Pkg => "pkg",
            Self::Dmg => "dmg",
            Self::Other => "other",
        }
    }
}

/// The name of a package's file: letters, digits, `.`, `_`, `+` and `-`, not beginning with a dot
/// or hyphen, at most 128. It stands in addresses and command lines as it is and is never a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"._+-".contains(&c);
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(plain)
            && !text.starts_with(['.', '-']);
        fits.then(|| Self(text.to_owned())).ok_or(NameError(
            "a package's file name has letters, digits, dots, hyphens, + and _, at most 128",
        ))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(FileName);

/// SHA-256 of a package, in JSON as 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageDigest(pub [u8; 32]);

impl FromStr for PackageDigest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = NameError("a SHA-256 has 64 hexadecimal digits in lower case");
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(error),
        };
        if text.len() != 64 {
            return Err(error);
        }
        let mut octets = [0; 32];
        for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
            *octet = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(octets))
    }
}

impl fmt::Display for PackageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

as_text!(PackageDigest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.10.0") > version("0.9.9"));
        assert!(version("1.0.0") > version("0.99.99"));
        assert_eq!(version("1.2.3").to_string(), "1.2.3");
        for text in
            ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.3-rc1", "01.2.3", "1.+2.3", "1.2.4294967296"]
        {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_name_is_never_a_path_an_option_or_hidden() {
        assert!("tegata_installer_SB0001002C-0.2.0.msi".parse::<FileName>().is_ok());
        for text in [
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "C:a",
            "-rf",
            ".hidden",
            "a b",
            "a\0",
            "申請.msi",
            &"x".repeat(129),
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn platforms_are_two_words() {
        assert_eq!("windows-x86_64".parse::<Platform>().unwrap().to_string(), "windows-x86_64");
        assert!(Platform::here().to_string().parse::<Platform>().is_ok());
        for text in ["", "linux", "linux-", "-x86", "Linux-x86_64", "linux-x86-64", "linux x86"] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let digest = PackageDigest([0xa1; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for text in ["", &"A1".repeat(32), &"a1".repeat(31), &"é".repeat(32), &"g1".repeat(32)] {
            assert!(text.parse::<PackageDigest>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn forms_of_a_later_time_are_other() {
        assert_eq!(serde_json::from_str::<Form>("\"tar\"").unwrap(), Form::Tar);
        assert_eq!(serde_json::from_str::<Form>("\"msix\"").unwrap(), Form::Other);
        assert_eq!(Form::named("a-0.2.0-linux-x86_64.tar.gz"), Form::Tar);
        assert_eq!(Form::named("tegata_installer_SB0001002C.MSI"), Form::Msi);
        for form in [Form::Msi, Form::Tar, Form::Deb, Form::Rpm, Form::Pkg, Form::Dmg] {
            assert_eq!(serde_json::to_string(&form).unwrap(), format!("{:?}", form.word()));
        }
    }
}
