mod profiles;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tegata_ca::{Holder, Parts, Profile, ProfileError};
use tegata_domain::{CredentialPolicy, LifecyclePolicy, PolicyError};
use tegata_text::Lang;

pub use profiles::{ProfileSettings, Profiles};

use crate::{Preview, PreviewError};

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

/// What is particular to one service, as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The organisation that offers the service.
    pub organisation: Words,
    /// The service's name.
    pub name: Words,
    /// Whom to call: one sentence.
    pub help: Words,
    /// Address of the protected service behind the gateway.
    pub service_url: String,
    /// Beginning of the plain-HTTP addresses of CRL, OCSP and issuer, without a slash at the end.
    pub status_url: String,
    /// Beginning of the issuing site's addresses as users reach it, `https://` and host, without a
    /// slash at the end: links in mails begin so. May be left out; then no mail has a link.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub site_url: String,
    /// IANA name of the time zone in which dates are shown.
    pub time_zone: String,
    /// An example of a user ID.
    pub user_id_example: String,
    /// Days a certificate lives.
    #[serde(default = "defaults::lifetime_days")]
    pub lifetime_days: u16,
    /// Days before expiry at which renewal opens.
    #[serde(default = "defaults::renewal_window_days")]
    pub renewal_window_days: u16,
    /// Days before expiry at which reminders go out.
    #[serde(default = "defaults::reminder_days")]
    pub reminder_days: Vec<u16>,
    /// Days from the first use of a renewed certificate until the one before is retired; at most
    /// the renewal window.
    #[serde(default = "defaults::retire_after_days")]
    pub retire_after_days: u16,
    /// Wrong passwords in a row that lock a credential.
    #[serde(default = "defaults::max_failures")]
    pub max_failures: u8,
    /// Days after which an unused credential lapses.
    #[serde(default = "defaults::credential_days")]
    pub credential_days: u16,
    /// Days before an unused credential lapses at which its user is told; 0 for never. At most
    /// half of `credential_days`.
    #[serde(default = "defaults::lapse_notice_days")]
    pub lapse_notice_days: u16,
    /// Language of mails where a subscriber chose none, and of the digests: `ja` or `en`.
    #[serde(default = "defaults::language")]
    pub language: String,
    /// When branches get their digest, hours and minutes in the service's zone.
    #[serde(default = "defaults::digest_at")]
    pub digest_at: String,
    /// Certificates that share a shard of the CRL, about.
    #[serde(default = "defaults::crl_shard_size")]
    pub crl_shard_size: u32,
    /// What certificates say, where it is not the default.
    #[serde(default, skip_serializing_if = "Profiles::is_default")]
    pub profiles: Profiles,
}

mod defaults {
    pub(super) fn lifetime_days() -> u16 {
        365
    }
    pub(super) fn renewal_window_days() -> u16 {
        60
    }
    pub(super) fn reminder_days() -> Vec<u16> {
        vec![30, 7]
    }
    pub(super) fn retire_after_days() -> u16 {
        7
    }
    pub(super) fn max_failures() -> u8 {
        5
    }
    pub(super) fn credential_days() -> u16 {
        90
    }
    pub(super) fn lapse_notice_days() -> u16 {
        14
    }
    pub(super) fn language() -> String {
        "ja".to_owned()
    }
    pub(super) fn digest_at() -> String {
        "09:00".to_owned()
    }
    pub(super) fn crl_shard_size() -> u32 {
        65_536
    }
}

/// Why settings of a service make no sense.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not the JSON of settings.
    #[error("settings of a service: {0}")]
    Json(#[from] serde_json::Error),
    /// A rule between numbers is broken.
    #[error("settings of a service: {0}")]
    Policy(#[from] PolicyError),
    /// No such time zone.
    #[error("settings of a service: there is no time zone {0}")]
    TimeZone(String),
    /// Out of range.
    #[error("settings of a service: max_failures must be 1 to 100 and credential_days at least 1")]
    Credential,
    /// Neither of the languages.
    #[error("settings of a service: language must be ja or en")]
    Language,
    /// No time of day.
    #[error("settings of a service: digest_at must be hours and minutes, for example 09:00")]
    DigestTime,
    /// Out of range.
    #[error("settings of a service: crl_shard_size must be at least 1")]
    ShardSize,
    /// Not an absolute address.
    #[error("settings of a service: {0} must begin with http:// or https://")]
    Address(&'static str),
    /// Neither is the address of what is published.
    #[error(
        "settings of a service: status_url must begin with http:// and not end with /: what is \
         there is signed, and whoever checks a TLS certificate by it cannot use TLS for that"
    )]
    StatusAddress,
    /// Not the beginning of an address.
    #[error(
        "settings of a service: site_url must be https:// and a host, with a port where it has \
         one, and nothing behind it: https://cert.example.co.jp"
    )]
    SiteAddress,
    /// A profile that makes no sense.
    #[error("settings of a service: profiles.{}.{}", .0.name(), .1)]
    Profile(Holder, ProfileError),
    /// A profile whose certificate, made with sample values, breaks a rule.
    #[error("settings of a service: profiles.{}: {}", .0.name(), .1)]
    Certificate(Holder, PreviewError),
    /// More than one of these.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<SettingsError>),
}

impl SettingsError {
    fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }
}

impl ServiceSettings {
    /// Reads settings from their JSON form.
    ///
    /// # Errors
    /// What is no JSON of settings, or everything that makes no sense.
    pub fn from_json(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = serde_json::from_str(text)?;
        settings.check()?;
        Ok(settings)
    }

    /// Reads settings that were checked when they were put on record.
    ///
    /// # Errors
    /// What is no JSON of settings, or everything whose values make no sense.
    pub fn on_record(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = serde_json::from_str(text)?;
        settings.check_values()?;
        Ok(settings)
    }

