//! Where programs, tools and results are.

use std::path::PathBuf;

/// `target/{profile}/{name}`, built before.
pub fn program(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("a test has a path");
    // target/{profile}/deps/{test}
    let profile = exe.ancestors().nth(2).expect("a test lies in target/{profile}/deps");
    let path = profile.join(name);
    assert!(path.exists(), "{} is not built: run `make build` first", path.display());
    path
}

/// A program of the Python environment `target/venv`.
pub fn venv(name: &str) -> PathBuf {
    let path = target().join("venv/bin").join(name);
    assert!(path.exists(), "{} is missing: run `make venv` first", path.display());
    path
}

/// A program in `target/tools`, where there is one.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = target().join("tools").join(name);
    path.exists().then_some(path)
}

/// `target/screenshots`
pub fn screenshots() -> PathBuf {
    let path = target().join("screenshots");
    std::fs::create_dir_all(&path).expect("target can be written");
    path
}

/// The target directory.
pub fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("a test has a path");
    // target/{profile}/deps/{test}
    exe.ancestors().nth(3).expect("a test lies below target").to_owned()
}
