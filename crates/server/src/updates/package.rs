use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use tegata_wire::update::{
    FileName, Form, Package, PackageDigest, Platform, Version, version_of_program,
};

/// Most octets of an unpacked archive that are looked at.
const MAX_UNPACKED: u64 = 512 * 1024 * 1024;

/// A package on the operator's disk, to be described in a manifest.
#[derive(Clone, Debug)]
pub struct NewPackage {
    /// The file.
    pub path: PathBuf,
    /// Its platform, when its name does not say it.
    pub platform: Option<Platform>,
}

/// Why a file cannot be a package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file system said no.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Nobody would know how to install it.
    #[error("{0} is no .msi, .tar.gz, .deb, .rpm, .pkg or .dmg")]
    Form(PathBuf),
    /// Its name does not say where it runs.
    #[error("{0}: its name names no system and processor; say them: --package linux-x86_64={0}")]
    Platform(PathBuf),
    /// Its name does not say what it is.
    #[error("{0}: its name has no version; say it with --version")]
    Version(PathBuf),
    /// Applications would install it, see that it is another one, and install it again.
    #[error("{path}: the application in it is version {found}, not {said}")]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What the application in it says.
        found: Version,
        /// What its name or the operator says.
        said: Version,
    },
    /// Its name cannot stand in an address.
    #[error("{0}: {1}")]
    Name(PathBuf, tegata_wire::update::NameError),
}

impl NewPackage {
    /// `FILE` or `PLATFORM=FILE`.
    ///
    /// # Errors
    /// When what stands before the sign is no platform.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((platform, path)) => Ok(Self {
                path: path.into(),
                platform: Some(platform.parse().map_err(|error| format!("{platform}: {error}"))?),
            }),
            None => Ok(Self { path: text.into(), platform: None }),
        }
    }

    /// Length and SHA-256 of the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn measure(&self) -> Result<(u64, PackageDigest), PackageError> {
        measure(&self.path).map_err(|error| PackageError::Io(self.path.clone(), error))
    }

    /// Describes the file as it is now, of this version or of the one in its name. A name without
    /// a version gets one: what a name once stood for, it always stands for.
    ///
    /// # Errors
    /// When form, platform or version are not known, the application in an archive is of another
    /// version, or the file cannot be read. What other forms hold is compressed in ways of their
    /// own: there the version is the operator's word.
    pub fn describe(&self, version: Option<Version>) -> Result<Package, PackageError> {
        let path = || self.path.clone();
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let form = Form::named(&name);
        if form == Form::Other {
            return Err(PackageError::Form(path()));
        }
        let platform = self.platform.clone().or_else(|| platform_of(&name, form));
        let platform = platform.ok_or_else(|| PackageError::Platform(path()))?;
        let version = version.or_else(|| version_of(&name));
        let version = version.ok_or_else(|| PackageError::Version(path()))?;
        if form == Form::Tar
            && let Some(found) = version_in(&self.path).map_err(|e| PackageError::Io(path(), e))?
            && found != version
        {
            return Err(PackageError::OtherVersion { path: path(), found, said: version });
        }
        let file = named_with(&name, version);
        let (length, sha256) = self.measure()?;
        let file: FileName = file.parse().map_err(|error| PackageError::Name(path(), error))?;
        Ok(Package { platform, form, version, file, length, sha256 })
    }
}

/// The version of the application in an archive; `None` where none says its version.
fn version_in(archive: &Path) -> io::Result<Option<Version>> {
    let unpacked = GzDecoder::new(File::open(archive)?).take(MAX_UNPACKED);
    match version_of_program(BufReader::new(unpacked)) {
        // No archive at all: what it is shows when somebody installs it.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Ok(None),
        other => other,
    }
}

/// Length and SHA-256 of a file.
pub(super) fn measure(path: &Path) -> io::Result<(u64, PackageDigest)> {
    let mut hasher = Sha256::new();
    let length = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((length, PackageDigest(hasher.finalize().into())))
}

