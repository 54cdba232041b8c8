use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::pin::PinSource;

/// Address of a token: a driver, and what tells this token from others behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUri {
    module: PathBuf,
    identity: Identity,
    pin: PinSource,
}

/// Attributes of a token (RFC 7512 §2.3); those that are given must all fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) token: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
}

/// Every part of an address that is used here: a token, and what is meant in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The token; which one may be left open, see [`TokenUri::is_named`].
    pub token: TokenUri,
    /// CKA_LABEL.
    pub object: Option<String>,
    /// CKA_ID.
    pub id: Option<Vec<u8>>,
    /// `x-algorithm`: how the key signs.
    pub algorithm: Option<String>,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Another scheme.
    #[error("a PKCS#11 address begins with `pkcs11:` (RFC 7512)")]
    Scheme,
    /// An attribute that does not exist, or is not used here.
    #[error("{0}: there is no such part of a PKCS#11 address; did you mean {1}?")]
    Unknown(String, &'static str),
    /// An attribute without `=`.
    #[error("{0:?} is not of the form name=value")]
    NotAPair(String),
    /// An attribute twice.
    #[error("{0} stands twice")]
    Twice(&'static str),
    /// A value that cannot be read.
    #[error("{0}: the value cannot be read; write special characters as %XX of UTF-8")]
    Value(&'static str),
    /// An empty value.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The PIN itself.
    #[error(
        "pin-value: a PIN never stands in an address, where logs and process lists show it; \
         put it into a file and name that with pin-source=file:/PATH"
    )]
    PinValue,
    /// A PIN source of another kind.
    #[error("pin-source: must be file:/PATH, an absolute path, or env:NAME")]
    PinSource,
    /// A slot.
    #[error("{0}: slots change from start to start; name the token with token= or serial=")]
    Slot(String),
    /// A driver by name.
    #[error("module-name: name the driver's file with module-path=/PATH")]
    ModuleName,
    /// No driver, or not an absolute path.
    #[error("module-path is missing: the absolute path of the token's PKCS#11 driver")]
    Module,
    /// Nothing that tells which token.
    #[error("which token is meant must be said: token=LABEL or serial=NUMBER")]
    NoToken,
    /// Nothing that tells which key.
    #[error("which key is meant must be said: object=LABEL or id=%XX…")]
    NoKey,
    /// A key where a token was asked for.
    #[error("this names a key, not a token: leave out object=, id= and x-algorithm=")]
    KeyGiven,
    /// Not a private key.
    #[error("type: must be private or left out")]
    Type,
    /// No such algorithm.
    #[error(
        "x-algorithm: must be one of ecdsa-sha256, ecdsa-sha384, rsa-sha256, rsa-sha384, \
         rsa-pss-sha256, rsa-pss-sha384, ed25519"
    )]
    Algorithm,
}

impl TokenUri {
    /// The only token behind this driver, whichever it is.
    pub fn of_module(module: PathBuf) -> Self {
        Self { module, identity: Identity::default(), pin: PinSource::default() }
    }

    /// The token of this label behind the same driver.
    #[must_use]
    pub fn labelled(self, label: String) -> Self {
        Self { identity: Identity { token: Some(label), ..Identity::default() }, ..self }
    }

    /// The same token with a PIN that somebody just gave, which takes precedence over any source.
    #[must_use]
    pub fn with_pin(self, pin: Zeroizing<String>) -> Self {
        Self { pin: PinSource::Given(pin), ..self }
    }

    /// The same token; where no source of the PIN was named there is none, not even
    /// [`crate::PIN_VARIABLE`].
    #[must_use]
    pub fn without_usual_pin(self) -> Self {
        let pin = if self.pin == PinSource::default() { PinSource::Nowhere } else { self.pin };
        Self { pin, ..self }
    }

    /// The driver's file.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The address without the driver and the PIN's source: what tells one token from another.
    pub fn identity_text(&self) -> String {
        struct Path<'a>(&'a Identity);
        impl fmt::Display for Path<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                path(f, &self.0.parts())
            }
        }
        Path(&self.identity).to_string()
    }

    /// Whether the address says which token is meant.
    pub fn is_named(&self) -> bool {
        self.identity.token.is_some() || self.identity.serial.is_some()
    }

    /// Whether there is a source of the PIN. A source may turn out to be empty.
    pub fn has_pin(&self) -> bool {
        self.pin != PinSource::Nowhere
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn pin(&self) -> &PinSource {
        &self.pin
    }
}

