//! RSA keys that give themselves away.

use std::sync::LazyLock;

use der::Decode;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

use super::Weakness;
use crate::algorithm::RsaPublicKey;

/// The primes of the ROCA fingerprint (CVE-2017-15361): modulo each of them, a modulus made by
/// the broken library is a power of 65537.
const ROCA: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Trial division goes this far; a sound modulus has no factor of fewer than a thousand bits.
const TRIAL: u32 = 65_536;

/// Rounds of Fermat's method (CA/Browser Forum Baseline Requirements §6.1.1.3: "within 100
/// rounds").
const FERMAT_ROUNDS: u32 = 100;

/// Judges an `RSAPublicKey` (RFC 8017 appendix A.1.1) in DER.
pub(super) fn check(key: &[u8]) -> Result<(), Weakness> {
    let key = RsaPublicKey::from_der(key).map_err(|_| Weakness::Exponent)?;
    let (modulus, exponent) = key.parts();
    let modulus = BigUint::from_bytes_be(modulus);
    let refuse = |weakness, is: bool| if is { Err(weakness) } else { Ok(()) };
    refuse(Weakness::Exponent, !is_sound_exponent(exponent))?;
    refuse(Weakness::SmallFactor, has_small_factor(&modulus))?;
    refuse(Weakness::Roca, looks_like_roca(&modulus))?;
    fermat(&modulus)?;
    refuse(Weakness::PerfectPower, is_perfect_power(&modulus))
}

/// Judges one that passed [`check`]: this costs as much as all of it a dozen times over.
pub(super) fn check_thoroughly(key: &[u8]) -> Result<(), Weakness> {
    let key = RsaPublicKey::from_der(key).map_err(|_| Weakness::Exponent)?;
    let modulus = BigUint::from_bytes_be(key.parts().0);
    if is_probably_prime(&modulus) { Err(Weakness::PrimeModulus) } else { Ok(()) }
}

fn is_sound_exponent(exponent: &[u8]) -> bool {
    let above_2_16 = match exponent {
        [first, _, _] => *first >= 1,
        longer => (4..=32).contains(&longer.len()),
    };
    above_2_16 && exponent.last().is_some_and(|last| last & 1 == 1)
}

/// The remainder of a number by a small one.
fn modulo(number: &BigUint, by: u32) -> u32 {
    (number % by).to_u32().unwrap_or_default()
}

/// Whether a prime below [`TRIAL`] divides the number.
fn has_small_factor(number: &BigUint) -> bool {
    number.is_even() || !(&*PRIMORIAL % number).gcd(number).is_one()
}

/// Whether the modulus has the fingerprint of ROCA. A sound one has it once in 2^27.
fn looks_like_roca(modulus: &BigUint) -> bool {
    ROCA.iter().all(|prime| {
        let rest = modulo(modulus, *prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65_537 % prime;
            power == rest
        })
    })
}

/// Fermat's method: n = a² - b² for the a next above the root of n, when the factors are close.
fn fermat(n: &BigUint) -> Result<(), Weakness> {
    let root = n.sqrt();
    if &root * &root == *n {
        return Err(Weakness::PerfectPower);
    }
    let mut a = root + 1u32;
    let mut b_squared = &a * &a - n;
    let is_found = (0..FERMAT_ROUNDS).any(|_| {
        if is_square(&b_squared) {
            return true;
        }
        // (a + 1)² - n = a² - n + 2a + 1
        b_squared += &a << 1u32;
        b_squared += 1u32;
        a += 1u32;
        false
    });
    if is_found { Err(Weakness::ClosePrimes) } else { Ok(()) }
}

/// Whether a number is a square. Nearly all that are not are known by their remainders.
fn is_square(number: &BigUint) -> bool {
    // 64 has 12 residues that squares take, 63 has 16, 65 has 21, 11 has 6.
    let low = number.iter_u32_digits().next().unwrap_or_default() & 63;
    let is_residue = |rest: u32, by: u32| (0..by).any(|root| root * root % by == rest);
    if !is_residue(low, 64) {
        return false;
    }
    let rest = modulo(number, 63 * 65 * 11);
    [63, 65, 11].into_iter().all(|by| is_residue(rest % by, by)) && {
        let root = number.sqrt();
        &root * &root == *number
    }
}

/// Whether an odd number without small factors is the third or a higher power of another.
/// Squares are found by [`fermat`].
fn is_perfect_power(number: &BigUint) -> bool {
    // No factor has 16 bits or fewer.
    let highest = (number.bits() / 16) as u32;
    POWERS.iter().take_while(|(exponent, _)| *exponent <= highest).any(|(exponent, tests)| {
        tests.iter().all(|prime| {
            let rest = modulo(number, *prime);
            power_modulo(rest, (prime - 1) / exponent, *prime) == 1
        }) && number.nth_root(*exponent).pow(*exponent) == *number
    })
}

/// Fermat's little theorem with the base 2, which every prime passes and next to no product of
/// two primes: nobody makes a sound key that does.
fn is_probably_prime(number: &BigUint) -> bool {
    BigUint::from(2u32).modpow(&(number - 1u32), number).is_one()
}

