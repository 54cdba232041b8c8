use jiff::Timestamp;
use tegata_domain::{Reason, Serial, UserId};
use tegata_store::{SeatRecord, ServiceId, StoreError, View};

use crate::Office;

/// What a person may name: a seat by its user ID, or one certificate by its serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every certificate of a seat.
    UserId(UserId),
    /// One certificate.
    Serial(Serial),
}

impl std::str::FromStr for Target {
    type Err = tegata_domain::NameError;

    /// 32 hexadecimal digits or more are a serial number, and so are fewer behind `0x` or with
    /// colons, as an imported CA may have them; everything else is a user ID.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").unwrap_or(text).replace(':', "");
        let meant = digits.len() >= 32 || digits.len() < text.len();
        match digits.parse() {
            Ok(serial) if meant => Ok(Self::Serial(serial)),
            _ => text.parse().map(Self::UserId),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UserId(user_id) => user_id.fmt(f),
            Self::Serial(serial) => serial.fmt(f),
        }
    }
}

/// Why what was named cannot be acted on.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// There is none of that name.
    #[error("there is no {what} {name}{}", hint(nearest.as_deref()))]
    Unknown {
        /// Kind of thing.
        what: &'static str,
        /// What was named.
        name: String,
        /// What there is that looks like it, within the same service.
        nearest: Option<String>,
    },
    /// Several services, none named.
    #[error("there are {} services; name one with --service: {}", .0.len(), .0.join(", "))]
    ServiceNotNamed(Vec<String>),
    /// Nothing there is in a state that allows it.
    #[error("{name} has no certificate that can be {verb}")]
    Nothing {
        /// What was named.
        name: String,
        /// What was to happen.
        verb: &'static str,
    },
    /// On hold before.
    #[error("{name} is already on hold since {since:.0}")]
    AlreadyHeld {
        /// What was named.
        name: String,
        /// Since when.
        since: Timestamp,
    },
    /// Revoked before.
    #[error("{name} is already revoked since {since:.0} ({})", reason.name())]
    AlreadyRevoked {
        /// What was named.
        name: String,
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// There is nothing to release.
    #[error("{0} is not on hold")]
    NotHeld(String),
    /// Nobody else would issue.
    #[error(
        "{0} is the only CA of its service that issues now; make another one first with `tegata \
         ca rollover --now`"
    )]
    LastCa(String),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TargetError {
    pub(crate) fn unknown(what: &'static str, name: impl ToString) -> Self {
        Self::Unknown { what, name: name.to_string(), nearest: None }
    }

    /// The same, with the one of `names` that looks like what was named.
    pub(crate) fn or_nearest<T: std::fmt::Display>(
        self,
        names: impl IntoIterator<Item = T>,
    ) -> Self {
        match self {
            Self::Unknown { what, name, nearest: None } => {
                let nearest = nearest(&name, names.into_iter().map(|one| one.to_string()));
                Self::Unknown { what, name, nearest }
            }
            other => other,
        }
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; is it {name} that you mean?")).unwrap_or_default()
}

/// Most letters, or neighbours changed about, that a mistyped name may differ in. With two, a wrong
/// number would find somebody else nearly always, and what follows may be a revocation.
const MISTYPED: usize = 1;

/// Most user IDs that are looked at for the one that was meant.
const LOOKED_AT: u32 = 2_000;

fn nearest(name: &str, names: impl Iterator<Item = String>) -> Option<String> {
    names
        .map(|one| (strsim::damerau_levenshtein(name, &one), one))
        .filter(|(distance, _)| *distance <= MISTYPED)
        .min()
        .map(|(_, one)| one)
}

/// The seat of a user ID, inside a transaction.
pub(crate) fn seat(
    view: View<'_>,
    service: ServiceId,
    user_id: &UserId,
) -> Result<SeatRecord, TargetError> {
    match view.seat(service, user_id)? {
        Some(seat) => Ok(seat),
        None => {
            // Of a user ID it is the end that gets mistyped; what is before it is the company.
            let name = user_id.as_str();
            let company = name.rsplit_once('-').map_or(name, |(company, _)| company);
            let mut near = view.user_ids_like(service, company, LOOKED_AT)?;
            if near.is_empty() {
                near = view.user_ids_like(service, &name[..1], LOOKED_AT)?;
            }
            Err(TargetError::unknown("user ID", user_id).or_nearest(near))
        }
    }
}

impl Office {
    /// The seat of a user ID.
    ///
    /// # Errors
    /// When there is none.
    pub fn seat(&self, service: ServiceId, user_id: &UserId) -> Result<SeatRecord, TargetError> {
        self.store.read(|view: View<'_>| seat(view, service, user_id))
    }
}

/// Finds the certificates of a target inside a transaction.
pub(crate) fn certificates(
    view: View<'_>,
    service: ServiceId,
    target: &Target,
) -> Result<Vec<tegata_store::CertificateRecord>, TargetError> {
    match target {
        Target::UserId(user_id) => Ok(view.certificates_of_seat(seat(view, service, user_id)?.id)?),
        Target::Serial(serial) => view
            .certificate(*serial)?
            // One of another service is as unknown as none at all.
            .filter(|found| found.service == service)
            .map(|found| vec![found])
            .ok_or_else(|| TargetError::unknown("certificate", serial)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_and_user_ids_are_told_apart() {
        for serial in ["0x01", "0a:0b", "41414141414141414141414141414141"] {
            assert!(matches!(serial.parse(), Ok(Target::Serial(_))), "{serial}");
        }
        for user_id in ["01", "CMSM950-006-401", "ABCDEF"] {
            assert!(matches!(user_id.parse(), Ok(Target::UserId(_))), "{user_id}");
        }
    }
}
