use jiff::Timestamp;

use crate::{CredentialPolicy, KeyHash, Serial};

/// The one-time right to one issuance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// When it was created or last reset.
    pub created_at: Timestamp,
    /// First moment at which it no longer works unused.
    pub lapses_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Where a credential stands. That it lapsed follows from the time and is not a state of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting for its one issuance.
    Ready {
        /// Wrong passwords in a row.
        failures: u8,
    },
    /// Spent.
    Consumed {
        /// When.
        at: Timestamp,
        /// On this key.
        key: KeyHash,
        /// For this certificate.
        serial: Serial,
    },
    /// Too many wrong passwords in a row.
    Locked {
        /// Since when.
        at: Timestamp,
    },
}

/// What a right password permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// One issuance.
    Issue,
    /// The certificate that the same request already got.
    Repeat(Serial),
}

/// Why a right password permits nothing. The caller hears the same in every case; the reason
/// is for the audit log and the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Spent on another key, or too long ago to repeat.
    #[error("already used")]
    Consumed,
    /// Too many wrong passwords.
    #[error("locked")]
    Locked,
    /// Not used before its date.
    #[error("lapsed")]
    Lapsed,
}

/// A transition that the state does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the initial password is not in a state that allows this")]
pub struct CredentialError;

impl Credential {
    /// A new credential.
    pub fn new(now: Timestamp, policy: &CredentialPolicy) -> Self {
        Self {
            created_at: now,
            lapses_at: now.saturating_add(policy.lapses_after).unwrap_or(Timestamp::MAX),
            state: State::Ready { failures: 0 },
        }
    }

    /// Whether it was never used and no longer works.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        !matches!(self.state, State::Consumed { .. }) && now >= self.lapses_at
    }

    /// What the right password permits at `now` to the holder of `key`.
    ///
    /// # Errors
    /// The reason why nothing.
    pub fn attempt(
        &self,
        now: Timestamp,
        key: KeyHash,
        policy: &CredentialPolicy,
    ) -> Result<Attempt, Refusal> {
        match self.state {
            State::Ready { .. } if now < self.lapses_at => Ok(Attempt::Issue),
            State::Ready { .. } => Err(Refusal::Lapsed),
            State::Locked { .. } => Err(Refusal::Locked),
            State::Consumed { at, key: spent_on, serial } => {
                if spent_on == key && now.duration_since(at) <= policy.repeat_within {
                    Ok(Attempt::Repeat(serial))
                } else {
                    Err(Refusal::Consumed)
                }
            }
        }
    }

    /// Counts a wrong password.
    #[must_use]
    pub fn failed(self, now: Timestamp, policy: &CredentialPolicy) -> Self {
        let state = match self.state {
            State::Ready { failures } if failures.saturating_add(1) >= policy.max_failures => {
                State::Locked { at: now }
            }
            State::Ready { failures } => State::Ready { failures: failures + 1 },
            spent @ (State::Consumed { .. } | State::Locked { .. }) => spent,
        };
        Self { state, ..self }
    }

    /// Spends it on `serial`.
    ///
    /// # Errors
    /// Unless it is ready and has not lapsed.
    pub fn consume(
        self,
        now: Timestamp,
        key: KeyHash,
        serial: Serial,
    ) -> Result<Self, CredentialError> {
        match self.state {
            State::Ready { .. } if now < self.lapses_at => {
                Ok(Self { state: State::Consumed { at: now, key, serial }, ..self })
            }
            _ => Err(CredentialError),
        }
    }

    /// Makes a locked one work again with the same password.
    ///
    /// # Errors
    /// Unless it is locked.
    pub fn unlock(self) -> Result<Self, CredentialError> {
        match self.state {
            State::Locked { .. } => Ok(Self { state: State::Ready { failures: 0 }, ..self }),
            _ => Err(CredentialError),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::UNIX_EPOCH;
    const KEY: KeyHash = KeyHash([1; 32]);
    const OTHER: KeyHash = KeyHash([2; 32]);

    fn serial() -> Serial {
        Serial::from_octets(&[0x41; 16]).unwrap()
    }

    fn later(seconds: i64) -> Timestamp {
        T0 + SignedDuration::from_secs(seconds)
    }

    fn policy() -> CredentialPolicy {
        CredentialPolicy::default()
    }

    #[test]
    fn fifth_failure_locks_and_fourth_does_not() {
        let mut credential = Credential::new(T0, &policy());
        for failures in 1..=4 {
            credential = credential.failed(T0, &policy());
            assert_eq!(credential.state, State::Ready { failures });
        }
        assert_eq!(credential.attempt(T0, KEY, &policy()), Ok(Attempt::Issue));
        credential = credential.failed(later(9), &policy());
        assert_eq!(credential.state, State::Locked { at: later(9) });
        assert_eq!(credential.attempt(T0, KEY, &policy()), Err(Refusal::Locked));
        assert_eq!(credential.consume(T0, KEY, serial()), Err(CredentialError));
    }

    #[test]
    fn unlock_keeps_the_password_and_forgets_the_failures() {
        let mut credential = Credential::new(T0, &policy());
        assert_eq!(credential.unlock(), Err(CredentialError));
        for _ in 0..5 {
            credential = credential.failed(T0, &policy());
        }
        assert_eq!(credential.unlock().unwrap().state, State::Ready { failures: 0 });
    }

    #[test]
    fn lapses_exactly_after_90_days() {
        let credential = Credential::new(T0, &policy());
        let last = 90 * 86_400 - 1;
        assert_eq!(credential.attempt(later(last), KEY, &policy()), Ok(Attempt::Issue));
        assert_eq!(credential.attempt(later(last + 1), KEY, &policy()), Err(Refusal::Lapsed));
        assert!(credential.consume(later(last), KEY, serial()).is_ok());
        assert_eq!(credential.consume(later(last + 1), KEY, serial()), Err(CredentialError));
    }

    #[test]
    fn repeats_for_the_same_key_within_24_hours_only() {
        let spent = Credential::new(T0, &policy()).consume(T0, KEY, serial()).unwrap();
        let last = 24 * 3600;
        assert_eq!(spent.attempt(later(last), KEY, &policy()), Ok(Attempt::Repeat(serial())));
        assert_eq!(spent.attempt(later(last + 1), KEY, &policy()), Err(Refusal::Consumed));
        assert_eq!(spent.attempt(later(1), OTHER, &policy()), Err(Refusal::Consumed));
        assert_eq!(spent.consume(T0, KEY, serial()), Err(CredentialError));
    }

    #[test]
    fn failures_after_consumption_change_nothing() {
        let spent = Credential::new(T0, &policy()).consume(T0, KEY, serial()).unwrap();
        assert_eq!((0..10).fold(spent, |c, _| c.failed(T0, &policy())), spent);
    }

    proptest! {
        /// Whatever happens in whatever order, a credential is spent at most once.
        #[test]
        fn is_consumed_at_most_once(steps in prop::collection::vec((0u8..4, 0i64..200 * 86_400), 0..40)) {
            let mut credential = Credential::new(T0, &policy());
            let mut spent = 0;
            for (step, seconds) in steps {
                let now = later(seconds);
                match step {
                    0 => credential = credential.failed(now, &policy()),
                    1 => credential = credential.unlock().unwrap_or(credential),
                    _ => if let Ok(next) = credential.consume(now, KEY, serial()) {
                        credential = next;
                        spent += 1;
                    },
                }
            }
            prop_assert!(spent <= 1);
            prop_assert_eq!(spent == 1, matches!(credential.state, State::Consumed { .. }));
        }
    }
}
