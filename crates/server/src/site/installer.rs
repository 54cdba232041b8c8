use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tegata_text::Text;
use tokio::sync::Mutex;

use super::encode::percent;
use super::pc::{Arch, Device, System};

/// The folder of installers. Only regular files that stand directly in it are ever offered:
/// requests name one of a listing and never become a path.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    digests: Mutex<Digests>,
}

/// The SHA-256 of files by name, as long as modification time and length stay the same.
type Digests = HashMap<String, (SystemTime, u64, [u8; 32])>;

impl Shelf {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, digests: Mutex::default() }
    }

    /// What stands in the folder now, by system and newest version first; nothing when the
    /// folder is missing.
    pub(super) async fn list(&self) -> io::Result<Vec<Installer>> {
        let mut digests = self.digests.lock().await;
        let (folder, known) = (self.folder.clone(), std::mem::take(&mut *digests));
        let files = tokio::task::spawn_blocking(move || scan(&folder, &known))
            .await
            .map_err(io::Error::other)??;
        *digests = files
            .iter()
            .map(|file| (file.name.clone(), (file.modified, file.len, file.sha256)))
            .collect();
        Ok(files)
    }
}

/// A file that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installer {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) len: u64,
    pub(super) sha256: [u8; 32],
    pub(super) kind: Kind,
    arch: Option<Arch>,
    version: Vec<u64>,
    modified: SystemTime,
}

impl Installer {
    /// Where it stands in a list: by system, the newest version first, then the usual form.
    fn place(&self) -> impl Ord + '_ {
        let system = self.kind.system().map_or(u8::MAX, |system| system as u8);
        (system, Reverse(&self.version), Reverse(self.kind.rank()), self.arch, &self.name)
    }

    /// Whether a PC runs it, as far as its processor is known.
    fn runs(&self, system: System, arch: Option<Arch>) -> bool {
        self.kind.system() == Some(system)
            && match (arch, self.arch) {
                (Some(pc), Some(made_for)) => pc.runs(made_for, system),
                _ => true,
            }
    }

    /// The name of its file as one segment of an address.
    pub(super) fn segment(&self) -> String {
        percent(&self.name)
    }

    pub(super) fn digest(&self) -> String {
        hex::encode(self.sha256)
    }

    /// What it is for: `Windows 64ビット`.
    pub(super) fn label(&self, text: Text) -> String {
        match self.platform(text) {
            Some(platform) if self.kind == Kind::Command => text.site_kind_command(&platform),
            Some(platform) => platform,
            None => text.site_kind_other(),
        }
    }

    /// The PCs that it runs on.
    pub(super) fn platform(&self, text: Text) -> Option<String> {
        self.kind.label().map(|system| platform(system, self.arch, text))
    }

    /// The length as people read it, in decimal units.
    pub(super) fn size(&self) -> String {
        match self.len {
            0..1_000 => format!("{} B", self.len),
            1_000..1_000_000 => format!("{:.1} kB", self.len as f64 / 1e3),
            _ => format!("{:.1} MB", self.len as f64 / 1e6),
        }
    }
}

/// A system with a processor family, as people say it.
pub(super) fn platform(system: &str, arch: Option<Arch>, text: Text) -> String {
    match arch {
        Some(Arch::X64) => format!("{system} {}", text.site_arch_x64()),
        Some(Arch::X86) => format!("{system} {}", text.site_arch_x86()),
        Some(Arch::Arm64) => format!("{system} {}", text.site_arch_arm64()),
        None => system.to_owned(),
    }
}

/// The installer to offer first: the newest that runs on the device, in the form that is the
/// most usual there, made for its very processor.
pub(super) fn best(files: &[Installer], device: Device) -> Option<&Installer> {
    let Device::Pc { system, arch, rpm } = device else { return None };
    files.iter().filter(|file| file.kind.is_installer() && file.runs(system, arch)).max_by_key(
        |file| {
            let exact = file.arch.is_some() && file.arch == arch;
            // Of an unknown processor's family the one that most PCs run, or one for all.
            let usual = arch.is_none() && matches!(file.arch, None | Some(Arch::X64));
            (&file.version, exact || usual, (file.kind == Kind::Rpm) == rpm, file.kind.rank())
        },
    )
}

/// The command-line program for the device; for a device that is not recognised, the one that
/// most PCs run.
pub(super) fn command(files: &[Installer], device: Device) -> Option<&Installer> {
    files.iter().filter(|file| file.kind == Kind::Command).find(|file| match device {
        Device::Pc { system, arch, .. } => file.runs(system, arch),
        Device::Unknown => true,
        Device::Mobile => false,
    })
}

/// What a file is, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Msi,
    Exe,
    Dmg,
    Pkg,
    Deb,
    Rpm,
    AppImage,
    Tar,
    /// The program itself, without a window and without an extension. Only names in full are
    /// taken: pages show them as part of a command.
    Command,
    /// A signature, a manifest, a manual.
    Other,
}

