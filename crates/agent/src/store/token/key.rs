use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::pkcs8::DecodePublicKey;
use sha2::{Digest, Sha256};
use tegata_pkcs11::{Token, TokenError, Use, pair};

use crate::key::{Algorithm, SeatKey};

/// A P-256 key in a token.
pub(in super::super) struct TokenKey {
    token: Arc<Token>,
    id: Vec<u8>,
    spki: Vec<u8>,
    /// Where the key is, in the login numbered so.
    handle: Mutex<Option<(u64, ObjectHandle)>>,
}

impl TokenKey {
    /// The key with this identifier and this public key (DER of its subject public key info).
    pub(super) fn new(token: Arc<Token>, id: Vec<u8>, spki: Vec<u8>) -> Self {
        Self { token, id, spki, handle: Mutex::default() }
    }

    /// CKA_ID.
    pub(super) fn id(&self) -> &[u8] {
        &self.id
    }

    /// A signature that the public key has verified.
    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let digest = Sha256::digest(message);
        let raw = self.token.with(|Use { session, epoch }| {
            let key = self.handle(session, epoch)?;
            session.sign(&Mechanism::Ecdsa, key, &digest).map_err(|error| self.token.driver(error))
        })?;
        let bad = || TokenError::BadSignature(self.token.name());
        let signature = pair::ecdsa_der(&raw).ok_or_else(bad)?;
        let key = VerifyingKey::from_public_key_der(&self.spki).map_err(|_| bad())?;
        let parsed = DerSignature::from_bytes(&signature).map_err(|_| bad())?;
        key.verify(message, &parsed).map_err(|_| bad())?;
        Ok(signature)
    }

    fn handle(&self, session: &Session, epoch: u64) -> Result<ObjectHandle, TokenError> {
        let mut known = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, handle)) = *known
            && of == epoch
        {
            return Ok(handle);
        }
        let found = private_keys(session, &[Attribute::Id(self.id.clone())])
            .map_err(|error| self.token.driver(error))?;
        let absent = || TokenError::NoKey { token: self.token.name(), key: hex(&self.id) };
        // Where programs gave one identifier to several keys, the right one is the one whose
        // signature verifies.
        let handle = match found[..] {
            [one] => one,
            _ => found.into_iter().find(|key| self.is_ours(session, *key)).ok_or_else(absent)?,
        };
        *known = Some((epoch, handle));
        Ok(handle)
    }

    /// Whether this private key is the one of our public key.
    pub(super) fn is_ours(&self, session: &Session, key: ObjectHandle) -> bool {
        const MESSAGE: &[u8] = b"tegata: this key answers for its certificate";
        let Ok(raw) = session.sign(&Mechanism::Ecdsa, key, &Sha256::digest(MESSAGE)) else {
            return false;
        };
        let verified = || {
            let signature = pair::ecdsa_der(&raw)?;
            let signature = DerSignature::from_bytes(&signature).ok()?;
            VerifyingKey::from_public_key_der(&self.spki).ok()?.verify(MESSAGE, &signature).ok()
        };
        verified().is_some()
    }
}

impl SeatKey for TokenKey {
    fn spki(&self) -> Vec<u8> {
        self.spki.clone()
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.signature(message).ok()
    }
}

/// Private keys with these attributes.
pub(super) fn private_keys(
    session: &Session,
    wanted: &[Attribute],
) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(&[&[Attribute::Class(ObjectClass::PRIVATE_KEY)], wanted].concat())
}

/// Public keys with these attributes.
pub(super) fn public_keys(
    session: &Session,
    wanted: &[Attribute],
) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(&[&[Attribute::Class(ObjectClass::PUBLIC_KEY)], wanted].concat())
}

/// Removes an object; that it is gone already is no error.
pub(super) fn destroy(session: &Session, object: ObjectHandle) -> Result<(), Error> {
    match session.destroy_object(object) {
        Err(Error::Pkcs11(RvError::ObjectHandleInvalid, _)) => Ok(()),
        other => other,
    }
}

fn hex(octets: &[u8]) -> String {
    super::super::waiting::hexadecimal(octets)
}
