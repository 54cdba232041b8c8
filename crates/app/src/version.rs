use std::hint::black_box;

/// The version in a form that can be found in a built program without starting it.
const STAMP: &str = concat!("tegata-app version stamp ", env!("CARGO_PKG_VERSION"), ";");

/// The version of this program, such as `0.1.0`.
///
/// It is read from [`STAMP`] at run time, so that what is found there is what the program says.
pub(crate) fn running() -> &'static str {
    black_box(STAMP)
        .rsplit(' ')
        .next()
        .map_or(env!("CARGO_PKG_VERSION"), |version| version.trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_says_the_version_of_the_package() {
        assert_eq!(running(), env!("CARGO_PKG_VERSION"));
        assert!(running().parse::<tegata_agent::update::Version>().is_ok());
    }
}
