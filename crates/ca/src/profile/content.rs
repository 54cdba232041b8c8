//! What a profile says, checked once: everything in here can stand in a certificate.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5912};
use der::asn1::AnyRef;
use der::{Decode, Encode, Reader, SliceReader, Tagged};
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::keys::AcceptedKeys;
use super::template::Template;
use super::{ExtendedUsage, Holder};
use crate::Attribute;

/// What a profile is to say, as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Days of validity.
    pub lifetime_days: u16,
    /// Minutes that validity begins before issuance, for PCs whose clock is behind: at most 60.
    pub backdate_minutes: u8,
    /// `ec-p256`, `ec-p384`, `rsa-3072`, `rsa-2048..4096`; a responder's also `ed25519`.
    pub keys: Vec<String>,
    /// The subject, attribute by attribute, with placeholders in braces.
    pub subject: Vec<(Attribute, String)>,
    /// Names of RFC 5280 §4.2.1.3.
    pub key_usages: Vec<String>,
    /// Names of RFC 5280 §4.2.1.12 and RFC 6960, or object identifiers.
    pub extended_key_usages: Vec<String>,
    /// Object identifiers, each with the address of its practice statement.
    pub policies: Vec<(String, Option<String>)>,
    /// Further extensions.
    pub extensions: Vec<RawExtension>,
    /// Subject alternative names, with placeholders in braces.
    pub alt_names: Vec<(AltNameKind, String)>,
}

/// A further extension as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawExtension {
    /// Object identifier, dotted.
    pub oid: String,
    /// Whether whoever does not know it must refuse the certificate.
    pub critical: bool,
    /// Its value, DER.
    pub der: Vec<u8>,
}

/// The form of a subject alternative name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AltNameKind {
    /// rfc822Name.
    Email,
    /// uniformResourceIdentifier.
    Uri,
}

/// What is wrong with a profile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ProfileError {
    /// Which part, such as `subject[1]`.
    pub place: String,
    /// What is wrong, with the source of the rule.
    pub fault: String,
}

/// A profile's parts, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) lifetime_days: u16,
    pub(crate) backdate_minutes: u8,
    pub(crate) keys: AcceptedKeys,
    pub(crate) subject: Vec<(Attribute, Template)>,
    pub(crate) key_usage: KeyUsage,
    /// Empty in CA certificates.
    pub(crate) extended: Vec<ObjectIdentifier>,
    pub(crate) policies: Vec<(ObjectIdentifier, Option<String>)>,
    pub(crate) extra: Vec<Extra>,
    pub(crate) alt_names: Vec<(AltNameKind, Template)>,
}

/// A further extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) critical: bool,
    pub(crate) der: Vec<u8>,
}

/// Most of anything that there can be several of.
const MANY: usize = 8;
/// Most octets of a further extension.
const MAX_EXTRA: usize = 4096;
/// Deepest nesting of a further extension.
const MAX_DEPTH: usize = 16;

