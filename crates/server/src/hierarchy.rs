//! A root and what it certifies: the one way in which `tegata init` and a ceremony make them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    Authority, AuthorityError, CaCertificate, CrlEntry, CrlError, CrlForm, CrlRequest, ReadCrl,
    ReadError, SignedCertificate, Signer, SubjectName,
};
use tegata_domain::{Entropy, Issuer, Validity};
use tegata_registrar::Office;

/// How far back a new certificate begins, for PCs whose clock is behind.
pub const BACKDATE: SignedDuration = SignedDuration::from_mins(5);

/// Why a CA was not made.
#[derive(Debug, thiserror::Error)]
pub enum HierarchyError {
    /// A CA certificate.
    #[error("{0}: {1}")]
    Authority(Issuer, AuthorityError),
    /// It would live longer than its issuer.
    #[error("{name} would end on {ends}, after its issuer, which ends on {issuer_ends}")]
    Outlives {
        /// Who.
        name: Issuer,
        /// When it would end.
        ends: Timestamp,
        /// When its issuer ends.
        issuer_ends: Timestamp,
    },
    /// The clock is far from any real time.
    #[error("the clock of this machine says {0}; set it right")]
    Clock(Timestamp),
    /// The list.
    #[error("the CRL of {0}: {1}")]
    List(Issuer, CrlError),
    /// What was made, read back.
    #[error("{0} does not read back as it should: {1}; it was thrown away")]
    ReadBack(Issuer, ReadError),
    /// What was made, verified.
    #[error("the certificate of {0} does not verify; it was thrown away")]
    Verify(Issuer),
}

/// When and with what a hierarchy is made.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// Now.
    pub now: Timestamp,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

/// A root with its name.
pub struct NamedRoot<'a> {
    /// Its name, also of its addresses.
    pub name: &'a Issuer,
    /// Certificate and key.
    pub authority: &'a Authority,
}

impl Setting<'_> {
    /// Makes a self-signed root.
    ///
    /// # Errors
    /// When name, key or clock do not allow it.
    pub fn root(
        &self,
        name: &Issuer,
        subject: &SubjectName,
        signer: Arc<dyn Signer>,
        lifetime: SignedDuration,
    ) -> Result<Authority, HierarchyError> {
        let made = Authority::root(subject, signer, self.validity(lifetime)?, self.entropy)
            .map_err(|error| HierarchyError::Authority(name.clone(), error))?;
        let read = read(name, made.certificate())?;
        if read.is_self_signed() { Ok(made) } else { Err(HierarchyError::Verify(name.clone())) }
    }

    /// Certifies the key of an issuing CA.
    ///
    /// # Errors
    /// When name, key or clock do not allow it, or it would outlive the root.
    pub fn issuing(
        &self,
        root: &NamedRoot<'_>,
        status_url: &str,
        (name, subject): (&Issuer, &SubjectName),
        public_key: &[u8],
        lifetime: SignedDuration,
    ) -> Result<SignedCertificate, HierarchyError> {
        let validity = self.within(root.authority, name, lifetime)?;
        let profile = Office::issuing_profile(status_url, root.name);
        let made = root.authority.certify(&profile, subject, public_key, validity, self.entropy);
        self.verified(root, name, made)
    }

    /// Certifies a CA that has another certificate on the same name and key.
    ///
    /// # Errors
    /// When its key or the clock do not allow it, or it would outlive the root.
    pub fn cross(
        &self,
        root: &NamedRoot<'_>,
        status_url: &str,
        (name, other): (&Issuer, &CaCertificate),
        lifetime: SignedDuration,
    ) -> Result<SignedCertificate, HierarchyError> {
        let validity = self.within(root.authority, name, lifetime)?;
        let addresses = Office::issuing_addresses(status_url, root.name);
        let made = root.authority.cross_certify(other, Some(addresses), validity, self.entropy);
        self.verified(root, name, made)
    }

    /// Makes the root's list.
    ///
    /// # Errors
    /// When the key or the clock do not allow it.
    pub fn list(
        &self,
        root: &NamedRoot<'_>,
        number: u64,
        lifetime: SignedDuration,
        entries: &[CrlEntry],
    ) -> Result<Vec<u8>, HierarchyError> {
        let next_update = self.after(lifetime)?;
        let form = CrlForm::Full { delta: None };
        let request = CrlRequest { number, this_update: self.now, next_update, shard: None, form };
        let signed = root.authority.begin_crl(request, entries.len()).and_then(|mut writer| {
            entries.iter().try_for_each(|entry| writer.push(entry))?;
            writer.finish()
        });
        let der = signed.map_err(|error| HierarchyError::List(root.name.clone(), error))?.der;
        let issuer = read(root.name, root.authority.certificate())?;
        match ReadCrl::parse(&der, &issuer) {
            Ok(_) => Ok(der),
            Err(error) => Err(HierarchyError::ReadBack(root.name.clone(), error)),
        }
    }

    /// When something ends that begins now.
    ///
    /// # Errors
    /// [`HierarchyError::Clock`].
    pub fn after(&self, lifetime: SignedDuration) -> Result<Timestamp, HierarchyError> {
        self.now.checked_add(lifetime).map_err(|_| HierarchyError::Clock(self.now))
    }

    fn validity(&self, lifetime: SignedDuration) -> Result<Validity, HierarchyError> {
        let not_before =
            self.now.checked_sub(BACKDATE).map_err(|_| HierarchyError::Clock(self.now))?;
        Ok(Validity { not_before, not_after: self.after(lifetime)? })
    }

    fn within(
        &self,
        root: &Authority,
        name: &Issuer,
        lifetime: SignedDuration,
    ) -> Result<Validity, HierarchyError> {
        let validity = self.validity(lifetime)?;
        refuse_outliving(name, validity.not_after, root.validity().not_after)?;
        Ok(validity)
    }

    fn verified(
        &self,
        root: &NamedRoot<'_>,
        name: &Issuer,
        made: Result<SignedCertificate, AuthorityError>,
    ) -> Result<SignedCertificate, HierarchyError> {
        let made = made.map_err(|error| HierarchyError::Authority(name.clone(), error))?;
        let issuer = read(root.name, root.authority.certificate())?;
        if issuer.is_issuer_of(&read(name, &made.der)?) {
            Ok(made)
        } else {
            Err(HierarchyError::Verify(name.clone()))
        }
    }
}

/// Refuses what would end after its issuer.
///
/// # Errors
/// [`HierarchyError::Outlives`].
pub fn refuse_outliving(
    name: &Issuer,
    ends: Timestamp,
    issuer_ends: Timestamp,
) -> Result<(), HierarchyError> {
    // A certificate knows whole seconds only.
    if ends.as_second() <= issuer_ends.as_second() {
        return Ok(());
    }
    Err(HierarchyError::Outlives { name: name.clone(), ends, issuer_ends })
}

fn read(name: &Issuer, der: &[u8]) -> Result<CaCertificate, HierarchyError> {
    CaCertificate::parse(der).map_err(|error| HierarchyError::ReadBack(name.clone(), error))
}
