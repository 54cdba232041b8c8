use tegata_ca::{CaKey, NameError, SubjectName};
use tegata_domain::{Issuer, ServiceKey};
use tegata_registrar::ServiceSettings;
use tegata_token::TokenUri;

/// What a new service and its PKI are to be.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Tenant and name of the issuing CA.
    pub key: ServiceKey,
    /// Name of the root.
    pub root_name: Issuer,
    /// Country of both CAs' names.
    pub country: String,
    /// Kind of the root's key.
    pub root_key: CaKey,
    /// The token that makes and keeps the root's key; without, a file.
    pub root_token: Option<TokenUri>,
    /// Kind of the issuing CA's key.
    pub issuing_key: CaKey,
    /// The token that makes and keeps the issuing CA's key; without, a file.
    pub issuing_token: Option<TokenUri>,
    /// What is particular to the service.
    pub settings: ServiceSettings,
}

impl Foundation {
    /// The whole name of one of its CAs.
    pub(crate) fn subject(&self, name: &Issuer) -> Result<SubjectName, NameError> {
        SubjectName::new(name.as_str())?
            .organisation(&self.settings.organisation.en)?
            .country(&self.country)
    }

    /// The CA keys that are made in tokens.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&TokenUri, &Issuer)> {
        [(&self.root_token, &self.root_name), (&self.issuing_token, &self.key.issuer)]
            .into_iter()
            .filter_map(|(token, name)| Some((token.as_ref()?, name)))
    }
}
