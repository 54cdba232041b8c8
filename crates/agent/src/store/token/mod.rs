//! Keys and certificates as objects of a PKCS#11 token: what a card and the browsers' databases
//! have in common.
//!
//! A key is made in the token and stays there. While it waits for its certificate its label says
//! so, and [`Waiting`] keeps a record without any secret; when it has its certificate, both carry
//! the same name and identifier.

#[cfg(target_os = "linux")]
mod adopt;
mod explain;
mod key;
mod objects;

use std::sync::Arc;

use const_oid::db::rfc5912::SECP_256_R_1;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use p256::elliptic_curve::pkcs8::spki::SubjectPublicKeyInfoRef;
use tegata_pkcs11::{Token, TokenError, Use, pair, public};

use super::waiting::{Record, Waiting, hexadecimal};
use super::{Begun, Bundle, Held, KeyLocation, Seat, StoreError, prove};
use crate::cert::Cert;
use crate::key::SeatKey;
use key::{destroy, private_keys, public_keys};

pub(crate) use explain::explain;
pub(super) use key::TokenKey;
pub(super) use objects::{Found, add_certificate, certificates, id_of};

/// A token as a store.
pub(super) struct Objects {
    token: Arc<Token>,
    /// What people call it.
    place: String,
}

/// A key that was taken up or made, and the record of it.
pub(super) struct TakenUp {
    pub(super) key: TokenKey,
    resumed: bool,
    waiting: Waiting,
    record: Record,
}

