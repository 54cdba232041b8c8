//! What a person set, kept from one start to the next.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tegata_text::Lang;

/// Longest file that is read, in octets.
const MAX_LEN: usize = 64 * 1024;

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
        let octets = std::fs::read(path).ok().filter(|octets| octets.len() <= MAX_LEN);
        octets.and_then(|octets| serde_json::from_slice(&octets).ok()).unwrap_or_default()
    }

    /// Writes them in one step. They hold nothing secret.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let other = path.with_extension("json.new");
        std::fs::write(&other, serde_json::to_vec_pretty(self)?)?;
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
}
