//! `SHA256SUMS`, as `sha256sum --check` reads it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Failure;

const FILE: &str = "SHA256SUMS";

/// Writes the sums of these files in the folder, sorted by name.
pub(super) fn write(folder: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    let mut lines = files
        .iter()
        .map(|path| {
            let mut hash = Sha256::new();
            io::copy(&mut File::open(path)?, &mut hash)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok((name.into_owned(), hex::encode(hash.finalize())))
        })
        .collect::<io::Result<Vec<_>>>()?;
    lines.sort();
    let text: String = lines.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    Ok(fs::write(folder.join(FILE), text)?)
}
