//! Waiting for a condition; printing a figure.

use std::io::Write;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until `look` sees something and returns it.
///
/// # Panics
/// When it has seen nothing within `bound`.
pub fn eventually<T>(what: &str, bound: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < bound, "not within {bound:?}: {what}");
        #[expect(clippy::disallowed_methods, reason = "between two looks at the condition")]
        std::thread::sleep(PAUSE);
    }
}

/// Prints a measured figure, also when the test passes.
pub fn figure(what: &str, value: impl std::fmt::Display) {
    // Not `eprintln!`, which the test runner keeps to itself.
    let _ = writeln!(std::io::stderr(), "    figure: {what}: {value}");
}

/// A time in milliseconds, for [`figure`].
pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
