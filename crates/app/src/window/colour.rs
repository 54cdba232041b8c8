//! A service's key colour, made fit for a light and for a dark page.

/// Red, green, blue.
pub(crate) type Rgb = [u8; 3];

/// The pages of the two schemes (crates/view/ui/theme.slint).
const LIGHT: Rgb = [0xff; 3];
const DARK: Rgb = [0x1a; 3];

/// What text on its ground needs (WCAG 2.2, success criterion 1.4.3).
const ENOUGH: f64 = 4.5;

/// On a dark page colours of 4.5:1 look dull; the tokens have about 8:1 there.
const BRIGHT: f64 = 7.0;

/// A key colour for both schemes, each with a stronger form for what is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyColours {
    pub(crate) light: Rgb,
    pub(crate) light_strong: Rgb,
    pub(crate) dark: Rgb,
    pub(crate) dark_strong: Rgb,
}

impl KeyColours {
    /// From `#rrggbb`: darkened until it can be read on white, lightened until it can be read on
    /// the dark page. `None` when it is no colour.
    pub(crate) fn of(colour: &str) -> Option<Self> {
        let colour = parse(colour)?;
        let light = towards(colour, [0; 3], LIGHT, ENOUGH);
        let dark = towards(colour, [0xff; 3], DARK, BRIGHT);
        Some(Self {
            light,
            light_strong: mix(light, [0; 3], 25),
            dark,
            dark_strong: mix(dark, [0xff; 3], 40),
        })
    }
}

fn parse(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// The first of ever stronger mixtures with `end` that can be read on `ground`.
fn towards(colour: Rgb, end: Rgb, ground: Rgb, least: f64) -> Rgb {
    let mixtures = (0..=20).map(|step| mix(colour, end, step * 5));
    mixtures.into_iter().find(|mixture| contrast(*mixture, ground) >= least).unwrap_or(end)
}

/// `percent` of `other` in `colour`.
fn mix(colour: Rgb, other: Rgb, percent: u16) -> Rgb {
    let part = |a: u8, b: u8| (u16::from(a) * (100 - percent) + u16::from(b) * percent) / 100;
    std::array::from_fn(|i| u8::try_from(part(colour[i], other[i])).unwrap_or(u8::MAX))
}

/// From 1 to 21 (WCAG 2.2, glossary).
pub(crate) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_colour_text_in_it_and_on_it_can_be_read() {
        for colour in ["#0017c1", "#ffff00", "#000000", "#ffffff", "#e60012", "#00a040", "#808080"]
        {
            let colours = KeyColours::of(colour).unwrap();
            for light in [colours.light, colours.light_strong] {
                assert!(contrast(light, LIGHT) >= ENOUGH, "{colour}: {light:?}");
            }
            for dark in [colours.dark, colours.dark_strong] {
                assert!(contrast(dark, DARK) >= ENOUGH, "{colour}: {dark:?}");
                // Black letters on a filled button.
                assert!(contrast(dark, [0; 3]) >= ENOUGH, "{colour}: {dark:?}");
            }
        }
        assert_eq!(KeyColours::of("#0017c1").unwrap().light, [0, 0x17, 0xc1]);
        for bad in ["", "blue", "#12345", "#1234567", "#12345g", "#あい"] {
            assert_eq!(KeyColours::of(bad), None, "{bad}");
        }
    }
}
