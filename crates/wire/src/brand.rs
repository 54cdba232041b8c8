//! What an installer says of the service that it was made for: `brand.json`, written by
//! `tegata service brand`, packed by `make package`, read by the application.
//!
//! Unknown members are refused: the file comes with the program that reads it.

use serde::{Deserialize, Serialize};

use crate::Der;
use crate::api::Bilingual;

/// The file, beside the application's executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The issuing site, `https://host/issueweb/TENANT/ISSUER/`.
    pub site: String,
    /// SHA-256 of the root certificate, 64 hexadecimal digits.
    pub root_sha256: String,
    /// The organisation that offers the service.
    pub organisation: Bilingual,
    /// The service's own name.
    pub name: Bilingual,
    /// The service's key colour, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_colour: Option<String>,
    /// Ed25519 public keys (RFC 8032, 32 octets) that may sign update manifests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_keys: Vec<Der>,
}
