//! What a key ceremony is to do, and the record of what it did. Pure: the files, the clock and
//! the keys are in `tegata_server`.
//!
//! A ceremony is one TOML file ([`Ceremony`]) that several people read before anything happens,
//! and one [`Transcript`] that they sign afterwards. Fingerprints stand there as words too
//! ([`words`]), which two people can read to each other over the telephone.

mod file;
mod reader;
mod transcript;
mod words;

pub use file::{
    Ceremony, CeremonyErrors, Cross, EXAMPLE, ExistingKey, Issuing, List, NewRoot, Root, RootKey,
};
pub use transcript::{Fact, Made, Transcript};
pub use words::words;