/// The platform that a name speaks of. A Windows installer that names no processor is for the
/// one that nearly all have.
fn platform_of(name: &str, form: Form) -> Option<Platform> {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let system = match form {
        Form::Msi => "windows",
        Form::Deb | Form::Rpm => "linux",
        Form::Pkg | Form::Dmg => "macos",
        Form::Tar | Form::Other => {
            ["linux", "macos", "windows"].into_iter().find(|system| has(&[system]))?
        }
    };
    let processor = match () {
        () if has(&["x86_64", "amd64", "x64"]) => "x86_64",
        () if has(&["aarch64", "arm64"]) => "aarch64",
        () if has(&["i686", "i386", "x86", "32bit"]) => "x86",
        () if form == Form::Msi => "x86_64",
        () => return None,
    };
    format!("{system}-{processor}").parse().ok()
}

/// The first three numbers with dots between them in a name.
fn version_of(name: &str) -> Option<Version> {
    name.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|run| run.trim_matches('.').parse().ok())
}

/// The name with the version in it: `a.msi` becomes `a-0.2.0.msi`.
fn named_with(name: &str, version: Version) -> String {
    if name.contains(&version.to_string()) {
        return name.to_owned();
    }
    let end = if name.to_ascii_lowercase().ends_with(".tar.gz") {
        name.len() - ".tar.gz".len()
    } else {
        name.rfind('.').unwrap_or(name.len())
    };
    format!("{}-{version}{}", &name[..end], &name[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, version: Option<&str>) -> Result<Package, PackageError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        let package = NewPackage::parse(path.to_str().unwrap()).unwrap();
        package.describe(version.map(|version| version.parse().unwrap()))
    }

    #[test]
    fn a_name_says_platform_version_and_form() {
        for (name, platform, file) in [
            (
                "tegata-app-0.2.0-linux-x86_64.tar.gz",
                "linux-x86_64",
                "tegata-app-0.2.0-linux-x86_64.tar.gz",
            ),
            ("tegata-app_0.2.0_arm64.deb", "linux-aarch64", "tegata-app_0.2.0_arm64.deb"),
            (
                "tegata_installer_SB0001002C.msi",
                "windows-x86_64",
                "tegata_installer_SB0001002C-0.2.0.msi",
            ),
            (
                "tegata_installer_SB0001002C_x86.msi",
                "windows-x86",
                "tegata_installer_SB0001002C_x86-0.2.0.msi",
            ),
            ("tegata-macos-arm64.tar.gz", "macos-aarch64", "tegata-macos-arm64-0.2.0.tar.gz"),
        ] {
            let package = described(name, Some("0.2.0")).unwrap();
            assert_eq!(package.platform.to_string(), platform, "{name}");
            assert_eq!(package.file.as_str(), file);
            assert_eq!(package.length, name.len() as u64);
        }
        let package = described("tegata-app-1.20.3-linux-x86_64.tar.gz", None).unwrap();
        assert_eq!(package.version.to_string(), "1.20.3");
    }

    #[test]
    fn an_archive_with_an_application_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata-app-0.2.0-linux-x86_64.tar.gz");
        let file = File::create(&path).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, b"\0tegata-app version stamp 0.1.0;\0").unwrap();
        packed.finish().unwrap();
        let package = NewPackage { path, platform: None };
        let refused = package.describe(None).unwrap_err().to_string();
        assert!(refused.contains("is version 0.1.0, not 0.2.0"), "{refused}");
        package.describe(Some("0.1.0".parse().unwrap())).unwrap();
    }

    #[test]
    fn what_a_name_does_not_say_has_to_be_said() {
        assert!(matches!(described("readme.txt", None), Err(PackageError::Form(_))));
        assert!(matches!(described("a-0.2.0.tar.gz", None), Err(PackageError::Platform(_))));
        assert!(matches!(described("a.msi", None), Err(PackageError::Version(_))));
        assert!(matches!(described("申請-0.2.0.msi", None), Err(PackageError::Name(..))));
        assert!(NewPackage::parse("Linux=a.tar.gz").is_err());
        let said = NewPackage::parse("linux-riscv64=/tmp/a.tar.gz").unwrap();
        assert_eq!(said.platform.unwrap().to_string(), "linux-riscv64");
    }
}
