use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::Decode;
use spki::SubjectPublicKeyInfoRef;
use tegata_ca::{KeyKind, SignError, SignatureAlgorithm, Signer};
use tegata_pkcs11::{Module, Token, TokenError, TokenUri, Use, public};

use crate::KeyUri;
use crate::make::refuse_taken;
use crate::mechanism::{self, Way};

/// A private key in a token.
pub struct TokenKey {
    token: Arc<Token>,
    uri: KeyUri,
    algorithm: SignatureAlgorithm,
    way: Way,
    public_key: Vec<u8>,
    /// Where the key is, in the login numbered so.
    handle: Mutex<Option<(u64, ObjectHandle)>>,
}

impl TokenKey {
    /// Opens the key at this address: logs in, finds it, reads its public half.
    ///
    /// # Errors
    /// Why it cannot be used, and what to do.
    pub fn open(uri: KeyUri) -> Result<Self, TokenError> {
        let token = Module::open(uri.token().module())?.token(uri.token());
        let public_key = token.with(|Use { session, .. }| {
            let key = find(&token, session, &uri)?;
            let asks = session
                .get_attributes(key, &[AttributeType::AlwaysAuthenticate])
                .map_err(|error| token.driver(error))?;
            if asks.contains(&Attribute::AlwaysAuthenticate(true)) {
                return Err(TokenError::AlwaysAuthenticate(named(&uri)));
            }
            public::read(session, key)
                .map_err(|error| token.driver(error))?
                .ok_or_else(|| TokenError::PublicKey(named(&uri)))
        })?;
        let kind = SubjectPublicKeyInfoRef::from_der(&public_key)
            .ok()
            .and_then(|spki| KeyKind::of(&spki))
            .ok_or_else(|| TokenError::PublicKey(named(&uri)))?;
        let algorithm = uri.algorithm().unwrap_or_else(|| SignatureAlgorithm::usual(kind));
        if !algorithm.suits(kind) {
            let (key, kind, algorithm) = (named(&uri), kind.to_string(), algorithm.name());
            return Err(TokenError::Algorithm { key, kind, algorithm });
        }
        let way = mechanism::way(algorithm, &token.mechanisms()?).ok_or_else(|| {
            TokenError::Mechanism {
                token: token.name(),
                what: format!("sign with {}", algorithm.name()),
                mechanism: mechanism::wanted(algorithm),
            }
        })?;
        Ok(Self { token, uri, algorithm, way, public_key, handle: Mutex::default() })
    }

    /// Makes sure that a key of this label can be made: the token is there, the PIN is right and
    /// the label is free.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn check_free(uri: &TokenUri, label: &str) -> Result<(), TokenError> {
        let token = Module::open(uri.module())?.token(uri);
        token.with(|Use { session, .. }| refuse_taken(&token, session, label))
    }

    /// Its address.
    pub fn uri(&self) -> &KeyUri {
        &self.uri
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let signature = self.token.with(|Use { session, epoch }| {
            let key = self.handle(session, epoch)?;
            mechanism::sign(session, key, self.algorithm, self.way, message)
                .map_err(|error| self.token.driver(error))
        })?;
        let spki = SubjectPublicKeyInfoRef::from_der(&self.public_key)
            .map_err(|_| TokenError::PublicKey(named(&self.uri)))?;
        if self.algorithm.verifies(&spki, message, &signature) {
            Ok(signature)
        } else {
            Err(TokenError::BadSignature(self.token.name()))
        }
    }

    /// Looks the key up as if for the first time.
    fn look(&self) -> Result<(), TokenError> {
        let found = self.token.with(|Use { session, .. }| {
            let key = find(&self.token, session, &self.uri)?;
            public::read(session, key).map_err(|error| self.token.driver(error))
        })?;
        if found.as_ref() == Some(&self.public_key) {
            Ok(())
        } else {
            Err(TokenError::KeyChanged { token: self.token.name(), key: named(&self.uri) })
        }
    }

    fn handle(&self, session: &Session, epoch: u64) -> Result<ObjectHandle, TokenError> {
        let mut known = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((of, handle)) if of == epoch => Ok(handle),
            _ => {
                let handle = find(&self.token, session, &self.uri)?;
                *known = Some((epoch, handle));
                Ok(handle)
            }
        }
    }
}

/// The private key at this address.
pub(crate) fn find(
    token: &Token,
    session: &Session,
    uri: &KeyUri,
) -> Result<ObjectHandle, TokenError> {
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    wanted.extend(uri.object().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    wanted.extend(uri.id().map(|id| Attribute::Id(id.to_vec())));
    let found = session.find_objects(&wanted).map_err(|error| token.driver(error))?;
    let key = named(uri);
    match found[..] {
        [handle] => Ok(handle),
        [] => Err(TokenError::NoKey { token: token.name(), key }),
        _ => Err(TokenError::ManyKeys { token: token.name(), key, count: found.len() }),
    }
}

/// What people call the key.
fn named(uri: &KeyUri) -> String {
    match (uri.object(), uri.id()) {
        (Some(label), _) => format!("{label:?}"),
        (None, id) => {
            let id = id.unwrap_or_default();
            id.iter().map(|octet| format!("{octet:02x}")).collect()
        }
    }
}

impl Signer for TokenKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signature(message).map_err(|error| SignError(error.to_string()))
    }

    fn ready(&self) -> Result<(), SignError> {
        self.look().map_err(|error| SignError(error.to_string()))
    }

    fn may_wait(&self) -> bool {
        true
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.uri)
    }
}
