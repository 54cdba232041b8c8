//! RSA moduli that give themselves away.

/// The primes of the ROCA fingerprint (CVE-2017-15361): modulo each of them, a modulus made by
/// the broken library is a power of 65537.
const ROCA: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Trial division goes this far; a sound modulus has no factor of fewer than a thousand bits.
const TRIAL: u32 = 65_536;

/// The remainder of a number, most significant octet first, by a small one.
fn modulo(number: &[u8], by: u32) -> u32 {
    let by = u64::from(by);
    number.iter().fold(0, |rest, octet| (rest << 8 | u64::from(*octet)) % by) as u32
}

/// Whether a prime below 65,536 divides the number.
pub(crate) fn has_small_factor(modulus: &[u8]) -> bool {
    // Products of primes that fit 32 bits, so that the long number is walked less often.
    let mut primes = PRIMES.iter().copied().peekable();
    while let Some(first) = primes.next() {
        let mut product = u64::from(first);
        let mut group = vec![first];
        while let Some(next) = primes.next_if(|next| product * u64::from(*next) < 1 << 32) {
            product *= u64::from(next);
            group.push(next);
        }
        let rest = modulo(modulus, product as u32);
        if group.iter().any(|prime| rest.is_multiple_of(*prime)) {
            return true;
        }
    }
    false
}

/// Whether the modulus has the fingerprint of ROCA. A sound one has it once in 2^27.
pub(crate) fn looks_like_roca(modulus: &[u8]) -> bool {
    ROCA.iter().all(|prime| {
        let rest = modulo(modulus, *prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65_537 % prime;
            power == rest
        })
    })
}

/// Every odd prime below [`TRIAL`].
static PRIMES: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let mut composite = vec![false; TRIAL as usize];
    (3..TRIAL)
        .step_by(2)
        .filter(|candidate| {
            if composite[*candidate as usize] {
                return false;
            }
            let multiples =
                (u64::from(*candidate).pow(2)..u64::from(TRIAL)).step_by(2 * *candidate as usize);
            multiples.for_each(|multiple| composite[multiple as usize] = true);
            true
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders_are_right() {
        assert_eq!(modulo(&[1, 0], 255), 1);
        assert_eq!(modulo(&[0xff; 4], 65_537), 0xffff_ffff % 65_537);
    }

    #[test]
    fn every_small_factor_is_found() {
        assert_eq!(PRIMES.len(), 6541, "odd primes below 65,536");
        let prime = u128::from(u64::MAX) - 58; // 2^64 - 59
        for factor in [3, 17, 257, 65_521] {
            assert!(has_small_factor(&(prime * factor).to_be_bytes()), "{factor}");
        }
        assert!(!has_small_factor(&prime.to_be_bytes()));
    }

    #[test]
    fn powers_of_65537_look_like_roca_and_others_do_not() {
        let power = 65_537u128.pow(7);
        assert!(looks_like_roca(&power.to_be_bytes()));
        assert!(!looks_like_roca(&(power + 2).to_be_bytes()));
    }
}
