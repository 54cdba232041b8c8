use tegata_domain::Entropy;

/// Crockford's base 32: nothing that looks like something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A support reference such as `G-7K3M9QWX`: 40 random bits, enough to find a line in a log.
pub(crate) fn reference(entropy: &dyn Entropy) -> String {
    let mut octets = [0; 8];
    entropy.fill(&mut octets);
    let signs = octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)]));
    "G-".chars().chain(signs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, octets: &mut [u8]) {
            octets.iter_mut().zip((250..=255).cycle()).for_each(|(octet, number)| *octet = number);
        }
    }

    #[test]
    fn eight_unmistakable_signs() {
        assert_eq!(reference(&Counting), "G-TVWXYZTV");
    }
}
