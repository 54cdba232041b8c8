//! The settings of a service in a file that an operator edited.

use std::path::Path;

use tegata_registrar::{ServiceSettings, SettingsError};

use super::Failure;

/// Reads and checks them.
pub(super) fn read(file: &Path) -> Result<ServiceSettings, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let begin = "`tegata service show --dir D` prints settings to begin from";
    if !text.trim_start().starts_with('{') {
        let what = if text.trim().is_empty() { "is empty" } else { "is not a JSON object" };
        return Err(format!("{name} {what}; {begin}").into());
    }
    ServiceSettings::from_json(&text).map_err(|error| match error {
        SettingsError::Json(_) => format!("{name}: {error}; {begin}").into(),
        error => format!("{name}: {error}").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_settings_says_where_to_begin() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("service.json");
        for (text, what) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("[]", "is not a JSON object"),
            ("{}", "missing"),
        ] {
            std::fs::write(&file, text).unwrap();
            let said = read(&file).unwrap_err().to_string();
            assert!(said.starts_with(&*file.to_string_lossy()) && said.contains(what), "{said}");
            assert!(said.contains("tegata service show"), "{said}");
        }
    }
}
