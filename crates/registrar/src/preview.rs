//! The certificate that a profile would make, made with sample values and keys that are thrown
//! away. Nothing of it is recorded, and no real key is near.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    Authority, AuthorityError, Holder, KeyError, KeyKind, NameError, Placeholder, ProfileError,
    SignedCertificate, Signer, SoftwareKey, SubjectAltName, SubjectName, Values,
};
use tegata_domain::{Entropy, Issuer, UserId, Validity};
use tegata_store::Placement;

use crate::keyring::{addresses, crl_address};
use crate::{Office, ServiceSettings};

/// When settings are checked, no clock is at hand, and none is needed.
const SAMPLE_TIME: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

/// A certificate that is not one.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Whose profile.
    pub holder: Holder,
    /// The certificate; its serial number reads `PREVIEW PREVIEW ` in ASCII.
    pub certificate: SignedCertificate,
    /// The certificate of the issuing CA that never was.
    pub issuing: Vec<u8>,
    /// The certificate of its root.
    pub root: Vec<u8>,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The profile makes no sense.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Profile(Vec<ProfileError>),
    /// With sample values filled in, a name cannot stand in a certificate.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The certificate would break a rule.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A throwaway key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Names of a CA and its root.
#[derive(Clone, Debug)]
pub struct PreviewNames {
    /// Subject of the root.
    pub root: SubjectName,
    /// Subject of the issuing CA.
    pub issuing: SubjectName,
    /// Name of the issuing CA in addresses.
    pub issuer: Issuer,
    /// Name of the root in addresses.
    pub root_name: Issuer,
}

/// Serial numbers that say what they are.
struct Sample(&'static [u8; 16]);

impl Entropy for Sample {
    fn fill(&self, octets: &mut [u8]) {
        octets.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
}

impl Preview {
    /// Makes a preview under CAs of these names, with keys of this kind.
    ///
    /// # Errors
    /// Whatever would keep a real certificate from being made.
    pub fn new(
        settings: &ServiceSettings,
        holder: Holder,
        names: &PreviewNames,
        kind: KeyKind,
        now: Timestamp,
    ) -> Result<Self, PreviewError> {
        let profile = settings.profile(holder).map_err(PreviewError::Profile)?;
        let validity = Validity {
            not_before: now - SignedDuration::from_hours(2),
            not_after: now + SignedDuration::from_hours(24 * 3660),
        };
        let key = |kind| SoftwareKey::generate(kind).map(Arc::new);
        let serial = Sample(b"PREVIEW ROOT    ");
        let root = Authority::root(&names.root, key(kind)?, validity, &serial)?;
        let issuing_key = key(kind)?;
        let issuing = root.certify(
            &Office::issuing_profile(&settings.status_url, &names.root_name),
            &names.issuing,
            issuing_key.public_key(),
            validity,
            &Sample(b"PREVIEW CA      "),
        )?;
        let issuing = Authority::open(issuing.der, issuing_key)?;
        let (profile, subject) = profile
            .at(addresses(
                &settings.status_url,
                &names.issuer,
                &crl_address(&settings.status_url, &names.issuer, 1),
            ))
            .named(match holder {
                Holder::Server => vec![SubjectAltName::Dns("server.example".to_owned())],
                _ => Vec::new(),
            })
            .fill(&settings.sample_values(&names.issuer))?;
        let subject_key = key(profile.keys().example())?;
        let certificate = issuing.certify(
            &profile,
            &subject,
            subject_key.public_key(),
            profile.validity(now),
            &Sample(b"PREVIEW PREVIEW "),
        )?;
        Ok(Self {
            holder,
            certificate,
            issuing: issuing.certificate().to_vec(),
            root: root.certificate().to_vec(),
        })
    }

    /// A preview for the sake of its judgement.
    pub(crate) fn sample(settings: &ServiceSettings, holder: Holder) -> Result<Self, PreviewError> {
        let name = "SAMPLE".parse::<Issuer>().map_err(|_| NameError::Bounds)?;
        let names = PreviewNames {
            root: SubjectName::new("ROOT")?,
            issuing: SubjectName::new(name.as_str())?,
            issuer: name.clone(),
            root_name: name,
        };
        let now = Timestamp::from_second(SAMPLE_TIME).unwrap_or_default();
        Self::new(settings, holder, &names, KeyKind::EcP256, now)
    }
}

impl ServiceSettings {
    /// What placeholders that are the same in every certificate of the service become.
    pub(crate) fn values(&self) -> Values {
        Values::default()
            .with(Placeholder::Service, &self.name.en)
            .with(Placeholder::Organisation, &self.organisation.en)
    }

    /// The values of a sample seat in this place.
    pub(crate) fn client_values(&self, placement: Placement) -> Values {
        let sample = "CMSM950-006-401";
        let user_id: Option<UserId> = self.user_id_example.parse().ok();
        self.values()
            .with(Placeholder::UserId, user_id.as_ref().map_or(sample, UserId::as_str))
            .with(Placeholder::Company, placement.company)
            .with(Placeholder::CompanyCode, placement.company_code.as_str())
            .with(Placeholder::Branch, placement.branch)
            .with(Placeholder::BranchCode, placement.branch_code.as_str())
    }

    fn sample_values(&self, issuer: &Issuer) -> Values {
        let user_id: Option<UserId> = self.user_id_example.parse().ok();
        let user_id = user_id.as_ref().map_or("CMSM950-006-401", UserId::as_str);
        self.values()
            .with(Placeholder::UserId, user_id)
            .with(Placeholder::Company, "Sample Company")
            .with(Placeholder::CompanyCode, "SAMPLE-001")
            .with(Placeholder::Branch, "Sample Branch")
            .with(Placeholder::BranchCode, "001")
            .with(Placeholder::Email, "user@sample.example")
            .with(Placeholder::Operator, "sample")
            .with(Placeholder::Purpose, "site")
            .with(Placeholder::Issuer, issuer.as_str())
            .with(Placeholder::Sender, "sender@sample.example")
    }
}