/// Extensions that this system writes itself, that belong to CA certificates alone, or that
/// take a certificate out of use; each with the reason.
const DENIED: &[(&str, &str)] = &[
    ("2.5.29.9", "subject directory attributes tell of persons (RFC 5280 §4.2.1.8)"),
    ("2.5.29.14", "the subject key identifier is written already (§4.2.1.2)"),
    ("2.5.29.15", "key usage is `key_usages` (§4.2.1.3)"),
    ("2.5.29.17", "subject alternative names are `alt_names` (§4.2.1.6)"),
    ("2.5.29.18", "the issuer is named already (§4.2.1.7)"),
    ("2.5.29.19", "an end entity is no CA (§4.2.1.9)"),
    ("2.5.29.30", "name constraints belong to CA certificates (§4.2.1.10)"),
    ("2.5.29.31", "the address of the CRL is written already (§4.2.1.13)"),
    ("2.5.29.32", "certificate policies are `policies` (§4.2.1.4)"),
    ("2.5.29.33", "policy mappings belong to CA certificates (§4.2.1.5)"),
    ("2.5.29.35", "the authority key identifier is written already (§4.2.1.1)"),
    ("2.5.29.36", "policy constraints belong to CA certificates (§4.2.1.11)"),
    ("2.5.29.37", "extended key usage is `extended_key_usages` (§4.2.1.12)"),
    ("2.5.29.46", "the full CRL says where its delta is (§4.2.1.15)"),
    ("2.5.29.54", "inhibit anyPolicy belongs to CA certificates (§4.2.1.14)"),
    ("1.3.6.1.5.5.7.1.1", "the addresses of the authority are written already (§4.2.2.1)"),
    ("1.3.6.1.5.5.7.1.11", "subject information access belongs to CAs here (§4.2.2.2)"),
    ("1.3.6.1.5.5.7.48.1.5", "ocsp-nocheck belongs to responders (RFC 6960 §4.2.2.2.1)"),
    ("1.3.6.1.4.1.11129.2.4.2", "no log has seen a private certificate (RFC 6962 §3.3)"),
    ("1.3.6.1.4.1.11129.2.4.3", "the poison makes a certificate of no use (RFC 6962 §3.1)"),
];

impl Content {
    /// Of a CA: it has no subject of its own choosing and no use but signing.
    pub(super) fn ca() -> Self {
        Self {
            lifetime_days: 3650,
            backdate_minutes: 5,
            keys: AcceptedKeys::EVERY,
            subject: Vec::new(),
            key_usage: KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            extended: Vec::new(),
            policies: Vec::new(),
            extra: Vec::new(),
            alt_names: Vec::new(),
        }
    }

    /// Of a holder unless a service wants it otherwise.
    pub(super) fn default_of(holder: Holder) -> Self {
        // A test sees to it that every default is sound; without one there would be no subject.
        Self::new(holder, &holder.defaults()).unwrap_or_else(|_| Self {
            key_usage: KeyUsage(KeyUsages::DigitalSignature.into()),
            extended: vec![holder.usage().oid()],
            ..Self::ca()
        })
    }

    /// Checks every part.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn new(holder: Holder, parts: &Parts) -> Result<Self, Vec<ProfileError>> {
        let mut faults = Faults(Vec::new());
        faults.unless(
            (1..=holder.longest()).contains(&parts.lifetime_days),
            "lifetime_days",
            format!("must be 1 to {}", holder.longest()),
        );
        faults.unless(parts.backdate_minutes <= 60, "backdate_minutes", "must be 0 to 60");
        let keys = AcceptedKeys::parse(holder, &parts.keys).unwrap_or_else(|wrong| {
            wrong.into_iter().for_each(|(place, fault)| faults.add(at("keys", place), fault));
            AcceptedKeys::EVERY
        });
        let extended = extended(holder, &parts.extended_key_usages, &mut faults);
        Ok(Self {
            lifetime_days: parts.lifetime_days,
            backdate_minutes: parts.backdate_minutes,
            subject: subject(holder, &parts.subject, &mut faults),
            key_usage: key_usage(&parts.key_usages, &extended, &keys, &mut faults),
            keys,
            policies: policies(&parts.policies, &mut faults),
            extra: extra(holder, &parts.extensions, &mut faults),
            alt_names: alt_names(holder, &parts.alt_names, &mut faults),
            extended,
        })
        .and_then(|content| if faults.0.is_empty() { Ok(content) } else { Err(faults.0) })
    }
}

struct Faults(Vec<ProfileError>);

impl Faults {
    fn add(&mut self, place: impl Into<String>, fault: impl Into<String>) {
        self.0.push(ProfileError { place: place.into(), fault: fault.into() });
    }

    fn unless(&mut self, holds: bool, place: impl Into<String>, fault: impl Into<String>) {
        if !holds {
            self.add(place, fault);
        }
    }
}

fn at(part: &str, place: usize) -> String {
    format!("{part}[{place}]")
}

