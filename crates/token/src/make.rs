use const_oid::db::{rfc5912, rfc8410};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::Attribute;
use cryptoki::session::Session;
use tegata_ca::{CaKey, KeyKind};
use tegata_domain::Entropy;
use tegata_pkcs11::{Module, Token, TokenError, TokenUri, Use, pair};

use crate::{KeyUri, TokenKey};

impl TokenKey {
    /// Makes a key pair in the token, under this label: it stays there for ever, is not readable
    /// and signs, nothing else.
    ///
    /// # Errors
    /// When the label is taken, the token cannot make such a key, or it does not keep it as it
    /// was told to.
    pub fn create(
        token_uri: &TokenUri,
        label: &str,
        choice: CaKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, TokenError> {
        let token = Module::open(token_uri.module())?.token(token_uri);
        let mechanisms = token.mechanisms()?;
        let (kind, mechanism_type, mechanism, name) = generator(choice.kind());
        if !mechanisms.contains(&mechanism_type) {
            let what = format!("make a key {kind}");
            return Err(TokenError::Mechanism { token: token.name(), what, mechanism: name });
        }
        // Joins the halves of the pair, for programs that look for one from the other.
        let mut id = [0; 16];
        entropy.fill(&mut id);
        token.with(|Use { session, .. }| refuse_taken(&token, session, label))?;
        token.once(|session| {
            let (public, private) = templates(choice.kind(), label, &id);
            let (public, private) = session
                .generate_key_pair(&mechanism, &public, &private)
                .map_err(|error| token.driver(error))?;
            let Some(attribute) =
                pair::exposed(session, private).map_err(|error| token.driver(error))?
            else {
                return Ok(());
            };
            for object in [public, private] {
                session.destroy_object(object).map_err(|error| token.driver(error))?;
            }
            Err(TokenError::Exposed { token: token.name(), label: label.to_owned(), attribute })
        })?;
        Self::open(KeyUri::labelled(token_uri, label, choice.algorithm()))
    }
}

/// Any object of this label counts, a public key or a certificate too: it belongs to someone.
pub(crate) fn refuse_taken(
    token: &Token,
    session: &Session,
    label: &str,
) -> Result<(), TokenError> {
    let wanted = [Attribute::Label(label.as_bytes().to_vec())];
    let found = session.find_objects(&wanted).map_err(|error| token.driver(error))?;
    if found.is_empty() {
        Ok(())
    } else {
        Err(TokenError::LabelTaken { token: token.name(), label: label.to_owned() })
    }
}

fn generator(kind: KeyKind) -> (KeyKind, MechanismType, Mechanism<'static>, &'static str) {
    match kind {
        KeyKind::Rsa(_) => (
            kind,
            MechanismType::RSA_PKCS_KEY_PAIR_GEN,
            Mechanism::RsaPkcsKeyPairGen,
            "CKM_RSA_PKCS_KEY_PAIR_GEN",
        ),
        KeyKind::EcP256 | KeyKind::EcP384 => {
            (kind, MechanismType::ECC_KEY_PAIR_GEN, Mechanism::EccKeyPairGen, "CKM_EC_KEY_PAIR_GEN")
        }
        KeyKind::Ed25519 => (
            kind,
            MechanismType::ECC_EDWARDS_KEY_PAIR_GEN,
            Mechanism::EccEdwardsKeyPairGen,
            "CKM_EC_EDWARDS_KEY_PAIR_GEN",
        ),
    }
}

fn templates(kind: KeyKind, label: &str, id: &[u8]) -> (Vec<Attribute>, Vec<Attribute>) {
    let mut public = pair::public_half(label, id);
    public.extend(match kind {
        KeyKind::Rsa(bits) => {
            let bits = Attribute::ModulusBits(u64::from(bits).into());
            vec![bits, Attribute::PublicExponent(vec![1, 0, 1])]
        }
        KeyKind::EcP256 => vec![pair::curve(rfc5912::SECP_256_R_1)],
        KeyKind::EcP384 => vec![pair::curve(rfc5912::SECP_384_R_1)],
        KeyKind::Ed25519 => vec![pair::curve(rfc8410::ID_ED_25519)],
    });
    (public, pair::private_half(label, id))
}
