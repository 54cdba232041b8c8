//! When this program was built: before that, no clock is right.

use jiff::Timestamp;

/// Seconds since 1970 at which this program was built.
const BUILT: &str = env!("TEGATA_BUILT");

/// When this program was built.
pub fn built() -> Timestamp {
    let seconds = BUILT.parse().unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default()
}

/// What is wrong with a clock that says `now`, when it cannot be right.
pub fn clock_is_behind(now: Timestamp) -> Option<String> {
    (now < built()).then(|| {
        format!(
            "the clock of this machine says {now}, before this program was built ({}); set it right",
            built()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_behind_one_second_before_the_build() {
        assert_eq!(clock_is_behind(built()), None);
        let before = clock_is_behind(built() - jiff::SignedDuration::from_secs(1));
        assert!(before.is_some_and(|said| said.contains("before this program was built")));
    }
}
