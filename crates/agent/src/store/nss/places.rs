//! Where browsers keep their databases.

use std::path::{Path, PathBuf};

use super::super::StoreError;

/// Folders of Chromium's database below the user's home: of a package, a snap, a flatpak.
const CHROMIUM: [&str; 3] =
    [".pki/nssdb", "snap/chromium/current/.pki/nssdb", ".var/app/org.chromium.Chromium/.pki/nssdb"];

/// Folders of Firefox's profiles below the user's home: of a package (before and since
/// version 147), a snap, a flatpak.
const FIREFOX: [&str; 4] = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];

/// The database of Chromium: the first one that is there, else the usual one.
pub(in super::super) fn chromium(home: &Path) -> PathBuf {
    let places = CHROMIUM.map(|place| home.join(place));
    let there = places.iter().find(|place| place.join("cert9.db").exists());
    there.unwrap_or(&places[0]).clone()
}

/// The default profile of Firefox.
pub(in super::super) fn firefox(home: &Path) -> Result<PathBuf, StoreError> {
    let folders = FIREFOX.map(|place| home.join(place));
    folders
        .iter()
        .find_map(|folder| {
            let text = std::fs::read_to_string(folder.join("profiles.ini")).ok()?;
            Some(folder.join(default_profile(&text)?))
        })
        .ok_or_else(|| StoreError::Missing(folders[0].join("profiles.ini")))
}

/// Whether a folder is a profile of Firefox.
pub(in super::super) fn is_firefox(folder: &Path) -> bool {
    ["compatibility.ini", "prefs.js", "times.json"].iter().any(|file| folder.join(file).exists())
}

/// The path of the default profile in `profiles.ini`: the one that an installation locked itself
/// to, else the one marked as default, else the only one.
fn default_profile(text: &str) -> Option<&str> {
    let mut sections = Vec::<Section<'_>>::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push(Section { name, pairs: Vec::new() });
        } else if let (Some(section), Some(pair)) = (sections.last_mut(), line.split_once('=')) {
            section.pairs.push(pair);
        }
    }
    let mut installations = sections.iter().filter(|section| section.name.starts_with("Install"));
    if let Some(path) = installations.find_map(|section| section.value("Default")) {
        return Some(path);
    }
    let profiles: Vec<_> =
        sections.iter().filter(|section| section.name.starts_with("Profile")).collect();
    let marked = profiles.iter().find(|profile| profile.value("Default") == Some("1"));
    let only = if let [only] = profiles.as_slice() { Some(only) } else { None };
    marked.or(only)?.value("Path")
}

struct Section<'a> {
    name: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Section<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: &str = "[Profile1]\nName=old\nIsRelative=1\nPath=a.old\n\
        [Profile0]\nName=default\nIsRelative=1\nPath=b.default\nDefault=1\n";

    #[test]
    fn the_profile_of_the_installation_comes_before_the_marked_one_and_the_only_one() {
        let installed = format!("[Install4F96]\r\nDefault=c.release\r\nLocked=1\r\n{PROFILES}");
        assert_eq!(default_profile(&installed), Some("c.release"));
        assert_eq!(default_profile(PROFILES), Some("b.default"));
        let only = "[General]\nVersion=2\n[Profile0]\nPath=/abs/d\nIsRelative=0\n";
        assert_eq!(default_profile(only), Some("/abs/d"));
        assert_eq!(default_profile(&PROFILES.replace("Default=1", "")), None, "which of the two?");
        assert_eq!(default_profile(""), None);
    }

    #[test]
    fn the_places_of_packages_snaps_and_flatpaks_are_known() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        assert_eq!(chromium(home), home.join(".pki/nssdb"));
        assert!(matches!(firefox(home), Err(StoreError::Missing(_))));
        for place in ["snap/firefox/common/.mozilla/firefox", ".mozilla/firefox"] {
            let folder = home.join(place);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("profiles.ini"), PROFILES).unwrap();
            assert_eq!(firefox(home).unwrap(), folder.join("b.default"));
        }
        let snap = home.join("snap/chromium/current/.pki/nssdb");
        std::fs::create_dir_all(&snap).unwrap();
        std::fs::write(snap.join("cert9.db"), "").unwrap();
        assert_eq!(chromium(home), snap);
    }
}
