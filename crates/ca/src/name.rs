use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use der::Decode;
use der::asn1::{Any, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

/// A distinguished name of attributes that this system gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectName(Vec<(Attribute, String)>);

/// An attribute of a distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// countryName.
    Country,
    /// organizationName.
    Organisation,
    /// organizationalUnitName.
    OrganisationalUnit,
    /// commonName.
    CommonName,
}

/// Why a name cannot stand in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Upper bounds of RFC 5280 appendix A.1.
    #[error("a name in a certificate has 1 to 64 characters and no control characters")]
    Bounds,
    /// ISO 3166-1 alpha-2.
    #[error("a country is two capital letters")]
    Country,
    /// A placeholder without a value.
    #[error("{{{0}}} has no value here")]
    Missing(&'static str),
    /// RFC 5280 §4.2.1.6: ASCII, an e-mail with its @.
    #[error("an alternative name of this certificate is not ASCII or no address")]
    AltName,
}

impl Attribute {
    /// Every one, in the order that names here have unless a profile says otherwise.
    pub const ALL: [Self; 4] =
        [Self::Country, Self::Organisation, Self::OrganisationalUnit, Self::CommonName];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Organisation => "organisation",
            Self::OrganisationalUnit => "organisational_unit",
            Self::CommonName => "common_name",
        }
    }

    /// Whether a text can be its value.
    ///
    /// # Errors
    /// [`NameError::Bounds`] or [`NameError::Country`].
    pub(crate) fn checked(self, text: &str) -> Result<(), NameError> {
        match self {
            Self::Country if text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase()) => {
                Ok(())
            }
            Self::Country => Err(NameError::Country),
            Self::Organisation | Self::OrganisationalUnit | Self::CommonName => bounded(text),
        }
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Country => rfc4519::C,
            Self::Organisation => rfc4519::O,
            Self::OrganisationalUnit => rfc4519::OU,
            Self::CommonName => rfc4519::CN,
        }
    }
}

impl SubjectName {
    /// A name with a common name only.
    ///
    /// # Errors
    /// [`NameError::Bounds`].
    pub fn new(common_name: &str) -> Result<Self, NameError> {
        Self::of(vec![(Attribute::CommonName, common_name.to_owned())])
    }

    /// A name of these attributes, in this order.
    ///
    /// # Errors
    /// The first value that cannot stand in a certificate.
    pub fn of(attributes: Vec<(Attribute, String)>) -> Result<Self, NameError> {
        attributes.iter().try_for_each(|(attribute, text)| attribute.checked(text))?;
        Ok(Self(attributes))
    }

    /// The subject of a certificate of ours; `None` when it has attributes of other kinds.
    pub fn of_certificate(der: &[u8]) -> Option<Self> {
        let subject = Certificate::from_der(der).ok()?.tbs_certificate.subject;
        let attributes = subject.0.iter().flat_map(|rdn| rdn.0.iter()).map(|found| {
            let kind = Attribute::ALL.into_iter().find(|kind| kind.oid() == found.oid)?;
            Some((kind, std::str::from_utf8(found.value.value()).ok()?.to_owned()))
        });
        Self::of(attributes.collect::<Option<_>>()?).ok()
    }

    /// With an organisation before the common name.
    ///
    /// # Errors
    /// [`NameError::Bounds`].
    pub fn organisation(self, name: &str) -> Result<Self, NameError> {
        self.with(Attribute::Organisation, name)
    }

    /// With a country before everything else.
    ///
    /// # Errors
    /// [`NameError::Country`].
    pub fn country(self, code: &str) -> Result<Self, NameError> {
        self.with(Attribute::Country, code)
    }

    /// With one attribute in its usual place, instead of one that was there.
    fn with(mut self, attribute: Attribute, text: &str) -> Result<Self, NameError> {
        attribute.checked(text)?;
        self.0.retain(|(earlier, _)| *earlier != attribute);
        let place = self.0.iter().take_while(|(earlier, _)| *earlier < attribute).count();
        self.0.insert(place, (attribute, text.to_owned()));
        Ok(self)
    }

    pub(crate) fn to_name(&self) -> der::Result<Name> {
        let rdns = self.0.iter().map(|(attribute, text)| {
            // RFC 5280 appendix A.1: X520countryName is a PrintableString.
            let value = match attribute {
                Attribute::Country => Any::from(PrintableStringRef::new(text)?),
                _ => Any::from(Utf8StringRef::new(text)?),
            };
            rdn(attribute.oid(), value)
        });
        Ok(RdnSequence(rdns.collect::<der::Result<_>>()?))
    }
}

fn bounded(text: &str) -> Result<(), NameError> {
    // Besides control characters, those that turn the direction of what follows.
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits = (1..=64).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(harmful);
    if fits { Ok(()) } else { Err(NameError::Bounds) }
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
