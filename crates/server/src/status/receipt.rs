//! What a gateway hands back with its next question: proof of how far this server had come when
//! it answered the last one. Every gateway is an anchor that way.
//!
//! To the gateway it is a string of octets. Big-endian: epoch (8), position (8), last entry of the audit
//! log (8) and its hash (32), SHA-256 over the issuing CAs (32), Ed25519 signature (64).

use sha2::{Digest, Sha256};
use tegata_ca::{SignError, Signer, verify_ed25519};
use tegata_registrar::{AnchorHead, Service};

const BODY: usize = 8 + 8 + 8 + 32 + 32;
const LEN: usize = BODY + 64;

/// What keeps a receipt's signature apart from a page's, which begins otherwise.
const CONTEXT: &[u8] = b"tegata receipt\0\x01";

/// How far a server had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) epoch: u64,
    pub(super) position: u64,
    pub(super) audit_seq: i64,
    pub(super) audit_hash: [u8; 32],
    pub(super) authorities: [u8; 32],
}

impl Receipt {
    /// Signs a receipt for a reader of this service's feed.
    pub(super) fn signed(
        &self,
        service: &Service,
        feed: &dyn Signer,
    ) -> Result<Vec<u8>, SignError> {
        let mut octets = self.body();
        let signature = feed.sign(&message(service, &octets))?;
        octets.extend(signature);
        Ok(octets)
    }

    /// Reads a receipt that this service's feed key signed; `None` for everything else.
    pub(super) fn read(text: &str, service: &Service, feed: &dyn Signer) -> Option<Self> {
        let octets = hex::decode(text).ok().filter(|octets| octets.len() == LEN)?;
        let (body, signature) = octets.split_at(BODY);
        // The raw key stands at the end of its subject public key info (RFC 8410 §4).
        let (_, key) = feed.public_key().split_last_chunk::<32>()?;
        if !verify_ed25519(key, &message(service, body), signature) {
            return None;
        }
        let (epoch, rest) = body.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (hash, authorities) = rest.split_first_chunk()?;
        Some(Self {
            epoch: u64::from_be_bytes(*epoch),
            position: u64::from_be_bytes(*position),
            audit_seq: i64::from_be_bytes(*seq),
            audit_hash: *hash,
            authorities: authorities.try_into().ok()?,
        })
    }

    /// What an anchor of this receipt alone would say.
    pub(super) fn head(&self) -> AnchorHead {
        AnchorHead {
            epoch: self.epoch,
            audit_seq: self.audit_seq,
            audit_hash: hex::encode(self.audit_hash),
            position: self.position,
            ..AnchorHead::default()
        }
    }

    fn body(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(LEN);
        octets.extend(self.epoch.to_be_bytes());
        octets.extend(self.position.to_be_bytes());
        octets.extend(self.audit_seq.to_be_bytes());
        octets.extend(self.audit_hash);
        octets.extend(self.authorities);
        octets
    }
}

/// What the issuing CAs of a service are, as one number.
pub(super) fn authorities(service: &Service) -> [u8; 32] {
    let mut hash = Sha256::new();
    for ca in service.trusted() {
        let der = ca.authority.certificate();
        hash.update((der.len() as u64).to_be_bytes());
        hash.update(der);
    }
    hash.finalize().into()
}

fn message(service: &Service, body: &[u8]) -> Vec<u8> {
    [CONTEXT, service.key.to_string().as_bytes(), &[0], body].concat()
}