impl FromStr for TokenUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let address: Address = text.parse()?;
        if address.object.is_some() || address.id.is_some() || address.algorithm.is_some() {
            return Err(UriError::KeyGiven);
        }
        if address.token.is_named() { Ok(address.token) } else { Err(UriError::NoToken) }
    }
}

impl FromStr for Address {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let parts = Parts::read(text)?;
        let token = parts.token()?;
        let object = parts.object.map(|value| words("object", value)).transpose()?;
        let algorithm = parts.algorithm.map(|value| words("x-algorithm", value)).transpose()?;
        Ok(Self { token, object, id: parts.id, algorithm })
    }
}

/// Every part that is used here, percent-decoded.
#[derive(Default)]
struct Parts {
    token: Option<Vec<u8>>,
    serial: Option<Vec<u8>>,
    manufacturer: Option<Vec<u8>>,
    model: Option<Vec<u8>>,
    object: Option<Vec<u8>>,
    id: Option<Vec<u8>>,
    kind: Option<Vec<u8>>,
    module: Option<Vec<u8>>,
    pin: Option<Vec<u8>>,
    algorithm: Option<Vec<u8>>,
}

/// Names of the parts, the nearest of which is suggested for a wrong one.
const NAMES: [&str; 10] = [
    "token",
    "serial",
    "manufacturer",
    "model",
    "object",
    "id",
    "type",
    "module-path",
    "pin-source",
    "x-algorithm",
];

impl Parts {
    fn read(text: &str) -> Result<Self, UriError> {
        let rest = text.trim().strip_prefix("pkcs11:").ok_or(UriError::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parts = Self::default();
        // The path before the query: a part in the wrong one of them is unknown there.
        for (pair, in_query) in path
            .split(';')
            .map(|pair| (pair, false))
            .chain(query.split('&').map(|pair| (pair, true)))
            .filter(|(pair, _)| !pair.is_empty())
        {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| UriError::NotAPair(pair.to_owned()))?;
            let (name, slot) = parts.slot(name, in_query)?;
            // Another half's separator within a value is a slip, and may put a PIN there.
            if value.contains(['?', if in_query { ';' } else { '&' }]) {
                return Err(UriError::Value(name));
            }
            let value = decoded(value).ok_or(UriError::Value(name))?;
            if value.is_empty() {
                return Err(UriError::Empty(name));
            }
            if slot.replace(value).is_some() {
                return Err(UriError::Twice(name));
            }
        }
        Ok(parts)
    }

    fn slot(
        &mut self,
        name: &str,
        in_query: bool,
    ) -> Result<(&'static str, &mut Option<Vec<u8>>), UriError> {
        Ok(match (name, in_query) {
            ("token", false) => ("token", &mut self.token),
            ("serial", false) => ("serial", &mut self.serial),
            ("manufacturer", false) => ("manufacturer", &mut self.manufacturer),
            ("model", false) => ("model", &mut self.model),
            ("object", false) => ("object", &mut self.object),
            ("id", false) => ("id", &mut self.id),
            ("type", false) => ("type", &mut self.kind),
            ("module-path", true) => ("module-path", &mut self.module),
            ("pin-source", true) => ("pin-source", &mut self.pin),
            ("x-algorithm", true) => ("x-algorithm", &mut self.algorithm),
            ("pin-value", _) => return Err(UriError::PinValue),
            ("module-name", _) => return Err(UriError::ModuleName),
            ("slot-id" | "slot-description" | "slot-manufacturer", _) => {
                return Err(UriError::Slot(name.to_owned()));
            }
            _ => return Err(UriError::Unknown(name.to_owned(), nearest(name))),
        })
    }

