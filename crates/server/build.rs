//! The moment of the build, before which no clock can be right.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // Builds that must be the same everywhere say when they are (reproducible-builds.org).
    let built = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => now().to_string(),
    };
    println!("cargo::rustc-env=TEGATA_BUILT={built}");
}

#[expect(clippy::disallowed_methods, reason = "the machine that builds has no other clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
