use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;

use super::language::Language;
use super::origin::Origin;
use super::pc::Device;
use super::refused::{self, Cause};
use super::service::{Site, Sites};
use crate::link::Links;

/// A request for a page of a service, with all that pages may know about it.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) site: Arc<Site>,
    pub(super) language: Language,
    pub(super) origin: Origin,
    pub(super) device: Device,
    pub(super) links: Arc<Links>,
}

impl Visit {
    /// The address of the first page as the application needs it.
    pub(super) fn site_url(&self) -> String {
        format!("{}{}", self.origin, self.site.home())
    }
}

#[derive(Deserialize)]
struct Place {
    tenant: String,
    issuer: String,
}

impl FromRequestParts<Arc<Sites>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, sites: &Arc<Sites>) -> Result<Self, Response> {
        let Ok(language) = Language::from_request_parts(parts, sites).await;
        let refuse = |cause| refused::page(cause, language.lang, sites.only().as_deref());
        let site = Path::<Place>::from_request_parts(parts, sites)
            .await
            .ok()
            .and_then(|Path(place)| sites.find(&place.tenant, &place.issuer))
            .ok_or_else(|| refuse(Cause::NotFound))?;
        let origin = Origin::of(parts).ok_or_else(|| refuse(Cause::Host))?;
        Ok(Self {
            site,
            language,
            origin,
            device: Device::of(&parts.headers),
            links: sites.links.clone(),
        })
    }
}
