use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tegata_ca::{AltNameKind, Attribute, Holder, Parts, ProfileError, RawExtension};

use super::{ServiceSettings, SettingsError};

/// What the certificates of a service say, where it is not the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// Of subscribers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ProfileSettings>,
    /// Of this system's own TLS servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ProfileSettings>,
    /// Of console users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<ProfileSettings>,
    /// Of the signer of mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_signer: Option<ProfileSettings>,
    /// Of delegated OCSP responders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocsp_responder: Option<ProfileSettings>,
}

/// One profile; what is left out is as by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSettings {
    /// Days of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_days: Option<u16>,
    /// Minutes that validity begins before issuance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backdate_minutes: Option<u8>,
    /// `ec-p256`, `ec-p384`, `rsa-3072`, `rsa-2048..4096`; of responders also `ed25519`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// The subject, attribute by attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Vec<AttributeText>>,
    /// Key usages (RFC 5280 §4.2.1.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_usages: Option<Vec<String>>,
    /// Extended key usages (RFC 5280 §4.2.1.12), by name or object identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_key_usages: Option<Vec<String>>,
    /// Certificate policies (RFC 5280 §4.2.1.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Policy>>,
    /// Further extensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Vec<ExtensionText>>,
    /// Subject alternative names (RFC 5280 §4.2.1.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_names: Option<Vec<AltNameText>>,
}

/// An attribute of a subject and its text, with placeholders in braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeText {
    /// countryName.
    Country(String),
    /// organizationName.
    Organisation(String),
    /// organizationalUnitName.
    OrganisationalUnit(String),
    /// commonName.
    CommonName(String),
}

/// A subject alternative name and its text, with placeholders in braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AltNameText {
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
}

/// A certificate policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Object identifier, dotted.
    pub oid: String,
    /// Address of the practice statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cps: Option<String>,
}

/// A further extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionText {
    /// Object identifier, dotted.
    pub oid: String,
    /// Whether whoever does not know it must refuse the certificate.
    #[serde(default)]
    pub critical: bool,
    /// Its value: DER as hexadecimal digits or base 64.
    pub der: String,
}

impl Profiles {
    /// The settings of a holder's profile.
    pub fn of(&self, holder: Holder) -> Option<&ProfileSettings> {
        match holder {
            Holder::Client => self.client.as_ref(),
            Holder::Server => self.server.as_ref(),
            Holder::Operator => self.operator.as_ref(),
            Holder::MailSigner => self.mail_signer.as_ref(),
            Holder::OcspResponder => self.ocsp_responder.as_ref(),
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl ServiceSettings {
    /// Everything that a profile says, what is default included.
    ///
    /// # Errors
    /// When an extension of it cannot be read.
    pub fn profile_in_full(&self, holder: Holder) -> Result<ProfileSettings, SettingsError> {
        let faults = |faults: Vec<ProfileError>| {
            let errors = faults.into_iter().map(|fault| SettingsError::Profile(holder, fault));
            SettingsError::Several(errors.collect())
        };
        Ok(ProfileSettings::of(self.parts(holder).map_err(faults)?))
    }
}

impl ProfileSettings {
    fn of(parts: Parts) -> Self {
        let hex = |der: &[u8]| der.iter().map(|octet| format!("{octet:02x}")).collect();
        let extension = |raw: RawExtension| ExtensionText {
            oid: raw.oid,
            critical: raw.critical,
            der: hex(&raw.der),
        };
        Self {
            lifetime_days: Some(parts.lifetime_days),
            backdate_minutes: Some(parts.backdate_minutes),
            keys: Some(parts.keys),
            subject: Some(parts.subject.into_iter().map(AttributeText::of).collect()),
            key_usages: Some(parts.key_usages),
            extended_key_usages: Some(parts.extended_key_usages),
            policies: Some(
                parts.policies.into_iter().map(|(oid, cps)| Policy { oid, cps }).collect(),
            ),
            extensions: Some(parts.extensions.into_iter().map(extension).collect()),
            alt_names: Some(parts.alt_names.into_iter().map(AltNameText::of).collect()),
        }
    }

    /// These settings over the defaults.
    pub(super) fn parts(&self, defaults: Parts) -> Result<Parts, Vec<ProfileError>> {
        let policies = self.policies.as_ref();
        Ok(Parts {
            lifetime_days: self.lifetime_days.unwrap_or(defaults.lifetime_days),
            backdate_minutes: self.backdate_minutes.unwrap_or(defaults.backdate_minutes),
            keys: self.keys.clone().unwrap_or(defaults.keys),
            subject: match &self.subject {
                Some(subject) => subject.iter().map(AttributeText::part).collect(),
                None => defaults.subject,
            },
            key_usages: self.key_usages.clone().unwrap_or(defaults.key_usages),
            extended_key_usages: self
                .extended_key_usages
                .clone()
                .unwrap_or(defaults.extended_key_usages),
            policies: policies.map_or(defaults.policies, |policies| {
                policies.iter().map(|one| (one.oid.clone(), one.cps.clone())).collect()
            }),
            extensions: match &self.extensions {
                Some(extensions) => raw(extensions)?,
                None => defaults.extensions,
            },
            alt_names: match &self.alt_names {
                Some(names) => names.iter().map(AltNameText::part).collect(),
                None => defaults.alt_names,
            },
        })
    }
}

impl std::fmt::Display for AttributeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Country(text) => write!(f, "C={text}"),
            Self::Organisation(text) => write!(f, "O={text}"),
            Self::OrganisationalUnit(text) => write!(f, "OU={text}"),
            Self::CommonName(text) => write!(f, "CN={text}"),
        }
    }
}