fn subject(
    holder: Holder,
    parts: &[(Attribute, String)],
    faults: &mut Faults,
) -> Vec<(Attribute, Template)> {
    faults.unless(parts.len() <= MANY, "subject", format!("has more than {MANY} attributes"));
    let mut subject = Vec::new();
    for (place, (attribute, text)) in parts.iter().enumerate() {
        let twice = parts[..place].iter().any(|(earlier, _)| earlier == attribute);
        faults.unless(
            !twice || *attribute == Attribute::OrganisationalUnit,
            at("subject", place),
            format!("{} stands twice", attribute.name()),
        );
        match Template::parse(text, holder.placeholders()) {
            Ok(template) => {
                if template.is_literal()
                    && let Err(error) = attribute.checked(text)
                {
                    faults.add(at("subject", place), error.to_string());
                }
                faults.unless(
                    *attribute != Attribute::Country || template.is_literal(),
                    at("subject", place),
                    "a country is two capital letters, without a placeholder",
                );
                subject.push((*attribute, template));
            }
            Err(fault) => faults.add(at("subject", place), fault),
        }
    }
    let is_common_name = |kind: Attribute| kind == Attribute::CommonName;
    faults.unless(
        parts.iter().any(|(kind, _)| is_common_name(*kind)),
        "subject",
        "has no common_name",
    );
    for (_, template) in subject.iter().filter(|(kind, _)| is_common_name(*kind)) {
        if let Err(fault) = holder.identified_by(template) {
            faults.add("subject", fault);
        }
    }
    subject
}

fn key_usage(
    names: &[String],
    extended: &[ObjectIdentifier],
    keys: &AcceptedKeys,
    faults: &mut Faults,
) -> KeyUsage {
    // Consistent with the extended usages (RFC 5280 §4.2.1.12: both must permit a purpose).
    let mail = extended.contains(&ExtendedUsage::EmailProtection.oid());
    let server = extended.contains(&ExtendedUsage::ServerAuth.oid());
    let ocsp = extended.contains(&ExtendedUsage::OcspSigning.oid());
    let mut set = KeyUsages::DigitalSignature.into();
    let mut signs = false;
    for (place, name) in names.iter().enumerate() {
        let place_of = at("key_usages", place);
        faults.unless(!names[..place].contains(name), &*place_of, format!("{name} stands twice"));
        match name.as_str() {
            "digitalSignature" => signs = true,
            "nonRepudiation" | "contentCommitment" => {
                faults.unless(
                    mail || ocsp,
                    &*place_of,
                    "nonRepudiation belongs to emailProtection and OCSPSigning (RFC 5280 §4.2.1.12)",
                );
                set |= KeyUsages::NonRepudiation;
            }
            "keyEncipherment" => {
                faults.unless(
                    (mail || server) && !keys.has_ec(),
                    &*place_of,
                    "keyEncipherment belongs to serverAuth and emailProtection (RFC 5280 \
                     §4.2.1.12) with RSA keys only (RFC 8813 §3)",
                );
                set |= KeyUsages::KeyEncipherment;
            }
            "keyAgreement" => {
                faults.unless(
                    !ocsp && !keys.has_rsa(),
                    &*place_of,
                    "keyAgreement does not belong to OCSPSigning (RFC 5280 §4.2.1.12) nor to RSA \
                     keys (RFC 3279 §2.3.1)",
                );
                set |= KeyUsages::KeyAgreement;
            }
            _ => faults.add(
                place_of,
                format!(
                    "{name} is none of digitalSignature, nonRepudiation, keyEncipherment, \
                     keyAgreement (RFC 5280 §4.2.1.3; keyCertSign and cRLSign belong to CAs)"
                ),
            ),
        }
    }
    faults.unless(signs, "key_usages", "digitalSignature is missing: nothing here works without");
    KeyUsage(set)
}

