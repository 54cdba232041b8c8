use std::fmt;
use std::str::FromStr;

use tegata_ca::SignatureAlgorithm;
use tegata_pkcs11::{Address, TokenUri, UriError};

/// Address of a key pair within a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUri {
    token: TokenUri,
    object: Option<String>,
    id: Option<Vec<u8>>,
    algorithm: Option<SignatureAlgorithm>,
}

impl KeyUri {
    /// The key of this label in a token.
    pub fn labelled(token: &TokenUri, label: &str, algorithm: SignatureAlgorithm) -> Self {
        Self {
            token: token.clone(),
            object: Some(label.to_owned()),
            id: None,
            algorithm: Some(algorithm),
        }
    }

    /// The token it is in.
    pub fn token(&self) -> &TokenUri {
        &self.token
    }

    /// CKA_LABEL.
    pub(crate) fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// CKA_ID.
    pub(crate) fn id(&self) -> Option<&[u8]> {
        self.id.as_deref()
    }

    /// How it signs, when that was said.
    pub(crate) fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm
    }
}

impl FromStr for KeyUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let Address { token, object, id, algorithm } = text.parse()?;
        if !token.is_named() {
            return Err(UriError::NoToken);
        }
        if object.is_none() && id.is_none() {
            return Err(UriError::NoKey);
        }
        let algorithm =
            algorithm.map(|name| SignatureAlgorithm::named(&name).ok_or(UriError::Algorithm));
        Ok(Self { token, object, id, algorithm: algorithm.transpose()? })
    }
}

/// The address; reads back as the same.
impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Address {
            token: self.token.clone(),
            object: self.object.clone(),
            id: self.id.clone(),
            algorithm: self.algorithm.map(|algorithm| algorithm.name().to_owned()),
        };
        address.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "pkcs11:token=tegata;object=SB0001002C\
        ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/path/pin";

    #[test]
    fn a_key_address_reads_back_as_the_same() {
        for text in [
            GOOD.to_owned(),
            GOOD.replace("object=SB0001002C", "id=%00%FF"),
            GOOD.to_owned() + "&x-algorithm=rsa-pss-sha384",
        ] {
            let uri: KeyUri = text.parse().unwrap();
            assert_eq!(uri.to_string().parse(), Ok(uri.clone()), "{text} {uri}");
        }
        let uri: KeyUri = GOOD.parse().unwrap();
        assert_eq!(uri.to_string(), GOOD);
        assert_eq!(uri.object(), Some("SB0001002C"));
        let token = uri.token().to_string();
        assert_eq!(token.parse().as_ref(), Ok(uri.token()));
    }

    #[test]
    fn an_address_that_names_no_key_is_refused() {
        let broken = |from: &str, to: &str| GOOD.replace(from, to).parse::<KeyUri>().unwrap_err();
        assert_eq!(broken("token=tegata;", ""), UriError::NoToken);
        assert_eq!(broken("object=SB0001002C", ""), UriError::NoKey);
        assert_eq!(broken("?", "?x-algorithm=md5&"), UriError::Algorithm);
    }
}
