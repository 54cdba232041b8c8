//! Figures out of many times.

/// The value below which `part` (0 to 1) of the sorted values lie; 0 of none.
pub(super) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * part).round() as usize).copied().unwrap_or_default()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The Mann-Whitney U test, two-sided, in its normal approximation: how likely samples that
/// differ in rank as much as these are, when both come from one distribution.
pub(super) fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        a.iter().map(|v| (*v, true)).chain(b.iter().map(|v| (*v, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let mut rank_sum = 0.0;
    let mut at = 0;
    while at < all.len() {
        let ties = all[at..].iter().take_while(|entry| entry.0 == all[at].0).count();
        // Ranks count from 1; equal values share the middle of theirs.
        let rank = at as f64 + (ties as f64 + 1.0) / 2.0;
        rank_sum += rank * all[at..at + ties].iter().filter(|entry| entry.1).count() as f64;
        at += ties;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    if deviation == 0.0 { 1.0 } else { two_sided((u - n * m / 2.0) / deviation) }
}

/// Probability of a standard normal value at least as far from 0 (Abramowitz and Stegun,
/// 7.1.26; error below 1.5e-7).
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (poly * (-x * x).exp()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_few_and_none() {
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[3.0], 0.99), 3.0);
        let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!((quantile(&hundred, 0.5), quantile(&hundred, 0.99)), (50.0, 99.0));
    }

    #[test]
    fn normal_tails_as_in_the_tables() {
        assert!((two_sided(1.96) - 0.05).abs() < 1e-4);
        assert!((two_sided(-2.576) - 0.01).abs() < 1e-4);
        assert!((two_sided(0.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn equal_samples_look_equal_and_shifted_ones_do_not() {
        let a: Vec<f64> = (0..200).map(f64::from).collect();
        let shifted: Vec<f64> = a.iter().map(|v| v + 40.0).collect();
        assert!(mann_whitney(&a, &a) > 0.99);
        assert!(mann_whitney(&a, &shifted) < 1e-4);
        assert_eq!(mann_whitney(&a, &[]), 1.0);
    }

    #[test]
    fn the_textbook_example() {
        // Tortoises and hares: U = 11 of 36, z = -1.12, p = 0.26 without continuity correction.
        let (tortoises, hares) =
            ([1.0, 7.0, 8.0, 9.0, 10.0, 11.0], [2.0, 3.0, 4.0, 5.0, 6.0, 12.0]);
        assert!((mann_whitney(&tortoises, &hares) - 0.2623).abs() < 1e-3);
    }
}
