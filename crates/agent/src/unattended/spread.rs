use std::time::Duration;

use tegata_domain::Entropy;

/// A random time from nothing to `most`, so that the PCs of a company that are switched on at nine
/// do not all come at nine.
pub fn spread(most: Duration, entropy: &dyn Entropy) -> Duration {
    let mut octets = [0; 4];
    entropy.fill(&mut octets);
    // Whole seconds: 2^32 of them are more than a century.
    let seconds = most.as_secs() * u64::from(u32::from_be_bytes(octets)) / u64::from(u32::MAX);
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(self.0);
        }
    }

    #[test]
    fn from_nothing_to_all_of_it() {
        let hours = Duration::from_secs(2 * 3600);
        assert_eq!(spread(hours, &Always(0)), Duration::ZERO);
        assert_eq!(spread(hours, &Always(0xff)), hours);
        assert_eq!(spread(hours, &Always(0x80)).as_secs() / 60, 60);
        assert_eq!(spread(Duration::ZERO, &Always(0x80)), Duration::ZERO);
    }
}
