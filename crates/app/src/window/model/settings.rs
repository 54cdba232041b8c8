//! What a person set, kept from one start to the next.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tegata_text::Lang;

/// Longest file that is read, in octets.
const MAX_LEN: u64 = 64 * 1024;

/// The settings, as they are written. A key that an older or newer version does not know is no
/// reason to forget the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// `ja` or `en`; without it the system's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
    pub(crate) look: Look,
    /// As on the command line; without it the default of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    pub(crate) proxy: ProxyChoice,
    /// Address of the proxy, `host:port`, kept also while another choice is made.
    pub(crate) proxy_address: String,
    /// Address of the proxy script.
    pub(crate) proxy_script: String,
    /// The version that an update replaced, until the next start has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_from: Option<String>,
    /// The site, where no installer said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<KnownService>,
}

/// A site whose root a person compared with the slip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownService {
    pub(crate) site: String,
    pub(crate) root_sha256: String,
}

/// Colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Look {
    #[default]
    System,
    Light,
    Dark,
    Contrast,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [Self::System, Self::Light, Self::Dark, Self::Contrast];
}

/// The way to the proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProxyChoice {
    /// As the system has it.
    #[default]
    Automatic,
    None,
    /// [`Settings::proxy_address`]
    Address,
    /// [`Settings::proxy_script`]
    Script,
}

impl ProxyChoice {
    pub(crate) const ALL: [Self; 4] = [Self::Automatic, Self::None, Self::Address, Self::Script];
}

impl Settings {
    /// The settings of a file; the defaults where there is none, or none that can be read.
    pub(crate) fn read(path: &Path) -> Self {
        octets(path).and_then(|octets| serde_json::from_slice(&octets).ok()).unwrap_or_default()
    }

    /// Writes them in one step, for this user alone: they tell which service somebody uses.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let other = path.with_extension("json.new");
        match std::fs::remove_file(&other) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&other)?.write_all(&serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(other, path)
    }

    /// The way out, as the command line names it. Where an address was chosen and not given, the
    /// system decides.
    pub(crate) fn way_out(&self) -> String {
        match self.proxy {
            ProxyChoice::Address if !self.proxy_address.is_empty() => self.proxy_address.clone(),
            ProxyChoice::Script if !self.proxy_script.is_empty() => {
                format!("pac:{}", self.proxy_script)
            }
            ProxyChoice::None => "none".to_owned(),
            _ => "auto".to_owned(),
        }
    }

    pub(crate) fn lang(&self, system: Lang) -> Lang {
        self.language.as_deref().and_then(Lang::from_tag).unwrap_or(system)
    }
}

/// What a regular file of sensible length holds. Others are not opened: a pipe would keep the
/// window waiting.
fn octets(path: &Path) -> Option<Vec<u8>> {
    std::fs::metadata(path).ok().filter(|file| file.is_file() && file.len() <= MAX_LEN)?;
    let mut octets = Vec::new();
    File::open(path).ok()?.take(MAX_LEN).read_to_end(&mut octets).ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_back_and_survive_what_they_do_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("settings.json");
        assert_eq!(Settings::read(&path), Settings::default());
        let settings = Settings {
            language: Some("en".to_owned()),
            look: Look::Contrast,
            proxy: ProxyChoice::Script,
            ..Settings::default()
        };
        settings.write(&path).unwrap();
        assert_eq!(Settings::read(&path), settings);
        let json = std::fs::read_to_string(&path).unwrap().replacen('{', "{\"new\": 1,", 1);
        std::fs::write(&path, json).unwrap();
        assert_eq!(Settings::read(&path), settings);
        std::fs::write(&path, "cut sho").unwrap();
        assert_eq!(Settings::read(&path), Settings::default());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_them_and_the_folder_is_the_users_own() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("tegata").join("settings.json");
        // What another version left behind is no way to keep others reading.
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(path.with_extension("json.new"), "").unwrap();
        std::fs::set_permissions(path.with_extension("json.new"), PermissionsExt::from_mode(0o666))
            .unwrap();
        Settings::default().write(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        let path = home.path().join("new").join("settings.json");
        Settings::default().write(&path).unwrap();
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_and_a_huge_file_are_no_settings() {
        let folder = tempfile::tempdir().unwrap();
        let huge = folder.path().join("huge.json");
        std::fs::File::create(&huge).unwrap().set_len(64 << 30).unwrap();
        assert_eq!(Settings::read(&huge), Settings::default());
        let pipe = folder.path().join("pipe.json");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(Settings::read(&pipe), Settings::default());
    }
}
