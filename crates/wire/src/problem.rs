//! Problem documents of RFC 9457.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Media type of a problem document (RFC 9457 §3).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:tegata:problem:{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in one sentence of the caller's language.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What to do now, in the caller's language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Stable word for programs, such as `credential_refused`.
    pub code: String,
    /// What to tell the help desk; the console finds the event by it.
    pub reference: String,
    /// With `renewal_too_early`: first moment at which renewal is possible (an extension member,
    /// RFC 9457 §3.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub renewable_from: Option<Timestamp>,
}

impl Problem {
    /// A problem of the given stable `code`.
    pub fn new(code: &str, status: u16, title: String, detail: String, reference: String) -> Self {
        Self {
            kind: format!("urn:tegata:problem:{code}"),
            title,
            status,
            detail,
            code: code.to_owned(),
            reference,
            renewable_from: None,
        }
    }
}