impl AttributeText {
    fn of((attribute, text): (Attribute, String)) -> Self {
        match attribute {
            Attribute::Country => Self::Country(text),
            Attribute::Organisation => Self::Organisation(text),
            Attribute::OrganisationalUnit => Self::OrganisationalUnit(text),
            Attribute::CommonName => Self::CommonName(text),
        }
    }

    fn part(&self) -> (Attribute, String) {
        match self {
            Self::Country(text) => (Attribute::Country, text.clone()),
            Self::Organisation(text) => (Attribute::Organisation, text.clone()),
            Self::OrganisationalUnit(text) => (Attribute::OrganisationalUnit, text.clone()),
            Self::CommonName(text) => (Attribute::CommonName, text.clone()),
        }
    }
}

impl AltNameText {
    fn of((kind, text): (AltNameKind, String)) -> Self {
        match kind {
            AltNameKind::Email => Self::Email(text),
            AltNameKind::Uri => Self::Uri(text),
        }
    }

    fn part(&self) -> (AltNameKind, String) {
        match self {
            Self::Email(text) => (AltNameKind::Email, text.clone()),
            Self::Uri(text) => (AltNameKind::Uri, text.clone()),
        }
    }
}

fn raw(extensions: &[ExtensionText]) -> Result<Vec<RawExtension>, Vec<ProfileError>> {
    let mut errors = Vec::new();
    let mut list = Vec::new();
    for (place, extension) in extensions.iter().enumerate() {
        match octets(&extension.der) {
            Some(der) => list.push(RawExtension {
                oid: extension.oid.clone(),
                critical: extension.critical,
                der,
            }),
            None => errors.push(ProfileError {
                place: format!("extensions[{place}]"),
                fault: "der is neither hexadecimal digits nor base 64".to_owned(),
            }),
        }
    }
    if errors.is_empty() { Ok(list) } else { Err(errors) }
}

/// Hexadecimal digits where all of it are some: DER begins with a tag, and the base 64 of a
/// tag and a length is hexadecimal digits throughout by accident only.
fn octets(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|c| c.is_ascii_hexdigit());
    if !is_hex {
        return STANDARD.decode(text).ok();
    }
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    pairs.collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_in_two_spellings() {
        assert_eq!(octets("0c026869"), Some(vec![0x0c, 2, b'h', b'i']));
        assert_eq!(octets("DAJoaQ=="), Some(vec![0x0c, 2, b'h', b'i']));
        assert_eq!(octets("0c02686"), None);
        assert_eq!(octets("no!"), None);
    }
}