impl Objects {
    pub(super) fn new(token: Arc<Token>, place: String) -> Self {
        Self { token, place }
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Where something of this name is, for people.
    pub(super) fn location(&self, name: &str) -> String {
        format!("{}: {name}", self.place)
    }

    /// Takes up the key that waits, or makes one.
    pub(super) fn take_up(&self, waiting: Waiting, seat: &Seat<'_>) -> Result<TakenUp, StoreError> {
        self.check_mechanisms()?;
        if let Some(record) = waiting.read()? {
            if waiting.is_stale(seat.now)? {
                self.token.once(|session| self.forget(session, &record))?;
                waiting.clear()?;
            } else if let Some(key) = self.waiting_key(&record)? {
                return written(waiting, record, key, true);
            }
        }
        let record = Record::new(seat, &waiting);
        waiting.write(&record)?;
        let mut id = [0; 20];
        seat.entropy.fill(&mut id);
        self.token.once(|session| self.generate(session, &record.label, &id))?;
        let key = self.waiting_key(&record)?.ok_or(StoreError::Internal("the key is gone"))?;
        written(waiting, record, key, false)
    }

    /// What a store hands out of a key taken up.
    pub(super) fn begun<'a>(&self, taken: &'a TakenUp) -> Begun<'a> {
        Begun {
            key: &taken.key,
            resumed: taken.resumed,
            waits_in: self.location(&taken.record.label),
        }
    }

    /// Adds the certificate last: where it is, the rest is too. The name it has.
    pub(super) fn install(
        &self,
        taken: &TakenUp,
        bundle: &Bundle,
        name: &str,
    ) -> Result<String, StoreError> {
        Ok(self.token.once(|session| {
            let add = |certificate: &Cert, name: &str, id: &[u8]| {
                add_certificate(session, certificate, name, id)
                    .map_err(|error| self.token.driver(error))
            };
            for ca in bundle.intermediates.iter().chain([&bundle.root]) {
                add(ca, &authority_name(ca), &id_of(ca.public_key()))?;
            }
            add(&bundle.certificate, name, taken.key.id())
        })?)
    }

    /// Looks for all of it in a session that did not write it, and has the key sign.
    pub(super) fn read_back(&self, bundle: &Bundle) -> Result<(), StoreError> {
        let there = self.token.with(|Use { session, .. }| {
            certificates(session).map_err(|error| self.token.driver(error))
        })?;
        let is_there = |wanted: &Cert| there.iter().any(|found| found.certificate == *wanted);
        if !is_there(&bundle.certificate) {
            return Err(StoreError::NotReadBack("the certificate is not in the store"));
        }
        if !bundle.intermediates.iter().all(is_there) {
            return Err(StoreError::NotReadBack("an issuing CA is not in the store"));
        }
        if !is_there(&bundle.root) {
            return Err(StoreError::NotReadBack("the root is not in the store"));
        }
        self.key(&bundle.certificate).map(drop)
    }

    /// Gives the key its certificate's name. Where there is no certificate there will be none,
    /// and the key goes.
    pub(super) fn settle(&self, taken: &TakenUp) -> Result<(), StoreError> {
        self.token.once(|session| {
            let mut names = certificates(session)
                .map_err(|error| self.token.driver(error))?
                .into_iter()
                .filter(|found| found.certificate.spki() == taken.key.spki());
            let Some(found) = names.next() else { return self.forget(session, &taken.record) };
            let waiting = [Attribute::Label(taken.record.label.clone().into_bytes())];
            for half in halves(session, &waiting).map_err(|error| self.token.driver(error))? {
                // A token that keeps the old name keeps a good key all the same.
                let _ = session
                    .update_attributes(half, &[Attribute::Label(found.label.clone().into_bytes())]);
            }
            Ok(())
        })?;
        taken.waiting.clear()
    }

    /// The certificates of Tegata's form, with where their keys are.
    /// The authorities among the certificates. They are public: no PIN is needed.
    pub(super) fn authorities(&self) -> Result<Vec<Cert>, StoreError> {
        let driver = |error| self.token.driver(error);
        let found = self.token.public(|session| certificates(session).map_err(driver))?;
        let all = found.into_iter().map(|found| found.certificate);
        Ok(all.filter(Cert::is_authority).collect())
    }

    pub(super) fn list(&self, key: KeyLocation) -> Result<Vec<Held>, StoreError> {
        let look = |session: &Session, is_open: bool| {
            let found = certificates(session)?.into_iter().map(|found| {
                let id = [Attribute::Id(found.id.clone())];
                // Without the PIN private keys are hidden; the public half tells.
                let keys = match is_open {
                    true => private_keys(session, &id)?,
                    false => public_keys(session, &id)?,
                };
                Ok((found, !keys.is_empty()))
            });
            found.collect::<Result<Vec<_>, _>>()
        };
        let driver = |error| self.token.driver(error);
        let found = match self.token.with(|used| look(used.session, true).map_err(driver)) {
            Err(TokenError::PinNeeded(_)) => {
                self.token.public(|session| look(session, false).map_err(driver))?
            }
            other => other?,
        };
        let mut held = Vec::<Held>::new();
        for (Found { certificate, label, .. }, has_key) in found {
            if !held.iter().any(|known| known.certificate == certificate) {
                let location = self.location(&label);
                held.extend(Held::of(certificate, location, has_key.then_some(key)));
            }
        }
        Ok(held)
    }

    /// The key of a certificate; it has proved itself.
    pub(super) fn key(&self, certificate: &Cert) -> Result<Arc<dyn SeatKey>, StoreError> {
        let id = self.token.with(|Use { session, .. }| {
            let there = certificates(session).map_err(|error| self.token.driver(error))?;
            Ok(there.into_iter().find(|found| found.certificate == *certificate).map(|it| it.id))
        })?;
        let id = id.ok_or(StoreError::NotReadBack("the certificate is not in the store"))?;
        let key = TokenKey::new(Arc::clone(&self.token), id, certificate.spki());
        // Says why, where the key is there and does not answer.
        key.signature(b"")?;
        prove(&key, certificate)?;
        Ok(Arc::new(key))
    }

    /// Removes a certificate and, unless another certificate needs it, its key.
    pub(super) fn remove(&self, certificate: &Cert) -> Result<(), StoreError> {
        Ok(self.token.once(|session| {
            let (ours, others): (Vec<_>, Vec<_>) = certificates(session)
                .map_err(|error| self.token.driver(error))?
                .into_iter()
                .partition(|found| found.certificate == *certificate);
            let is_shared =
                others.iter().any(|other| other.certificate.spki() == certificate.spki());
            for found in ours {
                if !is_shared {
                    self.remove_key(session, &found)?;
                }
                // The certificate goes last: while it is there, so is what is left to remove.
                destroy(session, found.handle).map_err(|error| self.token.driver(error))?;
            }
            Ok(())
        })?)
    }

    /// Removes the key of this certificate, but none that only has the same identifier.
    fn remove_key(&self, session: &Session, found: &Found) -> Result<(), TokenError> {
        let driver = |error| self.token.driver(error);
        let spki = found.certificate.spki();
        let key = TokenKey::new(Arc::clone(&self.token), found.id.clone(), spki.clone());
        let id = [Attribute::Id(found.id.clone())];
        for private in private_keys(session, &id).map_err(driver)? {
            if key.is_ours(session, private) {
                destroy(session, private).map_err(driver)?;
            }
        }
        for half in public_keys(session, &id).map_err(driver)? {
            if public::read(session, half).map_err(driver)?.as_ref() == Some(&spki) {
                destroy(session, half).map_err(driver)?;
            }
        }
        Ok(())
    }

    fn check_mechanisms(&self) -> Result<(), TokenError> {
        let has = self.token.mechanisms()?;
        for (mechanism, what, name) in [
            (MechanismType::ECC_KEY_PAIR_GEN, "make a key on P-256", "CKM_EC_KEY_PAIR_GEN"),
            (MechanismType::ECDSA, "sign with it", "CKM_ECDSA"),
        ] {
            if !has.contains(&mechanism) {
                let (token, what) = (self.token.name(), what.to_owned());
                return Err(TokenError::Mechanism { token, what, mechanism: name });
            }
        }
        Ok(())
    }

    fn generate(&self, session: &Session, label: &str, id: &[u8]) -> Result<(), TokenError> {
        let driver = |error| self.token.driver(error);
        let mut public = pair::public_half(label, id);
        public.push(pair::curve(SECP_256_R_1));
        let private = pair::private_half(label, id);
        let (public, private) = session
            .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
            .map_err(driver)?;
        let Some(attribute) = pair::exposed(session, private).map_err(driver)? else {
            return Ok(());
        };
        for object in [public, private] {
            destroy(session, object).map_err(driver)?;
        }
        let (token, label) = (self.token.name(), label.to_owned());
        Err(TokenError::Exposed { token, label, attribute })
    }

    /// The key that the record tells of, under the identifier that it keeps.
    fn waiting_key(&self, record: &Record) -> Result<Option<TokenKey>, TokenError> {
        self.token.once(|session| {
            let driver = |error| self.token.driver(error);
            let private = match &record.id {
                Some(id) => {
                    let id = Attribute::Id(octets(id));
                    private_keys(session, &[id])
                }
                None => private_keys(session, &[label(record)]),
            };
            let Some(&private) = private.map_err(driver)?.first() else { return Ok(None) };
            let unread = || TokenError::PublicKey(record.label.clone());
            let spki = public::read(session, private).map_err(driver)?.ok_or_else(unread)?;
            let wanted = Attribute::Id(id_of(&point(&spki).ok_or_else(unread)?));
            if record.id.is_none() {
                for half in halves(session, &[label(record)]).map_err(driver)? {
                    // A token that lets no identifier be changed keeps the first one.
                    let _ = session.update_attributes(half, std::slice::from_ref(&wanted));
                }
            }
            let id = id(session, private).map_err(driver)?;
            Ok(Some(TokenKey::new(Arc::clone(&self.token), id, spki)))
        })
    }

    /// Removes the keys of these records, but those that have their certificates.
    pub(super) fn give_up(&self, waiting: Vec<(Waiting, Record)>) -> Result<(), StoreError> {
        for (waiting, record) in waiting {
            self.token.once(|session| self.forget(session, &record))?;
            waiting.clear()?;
        }
        Ok(())
    }

    /// Removes the key of a record for which there is no certificate.
    fn forget(&self, session: &Session, record: &Record) -> Result<(), TokenError> {
        let driver = |error| self.token.driver(error);
        let taken: Vec<_> = certificates(session).map_err(driver)?;
        for half in halves(session, &[label(record)]).map_err(driver)? {
            let id = id(session, half).map_err(driver)?;
            if taken.iter().all(|found| found.id != id) {
                destroy(session, half).map_err(driver)?;
            }
        }
        Ok(())
    }
}

