//! Every colour of a text has a contrast of at least 4.5:1 to its ground, every line that
//! means something 3:1, in both schemes (WCAG 2.2, success criteria 1.4.3 and 1.4.11).

use std::collections::HashMap;

use tegata_look::STYLE;

/// Text on its ground.
const TEXTS: [(&str, &str); 23] = [
    ("text", "page"),
    ("text", "band"),
    ("text", "tint"),
    ("text", "info-tint"),
    ("text", "success-tint"),
    ("text", "warning-tint"),
    ("text", "error-tint"),
    ("quiet", "page"),
    ("quiet", "band"),
    ("link", "page"),
    ("link", "band"),
    ("link", "info-tint"),
    ("link", "error-tint"),
    ("visited", "page"),
    ("key", "page"),
    ("key", "tint"),
    ("on-key", "key"),
    ("on-key", "key-strong"),
    ("info", "info-tint"),
    ("success", "success-tint"),
    ("warning", "warning-tint"),
    ("error", "error-tint"),
    ("page", "error"),
];

/// Edges of fields, cards and the focus ring.
const EDGES: [(&str, &str); 6] = [
    ("edge", "page"),
    ("ring", "page"),
    ("ring", "glow"),
    ("success", "page"),
    ("warning", "page"),
    ("error", "page"),
];

#[test]
fn colours_keep_their_contrast_in_both_schemes() {
    let light = variables(STYLE.split_once(":root {").unwrap().1);
    let dark = {
        let (_, block) = STYLE.split_once("(prefers-color-scheme: dark)").unwrap();
        let mut all = light.clone();
        all.extend(variables(block.split_once(":root {").unwrap().1));
        all
    };
    for (scheme, colours) in [("light", light), ("dark", dark)] {
        for (pairs, least) in [(&TEXTS[..], 4.5), (&EDGES[..], 3.0)] {
            for (front, back) in pairs {
                let ratio = contrast(colours[*front], colours[*back]);
                assert!(ratio >= least, "{scheme}: {front} on {back} is {ratio:.2}");
            }
        }
    }
}

#[test]
fn contrast_is_that_of_the_standard() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
}

/// The colours of the block that `css` begins with; of `var(--x, #abc)` the default.
fn variables(css: &str) -> HashMap<&str, [u8; 3]> {
    css.lines()
        .take_while(|line| line.trim() != "}")
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "))
        .filter_map(|(name, value)| Some((name, colour(value.split_once('#')?.1)?)))
        .collect()
}

fn colour(hex: &str) -> Option<[u8; 3]> {
    let digits: Vec<u8> =
        hex.chars().map_while(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    match digits[..] {
        [r, g, b] => Some([r * 17, g * 17, b * 17]),
        [r, rr, g, gg, b, bb] => Some([r * 16 + rr, g * 16 + gg, b * 16 + bb]),
        _ => None,
    }
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance (WCAG 2.2, glossary).
fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}
