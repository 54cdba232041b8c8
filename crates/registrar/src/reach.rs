//! How far the settings of a service reach, and how far its issuing CA does.

use tegata_ca::CaCertificate;
use tegata_store::{AuthorityRecord, ServiceId, StoreError};

use crate::{Office, ServiceSettings};

impl Office {
    /// What the CA that issues for the service now cannot give under these settings, each as a
    /// sentence; none when it can.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn settings_warnings(
        &self,
        service: ServiceId,
        settings: &ServiceSettings,
    ) -> Result<Vec<String>, StoreError> {
        let authorities = self.authorities()?;
        let Some((ca, certificate)) = self.issuing_now(&authorities, service) else {
            return Ok(Vec::new());
        };
        let (ends, reach) = (certificate.validity().not_after, settings.lifecycle().reach());
        let left = ends.duration_since(self.now());
        if reach <= left {
            return Ok(Vec::new());
        }
        Ok(vec![format!(
            "a lifetime and the renewal window come to {} days, but issuing CA {} ends in {} days \
             ({ends}): certificates that would outlive it end with it",
            reach.as_hours() / 24,
            ca.name,
            left.as_hours().max(0) / 24
        )])
    }

    /// As [`crate::Service::current`] chooses.
    fn issuing_now<'a>(
        &self,
        authorities: &'a [AuthorityRecord],
        service: ServiceId,
    ) -> Option<(&'a AuthorityRecord, CaCertificate)> {
        let active = || {
            let of_service = authorities.iter().filter(move |ca| ca.service == Some(service));
            of_service.filter(|ca| ca.retired_at.is_none())
        };
        let now = self.now();
        let ca = active().rev().find(|ca| ca.issues_from <= now).or_else(|| active().next())?;
        Some((ca, CaCertificate::parse(&ca.certificate).ok()?))
    }
}
