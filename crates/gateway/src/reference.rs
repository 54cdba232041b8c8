use tegata_domain::Entropy;
use tegata_wire::reference::{RANDOM, Reference};

/// The reference of a refusal with this code, such as `G-R7K3M9QW2`.
pub(crate) fn reference(code: &str, entropy: &dyn Entropy) -> String {
    let mut octets = [0; RANDOM];
    entropy.fill(&mut octets);
    Reference::new(code, octets).to_string()
}