fn extended(holder: Holder, words: &[String], faults: &mut Faults) -> Vec<ObjectIdentifier> {
    let own = holder.usage();
    let mut list = Vec::new();
    faults.unless(words.len() <= MANY, "extended_key_usages", format!("more than {MANY}"));
    for (place, word) in words.iter().enumerate() {
        let place_of = at("extended_key_usages", place);
        let named = ExtendedUsage::ALL.into_iter().find(|usage| usage.name() == word);
        let oid = match named {
            Some(usage) => usage.oid(),
            None => match oid(word) {
                Some(oid) => oid,
                None => {
                    let names = ExtendedUsage::ALL.map(ExtendedUsage::name).join(", ");
                    faults.add(place_of, format!("{word} is neither {names} nor an OID"));
                    continue;
                }
            },
        };
        faults.unless(!list.contains(&oid), &*place_of, format!("{word} stands twice"));
        // What would let its holder pass for somebody else.
        let denied = match oid {
            oid if oid == own.oid() => None,
            rfc5912::ANY_EXTENDED_KEY_USAGE => {
                Some("anyExtendedKeyUsage permits everything (RFC 5280 §4.2.1.12)")
            }
            rfc5280::ID_KP_OCSP_SIGNING => {
                Some("OCSPSigning makes a responder of its holder (RFC 6960 §4.2.2.2)")
            }
            rfc5280::ID_KP_TIME_STAMPING => {
                Some("timeStamping stands alone and critical (RFC 3161 §2.3)")
            }
            rfc5280::ID_KP_SERVER_AUTH => Some("serverAuth belongs to the profile server"),
            rfc5280::ID_KP_CLIENT_AUTH => {
                Some("clientAuth would let its holder through the gateway")
            }
            rfc5280::ID_KP_CODE_SIGNING => Some("codeSigning is nobody's here"),
            _ if holder == Holder::OcspResponder => {
                Some("a responder signs OCSP answers and nothing else (RFC 6960 §4.2.2.2)")
            }
            _ => None,
        };
        match denied {
            Some(why) => faults.add(place_of, why),
            None => list.push(oid),
        }
    }
    faults.unless(
        list.contains(&own.oid()),
        "extended_key_usages",
        format!("{} is missing: a {} certificate is of no use without", own.name(), holder.name()),
    );
    list
}

fn policies(
    parts: &[(String, Option<String>)],
    faults: &mut Faults,
) -> Vec<(ObjectIdentifier, Option<String>)> {
    faults.unless(parts.len() <= MANY, "policies", format!("more than {MANY}"));
    let mut list: Vec<(ObjectIdentifier, Option<String>)> = Vec::new();
    for (place, (text, cps)) in parts.iter().enumerate() {
        let place_of = at("policies", place);
        if let Some(cps) = cps {
            let is_address = (cps.starts_with("http://") || cps.starts_with("https://"))
                && cps.len() <= 1024
                && cps.bytes().all(|c| c.is_ascii_graphic());
            faults.unless(
                is_address,
                &*place_of,
                "cps must be an ASCII address that begins with http:// or https:// (RFC 5280 §4.2.1.4)",
            );
        }
        match oid(text) {
            None => faults.add(place_of, format!("{text} is no OID")),
            Some(rfc5280::ANY_POLICY) => {
                faults.add(place_of, "anyPolicy says nothing of an end entity (RFC 5280 §4.2.1.4)");
            }
            Some(oid) if list.iter().any(|(earlier, _)| *earlier == oid) => {
                faults.add(place_of, format!("{text} stands twice (RFC 5280 §4.2.1.4)"));
            }
            Some(oid) => list.push((oid, cps.clone())),
        }
    }
    list
}

