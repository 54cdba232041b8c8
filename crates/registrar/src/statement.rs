//! What the key of a certificate signed beside a request: whose certificate it is.

use tegata_ca::{RenewalError, SignedStatement};
use tegata_domain::{Serial, ServiceKey};
use tegata_store::{CertificateRecord, StoreError, View};

use crate::{Registrar, Service};

/// Why nobody is known to have said so.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Not signed by the certificate's key, or no certificate of this service.
    #[error("the request is not by the holder of a certificate of this service")]
    NotYours,
    /// Not a request.
    #[error(transparent)]
    Request(RenewalError),
    /// The database is not the one it was.
    #[error("nothing is changed until an operator has looked at the database")]
    Distrusted,
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registrar {
    /// The certificate of `service` whose key signed `request`, DER, over the `statement` about it;
    /// whether it is good is open.
    pub(crate) async fn prove_statement(
        &self,
        service: &Service,
        request: Vec<u8>,
        statement: impl FnOnce(&ServiceKey, Serial) -> String,
    ) -> Result<CertificateRecord, StatementError> {
        if self.is_distrusted() {
            return Err(StatementError::Distrusted);
        }
        let request = SignedStatement::parse(&request).map_err(StatementError::Request)?;
        let record = self
            .store()
            .read(|view: View<'_>| view.certificate(request.serial()))?
            .filter(|record| record.service == service.id)
            .ok_or(StatementError::NotYours)?;
        let statement = statement(&service.key, record.certificate.serial);
        let der = record.der.clone().ok_or(StatementError::NotYours)?;
        let judging = tokio::task::spawn_blocking(move || request.verify(&der, &statement));
        match judging.await {
            Ok(Ok(())) => Ok(record),
            _ => Err(StatementError::NotYours),
        }
    }
}