/// The command-line program for each processor family.
const COMMANDS: [&str; 2] = ["tegata-app-linux-x86_64", "tegata-app-linux-aarch64"];

impl Kind {
    fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |end: &str| name.ends_with(end);
        match () {
            () if ends(".msi") => Self::Msi,
            () if ends(".exe") => Self::Exe,
            () if ends(".dmg") => Self::Dmg,
            () if ends(".pkg") => Self::Pkg,
            () if ends(".deb") => Self::Deb,
            () if ends(".rpm") => Self::Rpm,
            () if ends(".appimage") => Self::AppImage,
            () if (ends(".tar.gz") || ends(".tar.xz")) && name.contains("linux") => Self::Tar,
            () if COMMANDS.contains(&name.as_str()) => Self::Command,
            () => Self::Other,
        }
    }

    pub(super) fn system(self) -> Option<System> {
        match self {
            Self::Msi | Self::Exe => Some(System::Windows),
            Self::Dmg | Self::Pkg => Some(System::Macos),
            Self::Deb | Self::Rpm | Self::AppImage | Self::Tar | Self::Command => {
                Some(System::Linux)
            }
            Self::Other => None,
        }
    }

    /// Whether it brings the application with its window.
    pub(super) fn is_installer(self) -> bool {
        !matches!(self, Self::Command | Self::Other)
    }

    fn label(self) -> Option<&'static str> {
        match self {
            Self::Deb => Some("Debian / Ubuntu Linux"),
            Self::Rpm => Some("Red Hat / Fedora Linux"),
            other => other.system().map(System::name),
        }
    }

    /// How usual the form is on its system.
    fn rank(self) -> u8 {
        match self {
            Self::Msi | Self::Pkg | Self::Deb => 3,
            Self::Exe | Self::Dmg | Self::Rpm => 2,
            Self::AppImage => 1,
            Self::Tar | Self::Command | Self::Other => 0,
        }
    }

    /// What it is sent as; never as something that a browser would show.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Msi => "application/x-msi",
            Self::Exe => "application/vnd.microsoft.portable-executable",
            Self::Dmg => "application/x-apple-diskimage",
            Self::Deb => "application/vnd.debian.binary-package",
            Self::Rpm => "application/x-rpm",
            Self::Tar => "application/gzip",
            Self::Pkg | Self::AppImage | Self::Command | Self::Other => "application/octet-stream",
        }
    }
}

fn scan(folder: &Path, known: &Digests) -> io::Result<Vec<Installer>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // The type of the entry itself: a symbolic link is none of ours, wherever it leads.
        if !is_offered(&name) || !entry.file_type()?.is_file() {
            continue;
        }
        let metadata = entry.metadata()?;
        let (modified, len) = (metadata.modified()?, metadata.len());
        let sha256 = match known.get(&name) {
            Some((then, length, digest)) if (*then, *length) == (modified, len) => *digest,
            _ => digest(&entry.path())?,
        };
        files.push(Installer {
            kind: Kind::named(&name),
            arch: Arch::named(&name),
            version: version(&name),
            path: entry.path(),
            name,
            len,
            sha256,
            modified,
        });
    }
    files.sort_by(|a, b| a.place().cmp(&b.place()));
    Ok(files)
}

/// Neither hidden, nor half uploaded, nor with a name that reads as something else.
fn is_offered(name: &str) -> bool {
    !name.starts_with('.')
        && ![".part", ".tmp", "~"].iter().any(|end| name.ends_with(end))
        && !name.contains(|c: char| c.is_control() || "\\/\"".contains(c))
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}