/// Writes down where the key is now.
fn written(
    waiting: Waiting,
    mut record: Record,
    key: TokenKey,
    resumed: bool,
) -> Result<TakenUp, StoreError> {
    let id = Some(hexadecimal(key.id()));
    if record.id != id {
        record.id = id;
        waiting.write(&record)?;
    }
    Ok(TakenUp { key, resumed, waiting, record })
}

/// The private and the public key with these attributes.
fn halves(
    session: &Session,
    wanted: &[Attribute],
) -> Result<Vec<ObjectHandle>, cryptoki::error::Error> {
    let mut halves = private_keys(session, wanted)?;
    halves.extend(public_keys(session, wanted)?);
    Ok(halves)
}

fn label(record: &Record) -> Attribute {
    Attribute::Label(record.label.clone().into_bytes())
}

fn id(session: &Session, object: ObjectHandle) -> Result<Vec<u8>, cryptoki::error::Error> {
    let found = session.get_attributes(object, &[AttributeType::Id])?;
    let id = found.into_iter().find_map(|attribute| match attribute {
        Attribute::Id(id) => Some(id),
        _ => None,
    });
    Ok(id.unwrap_or_default())
}

/// The public value at the end of a subject public key info.
fn point(spki: &[u8]) -> Option<Vec<u8>> {
    let spki = <SubjectPublicKeyInfoRef<'_> as der::Decode>::from_der(spki).ok()?;
    spki.subject_public_key.as_bytes().map(<[u8]>::to_vec)
}

fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

pub(super) fn authority_name(ca: &Cert) -> String {
    ca.common_name().unwrap_or_else(|| crate::Fingerprint::of(ca.der()).to_string())
}
