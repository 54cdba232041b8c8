//! Policies in files: one JSON file of ours in the folder of each browser.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::{Choice, ChoiceError, Place, Tag};

/// Name of the policy.
const POLICY: &str = "AutoSelectCertificateForUrls";
/// Longest policy file that is read, in octets.
const MAX_LEN: u64 = 1024 * 1024;

/// Browsers, with what is there when one is installed, and where its policies are.
const BROWSERS: [(&str, &str, &str); 4] = [
    ("Chromium", "usr/bin/chromium", "etc/chromium/policies/managed"),
    ("Chromium", "snap/bin/chromium", "etc/chromium-browser/policies/managed"),
    ("Google Chrome", "opt/google/chrome", "etc/opt/chrome/policies/managed"),
    ("Microsoft Edge", "opt/microsoft/msedge", "etc/opt/edge/policies/managed"),
];

/// Where the installed browsers of the system below `root` (`/`) read policies.
pub fn places(root: &Path, choice: &Choice) -> Vec<Place> {
    BROWSERS
        .iter()
        .filter(|(_, sign, _)| root.join(sign).exists())
        .map(|(browser, _, folder)| Place {
            browser,
            location: root.join(folder).join(file(&choice.tag)),
        })
        .collect()
}

/// Writes the policy for every browser of [`places`].
///
/// # Errors
/// Nothing is written when one of them cannot take it.
pub fn write(root: &Path, choice: &Choice) -> Result<Vec<Place>, ChoiceError> {
    let places = places(root, choice);
    if places.is_empty() {
        return Err(ChoiceError::NoBrowser);
    }
    for place in &places {
        check_free(&place.location)?;
    }
    let json = json(choice)?;
    let mut written: Vec<&Place> = Vec::new();
    for place in &places {
        if let Err(error) = write_one(&place.location, &json) {
            for place in written {
                // What was written a moment ago can be removed; if not, the first error counts.
                let _ = std::fs::remove_file(&place.location);
            }
            return Err(error);
        }
        written.push(place);
    }
    Ok(places)
}

/// Whether the policy stands at one of [`places`] as it would be written.
pub fn is_at(place: &Place, choice: &Choice) -> bool {
    let there = crate::files::read(&place.location, MAX_LEN).ok().flatten();
    there.is_some_and(|there| json(choice).is_ok_and(|json| json == there))
}

/// The services whose policies stand somewhere.
pub fn written(root: &Path) -> Vec<Tag> {
    let folders = BROWSERS.iter().map(|(_, _, folder)| root.join(folder));
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let tags = files.flatten().filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        Tag::of(name.strip_prefix("tegata-")?.strip_suffix(".json")?)
    });
    let tags: BTreeSet<_> = tags.collect();
    tags.into_iter().collect()
}

/// Takes the policy of a service away again, wherever it stands, and says where it stood.
///
/// # Errors
/// When one of the files cannot be removed.
pub fn forget(root: &Path, tag: &Tag) -> Result<Vec<Place>, ChoiceError> {
    let mut gone = Vec::new();
    for (browser, _, folder) in BROWSERS {
        let path = root.join(folder).join(file(tag));
        match std::fs::remove_file(&path) {
            Ok(()) => {
                // The folders that writing made; what holds something stays.
                for folder in path.ancestors().skip(1).take(2) {
                    let _ = std::fs::remove_dir(folder);
                }
                gone.push(Place { browser, location: path });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
    Ok(gone)
}

fn file(tag: &Tag) -> String {
    format!("tegata-{}.json", tag.0)
}

fn json(choice: &Choice) -> Result<Vec<u8>, ChoiceError> {
    let policy = BTreeMap::from([(POLICY, choice.entries())]);
    serde_json::to_vec_pretty(&policy).map_err(|_| ChoiceError::Form)
}

/// Of several files with one policy a browser obeys only one: ours must not silence another.
fn check_free(ours: &Path) -> Result<(), ChoiceError> {
    let Some(folder) = ours.parent() else { return Ok(()) };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|error| failed(folder, error))?,
    };
    for entry in entries {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let octets = crate::files::read(&path, MAX_LEN).ok().flatten().unwrap_or_default();
        let policies: Option<serde_json::Value> = serde_json::from_slice(&octets).ok();
        let is_set = policies.is_some_and(|policies| policies.get(POLICY).is_some());
        if path != ours && is_set {
            return Err(ChoiceError::Taken(path));
        }
    }
    Ok(())
}

fn write_one(path: &Path, json: &[u8]) -> Result<(), ChoiceError> {
    if let Some(folder) = path.parent() {
        make_folder(folder).map_err(|error| failed(path, error))?;
    }
    crate::files::write(path, json, crate::files::Access::Public, crate::files::Existing::Replace)
        .map_err(|error| failed(path, error))
}

/// The folder with those above it; those that it makes are readable by everyone, whatever the
/// umask says: browsers of others read them.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    std::fs::create_dir(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> ChoiceError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ChoiceError::Administrator(path)
        }
        _ => ChoiceError::Io { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, tag};
    use super::super::{forget_of, is_written};
    use super::*;

    fn system(signs: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for sign in signs {
            std::fs::create_dir_all(root.path().join(sign)).unwrap();
        }
        root
    }

    #[test]
    fn what_is_written_is_all_there_is_and_goes_again() {
        let root = system(&["usr/bin/chromium", "opt/google/chrome"]);
        let written = write(root.path(), &choice()).unwrap();
        assert_eq!(written.len(), 2);
        for place in &written {
            let said: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&place.location).unwrap()).unwrap();
            assert_eq!(said, serde_json::json!({ POLICY: choice().entries() }));
        }
        assert!(written.iter().all(|place| is_at(place, &choice())));
        #[cfg(unix)]
        for place in &written {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            let folder = place.location.parent().unwrap();
            assert_eq!((mode(&place.location), mode(folder)), (0o644, 0o755));
        }
        write(root.path(), &choice()).unwrap();
        // No certificate is needed to know it by.
        assert_eq!(super::written(root.path()), [tag()]);
        let [ours, other] = ["0001/SB0001002C", "0001/SB0001002D"].map(|key| key.parse().unwrap());
        assert!(is_written(root.path(), None) && is_written(root.path(), Some(&ours)));
        assert!(!is_written(root.path(), Some(&other)));
        assert!(forget_of(root.path(), Some(&other)).unwrap().is_empty());
        let gone = forget_of(root.path(), None).unwrap();
        assert_eq!(gone, written);
        assert!(!is_written(root.path(), None) && !is_at(&written[0], &choice()));
        assert!(written.iter().all(|place| !place.location.exists()));
        assert!(forget(root.path(), &tag()).unwrap().is_empty());
        assert!(super::written(root.path()).is_empty());
    }

    #[test]
    fn a_policy_of_someone_else_is_neither_silenced_nor_removed() {
        let root = system(&["usr/bin/chromium", "opt/google/chrome"]);
        let folder = root.path().join("etc/opt/chrome/policies/managed");
        std::fs::create_dir_all(&folder).unwrap();
        let theirs = folder.join("company.json");
        std::fs::write(&theirs, format!("{{\"{POLICY}\": []}}")).unwrap();
        let refused = write(root.path(), &choice()).unwrap_err();
        assert!(matches!(refused, ChoiceError::Taken(path) if path == theirs));
        assert!(forget(root.path(), &tag()).unwrap().is_empty(), "nothing was written");
        assert!(theirs.exists());
    }

    #[test]
    fn without_a_browser_nothing_is_written() {
        let root = system(&[]);
        assert!(matches!(write(root.path(), &choice()), Err(ChoiceError::NoBrowser)));
    }
}
