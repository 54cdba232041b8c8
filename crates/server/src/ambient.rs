//! The real clock and the real randomness, for `main` to hand out.

use jiff::Timestamp;
use tegata_domain::{Clock, Entropy};

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where real time comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The CSPRNG of aws-lc, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "without randomness nothing here may go on")]
    fn fill(&self, octets: &mut [u8]) {
        aws_lc_rs::rand::fill(octets).expect("the operating system gives random octets");
    }
}
