use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use tegata_domain::ServiceKey;
use tegata_registrar::Service;
use tegata_text::Lang;
use tegata_wire::brand::one_line;

use super::Api;
use super::problem::{Caller, Cause};

/// The service that the address names, asked for by a caller within its rate.
pub(super) struct Scope {
    pub(super) service: Arc<Service>,
    pub(super) caller: Caller,
}

impl FromRequestParts<Api> for Scope {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Response> {
        let Ok(mut caller) = Caller::from_request_parts(parts, api).await;
        if let Some(address) = caller.address {
            api.limits.address(address).map_err(|wait| caller.refuse(Cause::TooMany(wait)))?;
        }
        let path = Path::<(String, String)>::from_request_parts(parts, api).await;
        let key: Option<ServiceKey> = path.ok().and_then(|Path((tenant, issuer))| {
            // Addresses have one spelling; the forgiving reading is for what people type.
            let key = ServiceKey { tenant: tenant.parse().ok()?, issuer: issuer.parse().ok()? };
            (key.tenant.as_str() == tenant && key.issuer.as_str() == issuer).then_some(key)
        });
        match key.and_then(|key| api.registrar.keyring().service(&key).cloned()) {
            Some(service) => {
                let help = &service.settings.help;
                let help = one_line(match caller.lang {
                    Lang::Ja => &help.ja,
                    Lang::En => &help.en,
                });
                caller.help = Some(help).filter(|help| !help.is_empty());
                Ok(Self { service, caller })
            }
            None => Err(caller.refuse(Cause::NotFound)),
        }
    }
}
