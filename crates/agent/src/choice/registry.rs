//! Policies in the registry: numbered values in a key of each browser, beside those of others.
//!
//! They stand in the part of the signed-in user. Windows lets only an administrator write there.
//! A value has no name of ours that would tell whose it is: which ones were written for a service
//! is noted beside, in a key of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use windows_registry::{CURRENT_USER, Key};

use super::{Choice, ChoiceError, Place, Tag};

/// Browsers and the keys of the policy's values.
const BROWSERS: [(&str, &str); 2] = [
    ("Google Chrome", r"Software\Policies\Google\Chrome\AutoSelectCertificateForUrls"),
    ("Microsoft Edge", r"Software\Policies\Microsoft\Edge\AutoSelectCertificateForUrls"),
];

/// The part of the registry, as people write it.
const ROOT: &str = "HKEY_CURRENT_USER";

/// Below it a key for each service, with what was written for it.
const NOTES: &str = r"Software\Tegata\AutoSelect";

/// Where the browsers of this user read the policy. There is one registry: `_root` is for the
/// systems with files.
pub fn places(_root: &Path, _choice: &Choice) -> Vec<Place> {
    BROWSERS.iter().map(|(browser, key)| Place { browser, location: location(key) }).collect()
}

/// Writes the policy for every browser of [`places`], beside what others set there.
///
/// # Errors
/// When the registry does not let this user.
pub fn write(root: &Path, choice: &Choice) -> Result<Vec<Place>, ChoiceError> {
    // The note comes first: what is not noted is not found again.
    let note = note(&choice.tag);
    for path in std::iter::once(note.as_str()).chain(BROWSERS.map(|(_, path)| path)) {
        if let Err(error) = add(path, choice) {
            // What was written a moment ago can be removed; if not, the first error counts.
            let _ = forget(root, &choice.tag);
            return Err(failed(path, error));
        }
    }
    Ok(places(root, choice))
}

/// Adds the entries that are not there yet.
fn add(path: &str, choice: &Choice) -> std::io::Result<()> {
    let key = CURRENT_USER.create(path)?;
    for entry in choice.entries() {
        let there = texts(&key)?;
        if there.iter().all(|(_, text)| *text != entry) {
            let free = (1..).map(|number: u32| number.to_string());
            let mut free = free.filter(|name| there.iter().all(|(taken, _)| taken != name));
            let name = free.next().unwrap_or_default();
            key.set_string(&name, &entry)?;
        }
    }
    Ok(())
}

/// Whether the entries stand at one of [`places`].
pub fn is_at(place: &Place, choice: &Choice) -> bool {
    let path = place.location.to_str().and_then(|path| path.strip_prefix(ROOT)?.strip_prefix('\\'));
    let key = path.and_then(|path| CURRENT_USER.open(path).ok());
    let there = key.and_then(|key| texts(&key).ok()).unwrap_or_default();
    choice.entries().iter().all(|entry| there.iter().any(|(_, text)| text == entry))
}

/// The services for which something was written.
pub fn written(_root: &Path) -> Vec<Tag> {
    let Ok(notes) = CURRENT_USER.open(NOTES) else { return Vec::new() };
    let tags: BTreeSet<_> =
        notes.keys().into_iter().flatten().filter_map(|name| Tag::of(&name)).collect();
    tags.into_iter().collect()
}

/// Takes the entries of a service away again, and says where they stood; those of others stay.
///
/// # Errors
/// When the registry does not let this user.
pub fn forget(_root: &Path, tag: &Tag) -> Result<Vec<Place>, ChoiceError> {
    let note = note(tag);
    // Without a note nothing was written.
    let Ok(noted) = CURRENT_USER.open(&note) else { return Ok(Vec::new()) };
    let noted = texts(&noted).map_err(|error| failed(&note, error))?;
    let is_ours = |text: &String| noted.iter().any(|(_, entry)| entry == text);
    let mut gone = Vec::new();
    for (browser, path) in BROWSERS {
        // A key that is not there holds nothing to remove.
        let Ok(key) = CURRENT_USER.open(path) else { continue };
        let there = texts(&key).map_err(|error| failed(path, error))?;
        let ours: Vec<_> = there.into_iter().filter(|(_, text)| is_ours(text)).collect();
        if ours.is_empty() {
            continue;
        }
        let key = CURRENT_USER.create(path).map_err(|error| failed(path, error))?;
        for (name, _) in ours {
            key.remove_value(&name).map_err(|error| failed(path, error))?;
        }
        gone.push(Place { browser, location: location(path) });
    }
    CURRENT_USER.remove_tree(&note).map_err(|error| failed(&note, error))?;
    Ok(gone)
}

fn note(tag: &Tag) -> String {
    format!(r"{NOTES}\{}", tag.0)
}

/// The values that are texts, by name.
fn texts(key: &Key) -> std::io::Result<Vec<(String, String)>> {
    let texts =
        key.values()?.filter_map(|(name, value)| Some((name, String::try_from(value).ok()?)));
    Ok(texts.collect())
}

fn location(key: &str) -> PathBuf {
    PathBuf::from(format!(r"{ROOT}\{key}"))
}

fn failed(key: &str, error: impl Into<std::io::Error>) -> ChoiceError {
    let source = error.into();
    if source.kind() == std::io::ErrorKind::PermissionDenied {
        return ChoiceError::Administrator(location(key));
    }
    ChoiceError::Io { path: location(key), source }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, tag};
    use super::*;

    #[test]
    fn what_is_written_stands_beside_what_others_set_and_goes_again() {
        let root = Path::new("");
        let key = CURRENT_USER.create(BROWSERS[0].1).unwrap();
        key.set_string("1", "{\"pattern\":\"https://other.example.jp\"}").unwrap();
        for _ in 0..2 {
            assert_eq!(write(root, &choice()).unwrap().len(), BROWSERS.len());
            assert_eq!(key.get_string("2").unwrap(), choice().entries()[0]);
            assert_eq!(texts(&key).unwrap().len(), 2, "once, however often it is written");
        }
        assert!(places(root, &choice()).iter().all(|place| is_at(place, &choice())));
        assert_eq!(written(root), [tag()]);
        assert_eq!(forget(root, &tag()).unwrap().len(), BROWSERS.len());
        assert_eq!(texts(&key).unwrap().len(), 1, "the other one stays");
        assert!(!places(root, &choice()).iter().any(|place| is_at(place, &choice())));
        assert!(forget(root, &tag()).unwrap().is_empty());
    }
}
