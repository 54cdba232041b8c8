use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tegata_domain::Issuer;
use tegata_text::Text;
use tokio::sync::Mutex;

use super::encode::percent;
use super::pc::{Arch, Device, System};

/// The folders of installers. Only regular files that stand directly in them are ever offered:
/// requests name one of a listing and never become a path.
#[derive(Debug)]
pub(super) struct Shelf {
    folders: [PathBuf; 2],
    digests: Mutex<Digests>,
}

/// The SHA-256 of files, as long as modification time and length stay the same.
type Digests = HashMap<PathBuf, (SystemTime, u64, [u8; 32])>;

impl Shelf {
    /// A name in the first folder hides the same name in the second.
    pub(super) fn new(folders: [PathBuf; 2]) -> Self {
        Self { folders, digests: Mutex::default() }
    }

    /// What stands in the folders now, by system and newest version first; nothing when they
    /// are missing.
    pub(super) async fn list(&self) -> io::Result<Vec<Installer>> {
        let mut digests = self.digests.lock().await;
        let (folders, known) = (self.folders.clone(), std::mem::take(&mut *digests));
        let files = tokio::task::spawn_blocking(move || scan(&folders, &known))
            .await
            .map_err(io::Error::other)??;
        *digests = files
            .iter()
            .map(|file| (file.path.clone(), (file.modified, file.len, file.sha256)))
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
    /// For whom an MSI package of ours installs.
    scope: Option<Scope>,
    version: Vec<u64>,
    modified: SystemTime,
}

impl Installer {
    /// Where it stands in a list: by system, the newest version first, then the usual form.
    fn place(&self) -> impl Ord + '_ {
        let system = self.kind.system().map_or(u8::MAX, |system| system as u8);
        let usual = Reverse((self.scope, self.kind.rank()));
        (system, Reverse(&self.version), usual, self.arch, &self.name)
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

    /// The command that installs an archive or a Debian package of `make package`, in the folder
    /// where it lies.
    pub(super) fn install_command(&self) -> Option<String> {
        // Of another name no command is shown rather than one that a shell would misread.
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-._+~".contains(c);
        if !self.name.starts_with("tegata-app") || !self.name.chars().all(is_word) {
            return None;
        }
        match self.kind {
            Kind::Tar => {
                let folder = self.name.strip_suffix(".tar.gz")?;
                let is_ours = folder.starts_with("tegata-app-");
                is_ours.then(|| format!("tar -xzf {folder}.tar.gz && ./{folder}/install.sh"))
            }
            Kind::Deb => Some(format!("sudo apt install ./{}", self.name)),
            _ => None,
        }
    }

    /// The name of the command that it installs, where `make package` gave it one of its own after
    /// the service's first issuing CA: `tegata-app-sb0001002c`.
    pub(super) fn installs_command(&self, issuer: &Issuer) -> Option<String> {
        let slug = issuer.as_str().to_ascii_lowercase();
        let rest = self.name.strip_prefix("tegata-app-")?.to_ascii_lowercase();
        let rest = rest.strip_prefix(&slug)?;
        let is_ours = match self.kind {
            Kind::Deb => rest.starts_with('_'),
            Kind::Tar => rest.starts_with('-'),
            _ => false,
        };
        is_ours.then(|| format!("tegata-app-{slug}"))
    }

