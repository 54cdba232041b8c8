use jiff::Timestamp;

/// Where time comes from. Real in `main`, turned by hand in tests and simulation.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Where random octets come from: a CSPRNG in `main`, seeded in tests.
pub trait Entropy: Send + Sync {
    /// Fills `octets` with random octets.
    fn fill(&self, octets: &mut [u8]);
}