/// The numbers of the first dotted version in a file's name: `[1, 10, 0]`.
fn version(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|run| run.trim_matches('.'))
        .find(|run| run.contains('.'))
        .map(|run| run.split('.').map_while(|number| number.parse().ok()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<Installer> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), name).unwrap();
        }
        scan(folder.path(), &Digests::new()).unwrap()
    }

    fn pc(system: System, arch: Option<Arch>) -> Device {
        Device::Pc { system, arch, rpm: false }
    }

    #[test]
    fn systems_stand_together_with_the_newest_version_first() {
        let sorted = [
            "app-1.10.0-x64.msi",
            "app-1.10.0-x86.msi",
            "app-1.10.0-x64.exe",
            "app-1.9.0-x64.msi",
            "app.msi",
            "app-1.10.0.pkg",
            "app-1.10.0.deb",
            "app-1.10.0.rpm",
            "app-1.10.0.sig",
        ];
        let mut shuffled = sorted;
        shuffled.sort();
        let names: Vec<_> = files(&shuffled).into_iter().map(|file| file.name).collect();
        assert_eq!(names, sorted);
    }

    #[test]
    fn each_pc_gets_what_runs_on_it() {
        let files = files(&[
            "app-1.0.0-x86_64.msi",
            "app-1.0.0-x86_64.exe",
            "app-1.0.0-i686.msi",
            "app-1.0.0-arm64.dmg",
            "app-1.0.0-x86_64.dmg",
            "app-1.0.0-amd64.deb",
            "app-1.0.0-x86_64.rpm",
            "app-1.0.0-arm64.deb",
            "app-0.9.0-x86_64.msi",
        ]);
        let rpm = Device::Pc { system: System::Linux, arch: Some(Arch::X64), rpm: true };
        for (device, name) in [
            (pc(System::Windows, Some(Arch::X64)), Some("app-1.0.0-x86_64.msi")),
            (pc(System::Windows, Some(Arch::X86)), Some("app-1.0.0-i686.msi")),
            (pc(System::Windows, None), Some("app-1.0.0-x86_64.msi")),
            (pc(System::Macos, None), Some("app-1.0.0-x86_64.dmg")),
            (pc(System::Linux, Some(Arch::X64)), Some("app-1.0.0-amd64.deb")),
            (pc(System::Linux, Some(Arch::Arm64)), Some("app-1.0.0-arm64.deb")),
            (pc(System::Linux, Some(Arch::X86)), None),
            (rpm, Some("app-1.0.0-x86_64.rpm")),
            (Device::Mobile, None),
            (Device::Unknown, None),
        ] {
            assert_eq!(best(&files, device).map(|file| file.name.as_str()), name, "{device:?}");
        }
    }

    #[test]
    fn the_bare_program_is_a_kind_of_its_own_and_no_installer() {
        let names = ["tegata-app-linux-x86_64", "tegata-app-linux-aarch64"];
        let programs = files(&names);
        let labels: Vec<_> = programs
            .iter()
            .flat_map(|file| {
                [tegata_text::Lang::Ja, tegata_text::Lang::En]
                    .map(|lang| file.label(Text::of(lang)))
            })
            .collect();
        assert_eq!(
            labels,
            [
                "Linux 64ビット用 コマンドラインプログラム",
                "Command-line program for Linux 64-bit",
                "Linux ARM 64ビット用 コマンドラインプログラム",
                "Command-line program for Linux ARM 64-bit",
            ]
        );
        for (device, name) in [
            (pc(System::Linux, Some(Arch::X64)), Some(names[0])),
            (pc(System::Linux, Some(Arch::Arm64)), Some(names[1])),
            (pc(System::Linux, None), Some(names[0])),
            (pc(System::Linux, Some(Arch::X86)), None),
            (pc(System::Windows, Some(Arch::X64)), None),
            (pc(System::Macos, None), None),
            (Device::Mobile, None),
            (Device::Unknown, Some(names[0])),
        ] {
            let found = command(&programs, device).map(|file| file.name.as_str());
            assert_eq!(found, name, "{device:?}");
            assert_eq!(best(&programs, device), None, "{device:?}");
        }
    }

    #[test]
    fn what_only_looks_like_the_bare_program_is_another_file() {
        for name in [
            "tegata-app-linux-x86_64.sig",
            "tegata-app-linux-x86_64; id",
            "x-tegata-app-linux-x86_64",
            "tegata-app-linux-i686",
            "tegata-app-linux",
        ] {
            assert_eq!(Kind::named(name), Kind::Other, "{name}");
        }
    }

    #[test]
    fn hidden_half_uploaded_and_nested_files_are_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".hidden", "app.msi.part", "app.msi~", "line\nfeed.msi", "quote\".msi"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.msi")).unwrap();
        assert_eq!(scan(folder.path(), &Digests::new()).unwrap(), []);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("app.msi")).unwrap();
        assert_eq!(scan(folder.path(), &Digests::new()).unwrap(), []);
    }

    #[test]
    fn a_missing_folder_is_empty() {
        assert_eq!(scan(Path::new("/nonexistent/folder"), &Digests::new()).unwrap(), []);
    }

    #[tokio::test]
    async fn a_digest_is_computed_again_only_when_time_or_length_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.msi");
        let shelf = Shelf::new(folder.path().to_owned());
        fs::write(&file, "one").unwrap();
        let first = shelf.list().await.unwrap().remove(0);
        assert_eq!(first.digest(), hex::encode(Sha256::digest("one")));

        fs::write(&file, "two").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(first.modified).unwrap();
        assert_eq!(shelf.list().await.unwrap()[0].sha256, first.sha256, "remembered");

        fs::write(&file, "three").unwrap();
        assert_eq!(shelf.list().await.unwrap()[0].digest(), hex::encode(Sha256::digest("three")));
    }

    #[test]
    fn sizes_are_decimal() {
        let mut file = files(&["app.msi"]).remove(0);
        for (len, size) in [(999, "999 B"), (1_500, "1.5 kB"), (11_796_480, "11.8 MB")] {
            file.len = len;
            assert_eq!(file.size(), size);
        }
    }
}
