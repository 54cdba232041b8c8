//! The fonts that the executable carries have every character of the messages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The characters of a font, from its `cmap` table (OpenType 1.9, subtable format 4 or 12).
fn characters(font: &[u8]) -> BTreeSet<u32> {
    let u16_at = |at: usize| u32::from(u16::from_be_bytes([font[at], font[at + 1]]));
    let u32_at = |at: usize| u16_at(at) << 16 | u16_at(at + 2);
    let tables = u16_at(4) as usize;
    let entry = (0..tables).map(|i| 12 + 16 * i).find(|at| &font[*at..at + 4] == b"cmap").unwrap();
    let cmap = u32_at(entry + 8) as usize;
    let mut found = BTreeSet::new();
    for i in 0..u16_at(cmap + 2) as usize {
        let table = cmap + u32_at(cmap + 4 + 8 * i + 4) as usize;
        match u16_at(table) {
            4 => {
                let segments = u16_at(table + 6) as usize;
                for segment in (0..segments).step_by(2) {
                    let end = u16_at(table + 14 + segment);
                    let start = u16_at(table + 16 + segments + segment);
                    found.extend(start..=end);
                }
            }
            12 => {
                for group in 0..u32_at(table + 12) as usize {
                    let at = table + 16 + 12 * group;
                    found.extend(u32_at(at)..=u32_at(at + 4));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_character_of_the_messages_can_be_drawn() {
    let mut wanted = BTreeSet::new();
    for lang in ["ja", "en"] {
        let folder = root().join("crates/text/messages").join(lang);
        for file in std::fs::read_dir(folder).unwrap() {
            wanted.extend(std::fs::read_to_string(file.unwrap().path()).unwrap().chars());
        }
    }
    wanted.retain(|c| !c.is_control());
    // Names of services and organisations: some of the commonest kanji of banks.
    let names = "銀行信用金庫証券都市農協共済労働組合海山京阪横浜静岡福島";
    for (weight, wanted) in
        [("Bold", wanted.clone()), ("Regular", wanted.into_iter().chain(names.chars()).collect())]
    {
        let file = root().join(format!("crates/view/fonts/BIZUDPGothic-{weight}.ttf"));
        let there = characters(&std::fs::read(file).unwrap());
        let missing: String = wanted.iter().filter(|c| !there.contains(&u32::from(**c))).collect();
        assert!(missing.is_empty(), "{weight} lacks {missing:?}: run tools/font");
    }
}