    /// What it is for: `Windows 64ビット`.
    pub(super) fn label(&self, text: Text) -> String {
        let Some(platform) = self.platform(text) else { return text.site_kind_other() };
        match (self.kind, self.scope) {
            (Kind::Command, _) => text.site_kind_command(&platform),
            (Kind::Tar, _) => text.package_archive(&platform),
            (_, Some(Scope::Person)) => text.package_for_me(&platform),
            (_, Some(Scope::Machine)) => text.package_for_all(&platform),
            (_, None) => platform,
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
            let rpm = (file.kind == Kind::Rpm) == rpm;
            // Of two that a processor only emulates, the more usual one.
            let form = (file.scope, file.kind.rank(), Reverse(file.arch));
            (&file.version, exact || usual, rpm, form)
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

/// For whom a package installs. What needs no administrator is offered first: a clerk has no
/// such rights, and their company may not give them any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Everyone on the PC.
    Machine,
    /// Whoever runs it.
    Person,
}

/// What the name of an MSI package of `make package` says:
/// `tegata_installer_{issuer}[_user][_x86].msi`.
fn ours(name: &str) -> Option<(Scope, Arch)> {
    let name = name.strip_prefix("tegata_installer_")?.strip_suffix(".msi")?;
    let (name, arch) = match name.strip_suffix("_x86") {
        Some(name) => (name, Arch::X86),
        None => (name, Arch::X64),
    };
    let scope = if name.ends_with("_user") { Scope::Person } else { Scope::Machine };
    Some((scope, arch))
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

    /// Whether a person opens it and is led on.
    pub(super) fn opens(self) -> bool {
        matches!(self, Self::Msi | Self::Exe | Self::Dmg | Self::Pkg)
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

fn scan(folders: &[PathBuf], known: &Digests) -> io::Result<Vec<Installer>> {
    let mut files: Vec<Installer> = Vec::new();
    for folder in folders {
        let found = scan_one(folder, known)?;
        let hidden = |name: &str| files.iter().any(|file| file.name == name);
        let shown: Vec<_> = found.into_iter().filter(|file| !hidden(&file.name)).collect();
        files.extend(shown);
    }
    files.sort_by(|a, b| a.place().cmp(&b.place()));
    Ok(files)
}

fn scan_one(folder: &Path, known: &Digests) -> io::Result<Vec<Installer>> {
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
        let sha256 = match known.get(&entry.path()) {
            Some((then, length, digest)) if (*then, *length) == (modified, len) => *digest,
            _ => digest(&entry.path())?,
        };
        let ours = ours(&name);
        files.push(Installer {
            kind: Kind::named(&name),
            arch: ours.map_or_else(|| Arch::named(&name), |(_, arch)| Some(arch)),
            scope: ours.map(|(scope, _)| scope),
            version: version(&name),
            path: entry.path(),
            name,
            len,
            sha256,
            modified,
        });
    }
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
    use tegata_text::Lang;

    use super::*;

    fn files(names: &[&str]) -> Vec<Installer> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), name).unwrap();
        }
        scan(&[folder.path().to_owned()], &Digests::new()).unwrap()
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
    fn who_has_no_rights_is_offered_what_needs_none() {
        let names = [
            "tegata_installer_SB-X86.msi",
            "tegata_installer_SB-X86_user.msi",
            "tegata_installer_SB-X86_user_x86.msi",
            "tegata_installer_SB-X86_x86.msi",
        ];
        let files = files(&names);
        let sorted: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sorted, [names[1], names[2], names[0], names[3]]);
        for (arch, name) in [
            (Some(Arch::X64), names[1]),
            (Some(Arch::X86), names[2]),
            (Some(Arch::Arm64), names[1]),
            (None, names[1]),
        ] {
            let found = best(&files, pc(System::Windows, arch)).unwrap();
            assert_eq!(found.name, name, "{arch:?}");
        }
        let labels: Vec<_> = files.iter().map(|file| file.label(Text::of(Lang::En))).collect();
        assert_eq!(
            labels[..3],
            [
                "Windows 64-bit (for you only, without administrator rights)",
                "Windows 32-bit (for you only, without administrator rights)",
                "Windows 64-bit (for everyone on the PC, needs administrator rights)",
            ]
        );
    }

    #[test]
    fn a_service_offers_its_own_before_what_all_offer() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("app.msi"), "its own").unwrap();
        fs::write(folder.path().join("app.msi"), "all").unwrap();
        fs::write(folder.path().join("app.deb"), "all").unwrap();
        let files = scan(&[own, folder.path().to_owned()], &Digests::new()).unwrap();
        let found: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.len)).collect();
        assert_eq!(found, [("app.msi", 7), ("app.deb", 3)]);
    }

    #[test]
    fn hidden_half_uploaded_and_nested_files_are_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".hidden", "app.msi.part", "app.msi~", "line\nfeed.msi", "quote\".msi"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.msi")).unwrap();
        assert_eq!(scan(&[folder.path().to_owned()], &Digests::new()).unwrap(), []);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("app.msi")).unwrap();
        assert_eq!(scan(&[folder.path().to_owned()], &Digests::new()).unwrap(), []);
    }

    #[test]
    fn a_missing_folder_is_empty() {
        assert_eq!(scan(&["/nonexistent/folder".into()], &Digests::new()).unwrap(), []);
    }

    #[tokio::test]
    async fn a_digest_is_computed_again_only_when_time_or_length_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.msi");
        let shelf = Shelf::new([folder.path().join("own"), folder.path().to_owned()]);
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
