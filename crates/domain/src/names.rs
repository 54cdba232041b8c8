use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Turns full-width ASCII (U+FF01…U+FF5E), the ideographic space and the dashes that input
/// methods put in place of a hyphen into their ASCII forms.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{a0}' => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff70}' => '-',
            _ => c,
        })
        .collect()
}

/// Whether a character cannot be seen, or turns the direction of others (UAX #9 §2): nothing that
/// a mail, or what is said to a person, has to hold. Control characters are not meant.
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Why a text is not a name of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}: 1 to {max} characters of A-Z, 0-9 and hyphen, beginning and ending with a letter or digit"
)]
pub struct NameError {
    what: &'static str,
    max: usize,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Most characters.
            pub const MAX: usize = $max;

            /// The canonical text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                canonical(text, Self::MAX).map(Self).ok_or(NameError { what: $what, max: $max })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A seat's name and the certificate's common name, such as `CMSM950-006-401`.
    ///
    /// At most 64 characters: the upper bound of a common name (RFC 5280 appendix A.1).
    UserId, "user ID", 64
);
name!(
    /// A tenant number, such as `0001`.
    Tenant, "tenant", 16
);
name!(
    /// The name of an issuing or root CA, such as `SB0001002C`.
    Issuer, "issuer", 32
);
name!(
    /// A branch's code, such as `950`.
    BranchCode, "branch", 16
);
name!(
    /// A company's code, such as `CMSM950-006`.
    CompanyCode, "company", 48
);

/// Full-width to half-width, upper case, trimmed; `None` when what is left is not a name.
fn canonical(text: &str, max: usize) -> Option<String> {
    // A longer text cannot become a name: at most four octets a character before folding.
    if text.len() > 4 * max + 64 {
        return None;
    }
    let mut name = half_width(text.trim());
    name.make_ascii_uppercase();
    let name = name.trim();
    let plain = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    let fits = (1..=max).contains(&name.len())
        && name.bytes().all(|c| plain(c) || c == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().next_back().is_some_and(plain);
    fits.then(|| name.to_owned())
}

/// A service as addresses name it: `0001/SB0001002C`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceKey {
    /// Tenant number.
    pub tenant: Tenant,
    /// Name of the service's first issuing CA.
    pub issuer: Issuer,
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.issuer)
    }
}

impl FromStr for ServiceKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (tenant, issuer) =
            text.split_once('/').ok_or(NameError { what: "service (tenant/issuer)", max: 49 })?;
        Ok(Self { tenant: tenant.parse()?, issuer: issuer.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_ids_are_forgiven_width_case_and_dashes() {
        for text in [
            "CMSM950-006-401",
            " cmsm950-006-401 ",
            "ＣＭＳＭ９５０－００６－４０１",
            "CMSM950ー006ー401",
        ] {
            assert_eq!(text.parse::<UserId>().unwrap().as_str(), "CMSM950-006-401", "{text}");
        }
    }

    #[test]
    fn query_syntax_and_markup_are_not_user_ids() {
        for text in [
            "", "*", "CMSM*", "CMSM%", "a_b", "(cn=*)", "<script>", "A'--", "A\u{0}", "A\nB", "-A",
            "A-", "é",
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
        }
        assert!("A".repeat(64).parse::<UserId>().is_ok());
        assert!("A".repeat(65).parse::<UserId>().is_err());
    }

    proptest! {
        #[test]
        fn canonical_names_are_fixed_points(text in "\\PC{0,80}") {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.as_str().parse::<UserId>().unwrap(), id);
            }
        }
    }
}
