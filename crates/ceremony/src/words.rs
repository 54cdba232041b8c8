/// Consonants and vowels that no two ears confuse in a syllable (Wilkerson, "A Proposal for
/// Proquints", 2009): sixteen and four.
const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// Octets as words of five letters, each of 16 bits, four words a group: SHA-256 has sixteen
/// words. An odd octet at the end is filled with zeros.
pub fn words(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 3 + octets.len() / 8);
    for (i, pair) in octets.chunks(2).enumerate() {
        out.push_str(match i {
            0 => "",
            _ if i % 4 == 0 => "  ",
            _ => " ",
        });
        let bits = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        for (shift, is_vowel) in [(12, false), (10, true), (6, false), (4, true), (0, false)] {
            let letter = match is_vowel {
                true => VOWELS[usize::from(bits >> shift) & 3],
                false => CONSONANTS[usize::from(bits >> shift) & 15],
            };
            out.push(char::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_those_of_the_proposal() {
        // 127.0.0.1 and 63.84.220.193 in the proposal's table.
        assert_eq!(words(&[127, 0, 0, 1]), "lusab babad");
        assert_eq!(words(&[63, 84, 220, 193]), "gutih tugad");
        assert_eq!(words(&[0; 32]).split_whitespace().count(), 16);
        assert_eq!(words(&[]), "");
    }

    #[test]
    fn every_pair_of_octets_has_a_word_of_its_own() {
        let all: HashSet<_> = (0..=u16::MAX).map(|pair| words(&pair.to_be_bytes())).collect();
        assert_eq!(all.len(), 65_536);
    }
}