    fn token(&self) -> Result<TokenUri, UriError> {
        if self.kind.as_ref().is_some_and(|kind| kind != b"private") {
            return Err(UriError::Type);
        }
        let word = |name, value: &Option<Vec<u8>>| {
            value.clone().map(|value| words(name, value)).transpose()
        };
        let module = word("module-path", &self.module)?.ok_or(UriError::Module)?;
        if !Path::new(&module).is_absolute() {
            return Err(UriError::Module);
        }
        let identity = Identity {
            token: word("token", &self.token)?,
            serial: word("serial", &self.serial)?,
            manufacturer: word("manufacturer", &self.manufacturer)?,
            model: word("model", &self.model)?,
        };
        let pin = match word("pin-source", &self.pin)? {
            None => PinSource::default(),
            Some(source) => PinSource::parse(&source).ok_or(UriError::PinSource)?,
        };
        Ok(TokenUri { module: PathBuf::from(module), identity, pin })
    }
}

/// Suggests by the longest common beginning, then by length: enough for a slip of the finger.
fn nearest(name: &str) -> &'static str {
    let common = |other: &str| name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let far = |other: &str| other.len().abs_diff(name.len());
    NAMES
        .into_iter()
        .max_by_key(|other| (common(other), std::cmp::Reverse(far(other))))
        .unwrap_or("token")
}

fn decoded(value: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let digit = |octet: u8| char::from(octet).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                (high << 4 | low) as u8
            }
            _ => octet,
        });
    }
    Some(octets)
}

fn words(name: &'static str, value: Vec<u8>) -> Result<String, UriError> {
    let text = String::from_utf8(value).map_err(|_| UriError::Value(name))?;
    if text.chars().any(char::is_control) { Err(UriError::Value(name)) } else { Ok(text) }
}

/// Characters that stand for themselves in every part (RFC 7512 §2.3, `pk11-res-avail` and
/// unreserved without what separates parts).
fn encoded(out: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    for octet in value {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                write!(out, "{}", char::from(*octet))?;
            }
            _ => write!(out, "%{octet:02X}")?,
        }
    }
    Ok(())
}

fn path(f: &mut fmt::Formatter<'_>, parts: &[(&str, Option<&[u8]>)]) -> fmt::Result {
    f.write_str("pkcs11:")?;
    let given = parts.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    for (i, (name, value)) in given.enumerate() {
        write!(f, "{}{name}=", if i == 0 { "" } else { ";" })?;
        encoded(f, value)?;
    }
    Ok(())
}

fn query(f: &mut fmt::Formatter<'_>, token: &TokenUri) -> fmt::Result {
    f.write_str("?module-path=")?;
    encoded(f, token.module.to_string_lossy().as_bytes())?;
    match &token.pin {
        // A PIN never stands in an address.
        PinSource::Given(_) | PinSource::Nowhere => Ok(()),
        source => {
            f.write_str("&pin-source=")?;
            encoded(f, source.to_string().as_bytes())
        }
    }
}

impl Identity {
    fn parts(&self) -> [(&'static str, Option<&[u8]>); 4] {
        [
            ("token", self.token.as_deref().map(str::as_bytes)),
            ("serial", self.serial.as_deref().map(str::as_bytes)),
            ("manufacturer", self.manufacturer.as_deref().map(str::as_bytes)),
            ("model", self.model.as_deref().map(str::as_bytes)),
        ]
    }
}

/// What people call the token.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.token.as_deref().or(self.serial.as_deref()) {
            Some(name) => write!(f, "{name:?}"),
            None => f.write_str("of the driver"),
        }
    }
}

/// The address; reads back as the same, apart from a PIN that was given.
impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        path(f, &self.identity.parts())?;
        query(f, self)
    }
}

