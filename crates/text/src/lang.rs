/// A language of the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Japanese, spoken where nothing else was asked for.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The language subtag, `ja` or `en` (RFC 5646).
    pub fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The other language, for the switch.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// The language of a tag such as `ja`, `en-GB` or `ja_JP.UTF-8`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_', '.']).next()?;
        Self::ALL.into_iter().find(|lang| primary.eq_ignore_ascii_case(lang.code()))
    }

    /// Chooses by an `Accept-Language` value (RFC 9110 §12.5.4): the supported language with
    /// the highest weight, the earlier one among equals; Japanese when none is named.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best: Option<(Self, u32)> = None;
        for range in accept_language.split(',').take(32) {
            let mut parts = range.split(';');
            let Some(lang) = parts.next().and_then(Self::from_tag) else { continue };
            let weight =
                parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if weight > 0 && best.is_none_or(|(_, most)| weight > most) {
                best = Some((lang, weight));
            }
        }
        best.map_or_else(Self::default, |(lang, _)| lang)
    }
}

fn thousandths(weight: &str) -> u32 {
    weight.trim().parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiates_by_weight_then_order() {
        for (header, lang) in [
            ("", Lang::Ja),
            ("fr", Lang::Ja),
            ("en-US,en;q=0.9", Lang::En),
            ("ja,en;q=0.9", Lang::Ja),
            ("en;q=0.5, ja;q=0.8", Lang::Ja),
            ("fr;q=1, en;q=0.1", Lang::En),
            ("en;q=0", Lang::Ja),
            ("en;q=nonsense, ja;q=0.1", Lang::Ja),
            (";;;,,,", Lang::Ja),
        ] {
            assert_eq!(Lang::negotiate(header), lang, "{header}");
        }
    }
}
