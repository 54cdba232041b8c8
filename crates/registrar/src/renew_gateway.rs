//! A gateway's own certificate is renewed before it ends, on the same key and for the same names:
//! nothing secret goes over the wire, and the gateway can tell that it is its own.

use jiff::SignedDuration;
use tegata_ca::{alt_names_of, public_key_of};
use tegata_domain::Serial;
use tegata_store::{OwnCertificate, StoreError, View};

use crate::found::CertifyError;
use crate::{Registrar, Service};

/// How long before their end the TLS certificates of our own servers are renewed.
pub const SERVER_RENEWAL: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Why a gateway's certificate is not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewGatewayError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A new one could not be made.
    #[error(transparent)]
    Certify(#[from] CertifyError),
    /// The present one does not say what for.
    #[error("the gateway's certificate {0} cannot be read")]
    Unreadable(Serial),
}

impl Registrar {
    /// What takes the place of the certificate of a gateway that just signed a report with it: the
    /// certificate and its issuer's, DER. `None` as long as its end is not near. What was made
    /// before is handed out again: two gateways may share a name and a key, and answers get lost.
    ///
    /// # Errors
    /// See [`RenewGatewayError`].
    pub async fn renew_gateway(
        &self,
        service: &Service,
        gateway: Serial,
    ) -> Result<Option<[Vec<u8>; 2]>, RenewGatewayError> {
        let (now, id) = (self.now(), service.id);
        let found = self.store().read(|view: View<'_>| {
            let Some(present) = view.gateway_certificate(id, gateway)? else { return Ok(None) };
            let later = view.own_certificates_after(id, &present.purpose, present.not_after)?;
            Ok::<_, StoreError>(Some((present, later)))
        })?;
        let Some((present, later)) = found else { return Ok(None) };
        if now < present.not_after - SERVER_RENEWAL || self.is_distrusted() {
            return Ok(None);
        }
        let unreadable = || RenewGatewayError::Unreadable(gateway);
        let key = public_key_of(&present.der).ok_or_else(unreadable)?;
        let names = alt_names_of(&present.der).ok_or_else(unreadable)?;
        let lasts = |own: &OwnCertificate| {
            now < own.not_after - SERVER_RENEWAL
                && public_key_of(&own.der).as_ref() == Some(&key)
                && alt_names_of(&own.der).as_ref() == Some(&names)
        };
        let next = match later.into_iter().find(lasts) {
            Some(made) => made,
            None => self.certify_server(service, &present.purpose, names, &key).await?,
        };
        let issuer = service.issuer_of(&next).to_vec();
        Ok(Some([next.der, issuer]))
    }
}