/// The address; reads back as the same, apart from a PIN that was given.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [token, serial, manufacturer, model] = self.token.identity.parts();
        let object = ("object", self.object.as_deref().map(str::as_bytes));
        let parts = [token, serial, manufacturer, model, object, ("id", self.id.as_deref())];
        path(f, &parts)?;
        query(f, &self.token)?;
        match &self.algorithm {
            Some(algorithm) => {
                f.write_str("&x-algorithm=")?;
                encoded(f, algorithm.as_bytes())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "pkcs11:token=tegata;object=SB0001002C\
        ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/path/pin";

    #[test]
    fn an_address_reads_back_as_the_same() {
        for text in [
            GOOD.to_owned(),
            GOOD.replace("object=SB0001002C", "id=%00%FF"),
            GOOD.replace("token=tegata", "serial=1%3B2;token=%E6%89%8B%E5%BD%A2"),
            GOOD.replace("token=tegata;object=SB0001002C", ""),
            GOOD.to_owned() + "&x-algorithm=rsa-pss-sha384",
            GOOD.replace("file:/path/pin", "env:HSM_PIN"),
            GOOD.replace("&pin-source=file:/path/pin", ""),
            GOOD.replace("object", "type=private;object"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string().parse(), Ok(address.clone()), "{text} {address}");
        }
        let address: Address = GOOD.parse().unwrap();
        assert_eq!(address.to_string(), GOOD);
        assert_eq!(address.object.as_deref(), Some("SB0001002C"));
        let token = address.token.to_string();
        assert_eq!(token.parse().as_ref(), Ok(&address.token));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let broken = |from: &str, to: &str| GOOD.replace(from, to).parse::<Address>().unwrap_err();
        assert_eq!(broken("pkcs11:", "file:"), UriError::Scheme);
        assert_eq!(
            broken("token=", "tokn="),
            UriError::Unknown("tokn".to_owned(), "token"),
            "the nearest name"
        );
        assert_eq!(broken("token=tegata", "token"), UriError::NotAPair("token".to_owned()));
        assert_eq!(broken("token=tegata;", "token=a;token=b;"), UriError::Twice("token"));
        assert_eq!(broken("token=tegata", "token=%4"), UriError::Value("token"));
        assert_eq!(broken("token=tegata", "token=%C0"), UriError::Value("token"));
        assert_eq!(broken("token=tegata", "token=a%0Ab"), UriError::Value("token"));
        assert_eq!(broken("token=tegata", "token="), UriError::Empty("token"));
        assert_eq!(broken("pin-source=file:/path/pin", "pin-value=1234"), UriError::PinValue);
        assert_eq!(broken("file:/path/pin", "%7Ccat pin"), UriError::PinSource);
        assert_eq!(broken("file:/path/pin", "file:pin"), UriError::PinSource);
        assert_eq!(broken("file:/path/pin", "file://host/pin"), UriError::PinSource);
        assert_eq!(broken("token=tegata", "slot-id=1"), UriError::Slot("slot-id".to_owned()));
        assert_eq!(broken("module-path=", "module-name="), UriError::ModuleName);
        assert_eq!(broken("/usr/lib/softhsm/", ""), UriError::Module);
        assert_eq!(broken("object", "type=public;object"), UriError::Type);
        assert_eq!(GOOD.parse::<TokenUri>(), Err(UriError::KeyGiven));
        let nameless = GOOD.replace("token=tegata;object=SB0001002C", "");
        assert_eq!(nameless.parse::<TokenUri>(), Err(UriError::NoToken));
        // A separator of the other half is not part of a value.
        assert_eq!(broken("token=tegata;", "token=tegata&pin-value=1;"), UriError::Value("token"));
        assert_eq!(broken("/path/pin", "/path/pin;pin-value=1"), UriError::Value("pin-source"));
        assert_eq!(broken("/path/pin", "/path/pin?pin-value=1"), UriError::Value("pin-source"));
        // What belongs behind the question mark does not count before it.
        assert!(matches!(broken("?", ";"), UriError::Unknown(..)));
    }

    #[test]
    fn a_pin_in_an_address_is_not_repeated() {
        let error = format!("{GOOD}&pin-value=271828").parse::<Address>().unwrap_err();
        assert!(!error.to_string().contains("271828"), "{error}");
    }

    #[test]
    fn a_pin_that_was_given_is_shown_nowhere() {
        let token = GOOD.parse::<Address>().unwrap().token;
        let given = token.clone().with_pin(Zeroizing::new("271828".to_owned()));
        for text in [given.to_string(), format!("{given:?}"), given.pin().to_string()] {
            assert!(!text.contains("271828"), "{text}");
        }
        assert!(given.has_pin());
        let token = token.to_string().replace("&pin-source=file:/path/pin", "");
        let token: TokenUri = token.parse().unwrap();
        assert!(!token.without_usual_pin().has_pin());
    }
}
