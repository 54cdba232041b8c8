//! Octets to download.

use std::path::Path;

use serde::Serialize;

use super::Demo;
use crate::Failure;
use crate::package::{self, Programs, limit};

/// A file.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) octets: u64,
    /// Octets that it has to stay below, where there is such a goal.
    pub(super) goal: Option<u64>,
}

impl Row {
    fn of(name: &str, path: &Path, goal: Option<u64>) -> Result<Self, Failure> {
        let octets =
            std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        Ok(Self { name: name.to_owned(), octets, goal })
    }
}

pub(super) fn of_programs(programs: &Programs) -> Result<Vec<Row>, Failure> {
    let Programs { linux, windows, windows_x86 } = programs;
    [
        ("tegata-app.exe, 64-bit Windows", windows, Some(limit::WINDOWS)),
        ("tegata-app.exe, 32-bit Windows", windows_x86, Some(limit::WINDOWS)),
        ("tegata-app, Linux", linux, None),
    ]
    .into_iter()
    .filter_map(|(name, path, goal)| Some(Row::of(name, path.as_deref()?, goal)))
    .collect()
}

/// What people download: every package of the demo's service.
pub(super) fn of_packages(
    demo: &Demo<'_>,
    programs: &Programs,
    dir: &Path,
) -> Result<Vec<Row>, Failure> {
    let made = package::unsigned(&demo.brand, &dir.join("packages"), programs)?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    made.iter().map(|path| Row::of(&name(path), path, None)).collect()
}
