use jiff::SignedDuration;

/// Seconds of a day. Policies count days of exactly this length, whatever the zone's clock does.
const DAY: i64 = 86_400;

/// When a credential stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialPolicy {
    /// Consecutive wrong passwords that lock (1 to 100; NIST SP 800-63B §5.2.2 allows at most 100).
    pub max_failures: u8,
    /// Time from creation until an unused credential lapses.
    pub lapses_after: SignedDuration,
    /// Time after consumption in which the same key gets the same certificate again.
    pub repeat_within: SignedDuration,
}

impl Default for CredentialPolicy {
    fn default() -> Self {
        Self {
            max_failures: 5,
            lapses_after: days(90),
            repeat_within: SignedDuration::from_hours(24),
        }
    }
}

/// How long certificates live and when renewal and reminders come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicy {
    /// Validity of a first certificate, and what a renewal adds.
    pub lifetime: SignedDuration,
    /// How long before expiry renewal opens.
    pub renewal_window: SignedDuration,
    /// How long after the first use of its successor an old certificate is retired.
    pub overlap: SignedDuration,
    /// How far `notBefore` lies before the moment of issuance, for PCs whose clock is behind.
    pub backdate: SignedDuration,
    /// Days before expiry at which reminders go out, most distant first.
    pub reminder_days: Vec<u16>,
}

impl Default for LifecyclePolicy {
    fn default() -> Self {
        Self {
            lifetime: days(365),
            renewal_window: days(60),
            overlap: days(7),
            backdate: SignedDuration::from_mins(5),
            reminder_days: vec![30, 7],
        }
    }
}

impl LifecyclePolicy {
    /// Checks that the numbers make sense together.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn checked(self) -> Result<Self, PolicyError> {
        let rules = [
            (
                self.lifetime >= days(1) && self.lifetime <= days(3650),
                "lifetime must be 1 to 3650 days",
            ),
            (
                self.renewal_window > SignedDuration::ZERO && self.renewal_window < self.lifetime,
                "the renewal window must be shorter than the lifetime",
            ),
            (
                self.overlap >= SignedDuration::ZERO && self.overlap <= self.renewal_window,
                "the overlap must not be longer than the renewal window",
            ),
            (
                self.backdate >= SignedDuration::ZERO
                    && self.backdate <= SignedDuration::from_hours(1),
                "notBefore must not lie more than an hour in the past",
            ),
            (
                self.reminder_days.windows(2).all(|pair| pair[0] > pair[1])
                    && self
                        .reminder_days
                        .iter()
                        .all(|d| days((*d).into()) < self.lifetime && *d > 0),
                "reminder days must fall, from less than the lifetime to 1",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(self),
            Some((_, rule)) => Err(PolicyError(rule)),
        }
    }

    /// How far a certificate made now may reach: a renewal adds a lifetime to what is left of the
    /// old one.
    pub fn reach(&self) -> SignedDuration {
        self.lifetime + self.renewal_window
    }
}

/// A rule between the numbers of a policy is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(&'static str);

pub(crate) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count.saturating_mul(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_keep_their_own_rules() {
        assert_eq!(LifecyclePolicy::default().checked(), Ok(LifecyclePolicy::default()));
    }

    #[test]
    fn each_rule_can_be_broken() {
        let good = LifecyclePolicy::default;
        for bad in [
            LifecyclePolicy { lifetime: SignedDuration::ZERO, ..good() },
            LifecyclePolicy { lifetime: days(3651), ..good() },
            LifecyclePolicy { renewal_window: days(365), ..good() },
            LifecyclePolicy { overlap: days(61), ..good() },
            LifecyclePolicy { backdate: SignedDuration::from_secs(3601), ..good() },
            LifecyclePolicy { reminder_days: vec![7, 30], ..good() },
            LifecyclePolicy { reminder_days: vec![365], ..good() },
            LifecyclePolicy { reminder_days: vec![0], ..good() },
        ] {
            assert!(bad.clone().checked().is_err(), "{bad:?}");
        }
    }
}
