//! JSON of the application interface under `/api/v1/{tenant}/{issuer}/`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::Serial;

use crate::Der;

/// The first version of the application that speaks this version of the interface. A service asks
/// for a later one by an update manifest.
pub const OLDEST_APP: &str = "0.1.0";

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bilingual {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

/// `GET service`: what the application needs to know before it asks for anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceInfo {
    /// Tenant number, as in the address.
    pub tenant: String,
    /// Name of the issuing CA, as in the address.
    pub issuer: String,
    /// The organisation that offers the service.
    pub organisation: Bilingual,
    /// The service's own name.
    pub name: Bilingual,
    /// Address of the protected service behind the gateway.
    pub service_url: String,
    /// IANA name of the time zone in which dates are shown.
    pub time_zone: String,
    /// An example of a user ID, for the help text under the field.
    pub user_id_example: String,
    /// Oldest application version that may talk to this server (semantic version).
    pub minimum_app_version: String,
}

/// `GET trust`: the certificates that a PC has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trust {
    /// The root certificate. Believed only after its SHA-256 was compared with the slip.
    pub root: Der,
    /// Every issuing CA certificate of this service, newest first.
    pub intermediates: Vec<Der>,
}

/// `POST enroll`: one issuance with an initial password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrollRequest {
    /// User ID, in any width and case.
    pub user_id: String,
    /// Initial password, in any width and case, with or without hyphens.
    pub password: String,
    /// Where reminders go.
    pub email: String,
    /// PKCS#10 request (RFC 2986). Only its public key and proof of possession are used.
    pub request: Der,
    /// Whether the application renews by itself on this PC: reminders say then that nothing is to
    /// be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattended: bool,
}

/// Never shows the password.
impl std::fmt::Debug for EnrollRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrollRequest").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The answer to an issuance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issued {
    /// The user ID in its canonical form; also the certificate's common name.
    pub user_id: String,
    /// Serial number, in pairs of hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub serial: Serial,
    /// Start of validity.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub not_before: Timestamp,
    /// Last second of validity.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub not_after: Timestamp,
    /// First moment at which renewal is possible.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub renewable_from: Timestamp,
    /// The registered e-mail address.
    pub email: String,
    /// The certificate.
    pub certificate: Der,
    /// Its issuing CA and root, in this order.
    pub chain: Vec<Der>,
}

/// `POST renew`: a new certificate, authorised by the present one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewRequest {
    /// CMS SignedData (RFC 5652), signed with the present key and with signed attributes, around
    /// a PKCS#10 request (RFC 2986) for the new key.
    pub request: Der,
    /// Whether the application renews by itself on this PC: reminders say then that nothing is to
    /// be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattended: bool,
}

/// The answer to a renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renewed {
    /// The user ID.
    pub user_id: String,
    /// Serial number, in pairs of hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub serial: Serial,
    /// Serial number of the certificate before, which stays good until it is retired.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub replaces: Serial,
    /// Start of validity.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub not_before: Timestamp,
    /// Last second of validity.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub not_after: Timestamp,
    /// First moment at which the next renewal is possible.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub renewable_from: Timestamp,
    /// The registered e-mail address; a seat that came from elsewhere may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The certificate.
    pub certificate: Der,
    /// Its issuing CA and root, in this order.
    pub chain: Vec<Der>,
}

/// `POST retire`: the certificate before a renewal is not needed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetireRequest {
    /// CMS SignedData (RFC 5652), signed with the key of the certificate that is to be retired
    /// and with signed attributes, around these three lines, each ended by a line feed:
    /// `tegata, version 1: retire this certificate`, `service {tenant}/{issuer}`,
    /// `serial {serial number, in pairs of hexadecimal digits}`.
    pub request: Der,
}

/// `POST email`: another e-mail address, asked for by the holder of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailRequest {
    /// The new address.
    pub email: String,
    /// When it is asked for, by the clock of whoever asks, in whole seconds. More than ten minutes
    /// away from the server's clock it is refused; what was signed is taken up once, and nothing
    /// that was signed before it afterwards.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// CMS SignedData (RFC 5652), signed with the key of a good certificate of the seat and with
    /// signed attributes, around these five lines, each ended by a line feed:
    /// `tegata, version 1: register this e-mail address`, `service {tenant}/{issuer}`,
    /// `serial {serial number, in pairs of hexadecimal digits}`, `email {the new address, its domain
    /// in small letters}`, `at {the member at, as 2027-02-16T14:59:00Z}`.
    pub request: Der,
}

/// The answer to such a request: nothing is changed before the link in the mail was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailAsked {
    /// The user ID.
    pub user_id: String,
    /// The address to which the mail with the link goes.
    pub email: String,
}

/// The answer to a retirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retired {
    /// The user ID.
    pub user_id: String,
    /// Serial number of the certificate that is revoked now.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub serial: Serial,
    /// Serial number of the certificate that takes its place.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub successor: Serial,
    /// Since when it is revoked.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub retired_at: Timestamp,
}

/// `POST link`: the nonce of a link that started the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRequest {
    /// As it stands in the link.
    pub nonce: String,
}

/// What a link was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkAnswer {
    /// What the person chose on the page.
    pub task: LinkTask,
    /// Language of the page, `ja` or `en`.
    pub language: String,
}

/// What a link starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LinkTask {
    /// Issue.
    Issue,
    /// Renew.
    Renew,
}
