//! The certification authority's craft: keys, profiles, requests, certificates, CRLs.
//!
//! Nothing here touches a database, a file or a clock. A certificate comes to be in steps that
//! cannot be skipped or repeated, because each takes the value of the one before:
//! [`Profile::prepare`] → [`Prepared::lint`] → [`Linted::sign`].
//!
//! One ASN.1 family serves the whole program: the stable line of RustCrypto (`der` 0.7,
//! `x509-cert` 0.2, `cms` 0.2, `x509-ocsp` 0.2): the only one whose CMS and OCSP parts are
//! released. Signatures and hashes over them come from `aws-lc-rs`.

mod algorithm;
mod alt_names;
mod ask;
mod authority;
mod choice;
mod crl;
mod describe;
mod encoding;
mod issued;
mod key;
mod lint;
mod mail;
mod name;
mod ocsp;
mod prepare;
mod profile;
mod quality;
mod reading;
mod renewal;
mod request;
mod seal;
mod sealed;
mod stand_in;
mod statement;
mod throwaway;
mod witness;

pub use algorithm::{KeyKind, SignatureAlgorithm};
pub use alt_names::alt_names_of;
pub use ask::{AskError, certification_request};
pub use authority::{Authority, AuthorityError, key_kind, serial_of, tbs_hash_of};
pub use choice::{CaKey, CaKeyError};
pub use crl::{
    CrlEntry, CrlError, CrlForm, CrlRequest, CrlWriter, Listed, MAX_CRL, ReadCrl, ReadEntry,
    SignedCrl,
};
pub use describe::{Described, describe};
pub use issued::{IssuedElsewhere, MAX_CERTIFICATE};
pub use key::{KeyError, SignError, Signer, SoftwareKey, verify_ed25519};
pub use lint::Finding;
pub use mail::{MailSigner, MailSignerError};
pub use name::{Attribute, NameError, SubjectName};
pub use ocsp::{
    MAX_OCSP_REQUEST, OcspAnswer, OcspError, OcspQuestion, OcspStatus, Responder, ocsp_malformed,
    ocsp_question, ocsp_try_later, ocsp_unauthorized,
};
pub use prepare::{LintError, Linted, PrepareError, Prepared, SignedCertificate};
pub use profile::{
    AcceptedKeys, Addresses, AltNameKind, ExtendedUsage, Holder, Kind as ProfileKind, Parts,
    Placeholder, Profile, ProfileError, RawExtension, SubjectAltName, Values,
};
pub use quality::{Weakness, fingerprints, public_key_of};
pub use reading::{CaCertificate, MAX_CA_CERTIFICATE, ReadError};
pub use renewal::{MAX_RENEWAL, RenewalError, RenewalRequest};
pub use request::{MAX_REQUEST, ProvenKey, RequestError};
pub use seal::seal;
pub use stand_in::stand_in;
pub use statement::SignedStatement;
pub use witness::verify_by_certificate;