fn extra(holder: Holder, parts: &[RawExtension], faults: &mut Faults) -> Vec<Extra> {
    faults.unless(parts.len() <= MANY, "extensions", format!("more than {MANY}"));
    let mut list: Vec<Extra> = Vec::new();
    for (place, raw) in parts.iter().enumerate() {
        let place_of = at("extensions", place);
        let Some(oid) = oid(&raw.oid) else {
            faults.add(place_of, format!("{} is no OID", raw.oid));
            continue;
        };
        if let Some((_, why)) = DENIED.iter().find(|(denied, _)| *denied == raw.oid) {
            faults.add(&*place_of, *why);
        }
        let twice = list.iter().any(|earlier| earlier.oid == oid);
        faults.unless(!twice, &*place_of, format!("{oid} stands twice (RFC 5280 §4.2)"));
        faults.unless(
            raw.der.len() <= MAX_EXTRA && is_der(&raw.der, MAX_DEPTH),
            &*place_of,
            format!("its value is not DER of at most {MAX_EXTRA} octets"),
        );
        let met_by_tls = holder != Holder::MailSigner;
        faults.unless(
            !(raw.critical && met_by_tls),
            &*place_of,
            "critical: the gateway, like everyone who does not know it, would refuse the \
             certificate (RFC 5280 §4.2)",
        );
        list.push(Extra { oid, critical: raw.critical, der: raw.der.clone() });
    }
    list
}

fn alt_names(
    holder: Holder,
    parts: &[(AltNameKind, String)],
    faults: &mut Faults,
) -> Vec<(AltNameKind, Template)> {
    faults.unless(parts.len() <= MANY, "alt_names", format!("more than {MANY}"));
    let permitted = holder.alt_placeholders();
    let mut list = Vec::new();
    for (place, (kind, text)) in parts.iter().enumerate() {
        let place_of = at("alt_names", place);
        let sound = match (permitted, kind) {
            ([], _) => Err(format!("a {} has none of its own choosing", holder.name())),
            // An address stands alone: nothing is put together to one.
            (_, AltNameKind::Email) if !["{email}", "{sender}"].contains(&text.as_str()) => {
                Err("an e-mail address is {email} or {sender}, from the registry".to_owned())
            }
            (_, AltNameKind::Uri) if !is_uri(text) => {
                Err("a URI is ASCII and begins with a scheme and a colon (RFC 5280 §4.2.1.6)"
                    .into())
            }
            _ => Ok(()),
        };
        match sound.and_then(|()| Template::parse(text, permitted)) {
            Ok(template) => list.push((*kind, template)),
            Err(fault) => faults.add(place_of, fault),
        }
    }
    let names_its_sender =
        parts.iter().any(|(kind, text)| *kind == AltNameKind::Email && text == "{sender}");
    faults.unless(
        holder != Holder::MailSigner || names_its_sender,
        "alt_names",
        "a mail signer's must hold the e-mail {sender} (RFC 8550 §3)",
    );
    list
}

/// A scheme of RFC 3986 §3.1, `://`, a literal host, and visible ASCII; braces are placeholders.
fn is_uri(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
            && host.contains('.')
            && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-.".contains(&c))
            && rest.bytes().all(|c| c.is_ascii_graphic() && !b"<>\"\\^`|".contains(&c))
    })
}

fn oid(text: &str) -> Option<ObjectIdentifier> {
    // The library writes some short ones that it does not read.
    let reads_back =
        |oid: &ObjectIdentifier| oid.to_der().and_then(|der| ObjectIdentifier::from_der(&der));
    ObjectIdentifier::new(text).ok().filter(|oid| reads_back(oid) == Ok(*oid))
}

/// Whether the octets are one value of DER, and what it is made of as well.
fn is_der(octets: &[u8], depth: usize) -> bool {
    values(octets, depth) == Some(1)
}

/// How many values these octets are.
fn values(octets: &[u8], depth: usize) -> Option<usize> {
    let mut reader = SliceReader::new(octets).ok()?;
    let mut count = 0;
    while !reader.is_finished() {
        let value = AnyRef::decode(&mut reader).ok()?;
        if value.tag().is_constructed() {
            values(value.value(), depth.checked_sub(1)?)?;
        }
        count += 1;
    }
    Some(count)
}
