use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use der::asn1::{Any, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

/// A distinguished name of the form this system gives out: country, organisation, common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectName {
    country: Option<String>,
    organisation: Option<String>,
    common_name: String,
}

/// Why a name cannot stand in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Upper bounds of RFC 5280 appendix A.1.
    #[error("a common name and an organisation have 1 to 64 characters and no control characters")]
    Bounds,
    /// ISO 3166-1 alpha-2.
    #[error("a country is two capital letters")]
    Country,
}

impl SubjectName {
    /// A name with a common name only.
    ///
    /// # Errors
    /// [`NameError::Bounds`].
    pub fn new(common_name: &str) -> Result<Self, NameError> {
        Ok(Self { country: None, organisation: None, common_name: bounded(common_name)? })
    }

    /// With an organisation.
    ///
    /// # Errors
    /// [`NameError::Bounds`].
    pub fn organisation(self, name: &str) -> Result<Self, NameError> {
        Ok(Self { organisation: Some(bounded(name)?), ..self })
    }

    /// With a country.
    ///
    /// # Errors
    /// [`NameError::Country`].
    pub fn country(self, code: &str) -> Result<Self, NameError> {
        if code.len() == 2 && code.bytes().all(|c| c.is_ascii_uppercase()) {
            Ok(Self { country: Some(code.to_owned()), ..self })
        } else {
            Err(NameError::Country)
        }
    }

    pub(crate) fn to_name(&self) -> der::Result<Name> {
        let mut rdns = Vec::with_capacity(3);
        if let Some(country) = &self.country {
            rdns.push(rdn(rfc4519::C, Any::from(PrintableStringRef::new(country)?))?);
        }
        if let Some(organisation) = &self.organisation {
            rdns.push(rdn(rfc4519::O, Any::from(Utf8StringRef::new(organisation)?))?);
        }
        rdns.push(rdn(rfc4519::CN, Any::from(Utf8StringRef::new(&self.common_name)?))?);
        Ok(RdnSequence(rdns))
    }
}

fn bounded(text: &str) -> Result<String, NameError> {
    // Besides control characters, those that turn the direction of what follows.
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits = (1..=64).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(harmful);
    if fits { Ok(text.to_owned()) } else { Err(NameError::Bounds) }
}

fn rdn(oid: ObjectIdentifier, value: Any) -> der::Result<RelativeDistinguishedName> {
    let mut set = SetOfVec::new();
    set.insert(AttributeTypeAndValue { oid, value })?;
    Ok(RelativeDistinguishedName(set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_characters_not_octets() {
        assert!(SubjectName::new(&"手".repeat(64)).is_ok());
        assert_eq!(SubjectName::new(&"手".repeat(65)), Err(NameError::Bounds));
        assert_eq!(SubjectName::new(""), Err(NameError::Bounds));
        for text in ["a\u{0}b", " ", "a\u{202e}b"] {
            assert_eq!(SubjectName::new(text), Err(NameError::Bounds));
        }
        assert_eq!(SubjectName::new("a").unwrap().country("jp"), Err(NameError::Country));
    }

    #[test]
    fn special_characters_stay_in_their_value() {
        let name = SubjectName::new("A").unwrap().organisation("X, O=Y+CN=Z").unwrap();
        assert_eq!(name.to_name().unwrap().0.len(), 2);
    }
}