fn power_modulo(base: u32, mut exponent: u32, modulus: u32) -> u32 {
    let modulus = u64::from(modulus);
    let (mut base, mut result) = (u64::from(base) % modulus, 1);
    while !exponent.is_zero() {
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    result as u32
}

/// Every odd prime below [`TRIAL`].
static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
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

/// Their product.
static PRIMORIAL: LazyLock<BigUint> = LazyLock::new(|| {
    fn product(of: &[u32]) -> BigUint {
        match of {
            [] => BigUint::one(),
            [one] => BigUint::from(*one),
            more => product(&more[..more.len() / 2]) * product(&more[more.len() / 2..]),
        }
    }
    product(&PRIMES)
});

/// Prime exponents up to 256, each with primes one above a multiple of it: a power with that
/// exponent is 1 modulo each of them when raised to (prime - 1) / exponent, another number
/// modulo one in so many.
static POWERS: LazyLock<Vec<(u32, Vec<u32>)>> = LazyLock::new(|| {
    let exponents = PRIMES.iter().copied().take_while(|prime| *prime < 256);
    let tests = |exponent| PRIMES.iter().copied().filter(move |p| p % exponent == 1).take(16);
    exponents.map(|exponent| (exponent, tests(exponent).collect())).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^521 - 1 and 2^607 - 1, primes of Mersenne.
    fn mersenne(bits: u32) -> BigUint {
        (BigUint::one() << bits) - 1u32
    }

    #[test]
    fn every_small_factor_is_found() {
        assert_eq!(PRIMES.len(), 6541, "odd primes below 65,536");
        let prime = mersenne(521);
        for factor in [2, 3, 17, 257, 65_521] {
            assert!(has_small_factor(&(&prime * factor as u32)), "{factor}");
        }
        assert!(!has_small_factor(&prime));
    }

    #[test]
    fn powers_of_65537_look_like_roca_and_others_do_not() {
        let power = BigUint::from(65_537u32).pow(7);
        assert!(looks_like_roca(&power));
        assert!(!looks_like_roca(&(power + 2u32)));
    }

    #[test]
    fn squares_are_told_from_their_neighbours() {
        for root in [1u32, 2, 3, 1000, 65_537, 999_983] {
            let square = BigUint::from(root).pow(2) * mersenne(61).pow(2);
            assert!(is_square(&square), "{root}");
            assert!(!is_square(&(&square + 1u32)) && !is_square(&(square - 1u32)), "{root}");
        }
    }

    #[test]
    fn powers_are_told_from_their_neighbours() {
        for exponent in [3, 5, 7, 11, 31] {
            let power = mersenne(127).pow(exponent);
            assert!(is_perfect_power(&power), "{exponent}");
            assert!(!is_perfect_power(&(power + 2u32)), "{exponent}");
        }
        assert_eq!(fermat(&mersenne(521).pow(2)), Err(Weakness::PerfectPower));
        assert!(!is_perfect_power(&(mersenne(521) * mersenne(607))));
    }

    #[test]
    fn primes_are_told_from_products() {
        assert!(is_probably_prime(&mersenne(521)));
        assert!(!is_probably_prime(&(mersenne(521) * mersenne(607))));
    }

    #[test]
    fn fermat_stops_after_its_rounds() {
        // n = (a - b)(a + b) is found in the round a - ceil(sqrt n).
        let a = (BigUint::one() << 600u32) + 1u32;
        let factors = |b: u32| (&a - (BigUint::one() << b)) * (&a + (BigUint::one() << b));
        assert_eq!(fermat(&factors(300)), Err(Weakness::ClosePrimes));
        // b² = 2^606: the root of n is 2^5 below a.
        assert_eq!(fermat(&factors(303)), Err(Weakness::ClosePrimes));
        // b² = 2^610: 2^9 below.
        assert_eq!(fermat(&factors(305)), Ok(()));
    }

    /// What each check costs, in microseconds.
    #[test]
    fn the_cost_of_each_check_is_printed() {
        let key = crate::SoftwareKey::generate(crate::KeyKind::Rsa(2048)).unwrap();
        let spki = crate::Signer::public_key(&key);
        let spki = spki::SubjectPublicKeyInfoRef::try_from(spki).unwrap();
        let key = RsaPublicKey::from_der(spki.subject_public_key.raw_bytes()).unwrap();
        let n = &BigUint::from_bytes_be(key.parts().0);
        type Check<'a> = (&'a str, u32, &'a dyn Fn() -> bool);
        let checks: [Check<'_>; 5] = [
            ("small factors", 200, &|| has_small_factor(n)),
            ("ROCA", 200, &|| looks_like_roca(n)),
            ("close primes", 200, &|| fermat(n).is_err()),
            ("perfect power", 200, &|| is_perfect_power(n)),
            ("prime modulus", 10, &|| is_probably_prime(n)),
        ];
        for (name, rounds, check) in checks {
            assert!(!check(), "{name}");
            let begun = std::time::Instant::now();
            for _ in 0..rounds {
                std::hint::black_box(check());
            }
            println!("RSA 2048, {name}: {} µs", begun.elapsed().as_micros() / u128::from(rounds));
        }
    }
}