    /// Checks the settings. Each profile that is used or was set makes a certificate with
    /// sample values, which is judged as a real one would be: that may take a second, where only
    /// long RSA keys are accepted.
    ///
    /// # Errors
    /// Everything that makes no sense.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut errors = self.faults();
        // It stands in every certificate: each would be judged wrong again.
        let addresses = !errors.iter().any(|error| matches!(error, SettingsError::StatusAddress));
        for holder in Holder::ALL.into_iter().filter(|_| addresses) {
            // Those that nothing uses may have defaults that do not fit the service's names.
            let is_used = self.profiles.of(holder).is_some() || holder.is_always_used();
            if is_used && self.profile(holder).is_ok() {
                let preview = Preview::sample(self, holder);
                let broken = preview.err().map(|why| SettingsError::Certificate(holder, why));
                errors.extend(broken);
            }
        }
        SettingsError::all(errors)
    }

    /// Checks the values, and makes no certificate.
    pub(crate) fn check_values(&self) -> Result<(), SettingsError> {
        SettingsError::all(self.faults())
    }

    fn faults(&self) -> Vec<SettingsError> {
        let mut errors = Vec::new();
        errors.extend(self.lifecycle().checked().err().map(SettingsError::Policy));
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            errors.push(SettingsError::TimeZone(self.time_zone.clone()));
        }
        if !Lang::ALL.iter().any(|lang| lang.code() == self.language) {
            errors.push(SettingsError::Language);
        }
        if self.digest_time().is_none() {
            errors.push(SettingsError::DigestTime);
        }
        if self.crl_shard_size == 0 {
            errors.push(SettingsError::ShardSize);
        }
        if !(1..=100).contains(&self.max_failures) || self.credential_days == 0 {
            errors.push(SettingsError::Credential);
        }
        let absolute = |url: &str| {
            (url.starts_with("http://") || url.starts_with("https://")) && url.is_ascii()
        };
        let status = &self.status_url;
        if !absolute(status) || !status.starts_with("http://") || status.ends_with('/') {
            errors.push(SettingsError::StatusAddress);
        }
        if !absolute(&self.service_url) {
            errors.push(SettingsError::Address("service_url"));
        }
        let site = &self.site_url;
        if !site.is_empty() && (!site.is_ascii() || !is_origin(site)) {
            errors.push(SettingsError::SiteAddress);
        }
        for holder in Holder::ALL {
            let faults = self.profile(holder).err().unwrap_or_default();
            errors.extend(faults.into_iter().map(|fault| SettingsError::Profile(holder, fault)));
        }
        errors
    }

    /// The profile of a holder, without addresses.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn profile(&self, holder: Holder) -> Result<Profile, Vec<ProfileError>> {
        Profile::new(holder, &self.parts(holder)?)
    }

    fn parts(&self, holder: Holder) -> Result<Parts, Vec<ProfileError>> {
        let mut parts = holder.defaults();
        if holder == Holder::Client {
            parts.lifetime_days = self.lifetime_days;
        }
        match self.profiles.of(holder) {
            Some(settings) => settings.parts(parts),
            None => Ok(parts),
        }
    }

    /// Their JSON form.
    ///
    /// # Errors
    /// Never for settings that were checked.
    pub fn to_json(&self) -> Result<String, SettingsError> {
        Ok(serde_json::to_string(self)?)
    }

    /// The rules of certificates.
    pub fn lifecycle(&self) -> LifecyclePolicy {
        let client = self.profiles.of(Holder::Client);
        let lifetime = client.and_then(|client| client.lifetime_days);
        let backdate = client.and_then(|client| client.backdate_minutes);
        LifecyclePolicy {
            lifetime: days(lifetime.unwrap_or(self.lifetime_days)),
            backdate: backdate.map_or(LifecyclePolicy::default().backdate, |minutes| {
                SignedDuration::from_mins(i64::from(minutes))
            }),
            renewal_window: days(self.renewal_window_days),
            overlap: days(self.retire_after_days.min(self.renewal_window_days)),
            reminder_days: self.reminder_days.clone(),
        }
    }

    /// Language of mails where a subscriber chose none.
    pub fn lang(&self) -> Lang {
        Lang::from_tag(&self.language).unwrap_or_default()
    }

    /// A moment where the service is, as its operators read it: `2027-01-03 03:53 JST`.
    pub fn moment(&self, at: Timestamp) -> String {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        at.to_zoned(zone).strftime("%F %H:%M %Z").to_string()
    }

    /// Time of day of the digests; `None` when it is none.
    pub fn digest_time(&self) -> Option<jiff::civil::Time> {
        let (hour, minute) = self.digest_at.split_once(':')?;
        let two = |digits: &str| match digits.len() {
            2 => digits.parse::<i8>().ok(),
            _ => None,
        };
        jiff::civil::Time::new(two(hour)?, two(minute)?, 0, 0).ok()
    }

    /// How long before an unused credential lapses its user is told.
    pub(crate) fn lapse_notice(&self) -> SignedDuration {
        days(self.lapse_notice_days.min(self.credential_days / 2))
    }

    /// The rules of credentials.
    pub fn credential(&self) -> CredentialPolicy {
        CredentialPolicy {
            max_failures: self.max_failures,
            lapses_after: days(self.credential_days),
            ..CredentialPolicy::default()
        }
    }
}

/// `https://host` or `https://host:port`: mails show it, so nothing else may hide in it.
fn is_origin(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|host| {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-.:[]".contains(&c);
        !host.is_empty() && host.bytes().all(plain)
    })
}

fn days(count: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(count))
}
