//! How large the application may be: people download it over any line, and a dependency that
//! brings megabytes of tables has to be noticed when it comes, not when somebody looks.

use std::path::Path;

use crate::Failure;

/// Octets that the executable for Windows has to stay below: 12 MB, the project's own goal.
pub(crate) const WINDOWS: u64 = 12_000_000;

/// Refuses an executable for Windows that is too large.
///
/// # Errors
/// When it is, or cannot be read.
pub(super) fn check(program: &Path) -> Result<(), Failure> {
    let size = std::fs::metadata(program)
        .map_err(|error| format!("{}: {error}", program.display()))?
        .len();
    if size < WINDOWS {
        return Ok(());
    }
    let goal = WINDOWS / 1_000_000;
    Err(format!(
        "{} has {size} octets, and an executable for Windows has to stay below {goal} MB. \
         Look for what grew: `cargo tree --package tegata-app --target x86_64-pc-windows-gnu`, and \
         third-party/icu_segmenter_data/README.md",
        program.display()
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_octet_decides() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("tegata-app.exe");
        let file = std::fs::File::create(&program).unwrap();
        file.set_len(WINDOWS - 1).unwrap();
        check(&program).unwrap();
        file.set_len(WINDOWS).unwrap();
        let error = check(&program).unwrap_err().to_string();
        assert!(error.contains("12000000 octets") && error.contains("below 12 MB"), "{error}");
    }
}
