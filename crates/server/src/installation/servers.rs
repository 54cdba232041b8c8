//! The TLS certificates of our own servers.

use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectAltName, alt_names_of};
use tegata_domain::Entropy;
use tegata_registrar::{Office, SERVER_RENEWAL, Service};
use tegata_store::{OwnCertificate, View};

use super::{DataDir, InstallationError};
use crate::keyfile::{self, Passphrase};

impl DataDir {
    /// The TLS certificate of one of our own servers that is on record, when it is for these names,
    /// good, and its end is not near.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn server_certificate_on_record(
        &self,
        office: &Office,
        service: &Service,
        purpose: &str,
        names: &[SubjectAltName],
    ) -> Result<Option<OwnCertificate>, InstallationError> {
        let due = office.now() + SERVER_RENEWAL;
        let on_record = office
            .store()
            .read(|view: View<'_>| view.own_certificates_after(service.id, purpose, due))?;
        let fits = |own: &OwnCertificate| {
            alt_names_of(&own.der).is_some_and(|had| names.iter().all(|name| had.contains(name)))
        };
        Ok(on_record.into_iter().find(fits))
    }

    /// The TLS certificate and key of one of our own servers: the one on record, or a new one
    /// when there is none, it ends soon or is revoked, or it was made for other names.
    ///
    /// # Errors
    /// When a new one is needed and cannot be made.
    pub async fn server_certificate(
        &self,
        office: &Office,
        service: &Service,
        passphrase: &Passphrase,
        entropy: &dyn Entropy,
        purpose: &str,
        names: Vec<SubjectAltName>,
    ) -> Result<(OwnCertificate, SoftwareKey), InstallationError> {
        let path = self.key(purpose);
        if let Some(own) = self.server_certificate_on_record(office, service, purpose, &names)?
            && path.exists()
        {
            return Ok((own, keyfile::open(&path, passphrase)?));
        }
        let key = if path.exists() {
            keyfile::open(&path, passphrase)?
        } else {
            keyfile::create(&path, KeyKind::EcP256, passphrase, entropy)?
        };
        let own = office.certify_server(service, purpose, names, key.public_key()).await?;
        Ok((own, key))
    }
}
