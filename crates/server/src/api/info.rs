use axum::Json;
use axum::extract::State;
use tegata_wire::api::{Bilingual, OLDEST_APP, ServiceInfo};

use super::Api;
use super::scope::Scope;

/// What the application needs to know before it asks for anything.
#[utoipa::path(
    get,
    path = "/service",
    operation_id = "service",
    responses(
        (status = 200, description = "the service", body = ServiceInfo),
        (status = 404, description = "no such service", body = tegata_wire::Problem, content_type = "application/problem+json"),
        (status = 429, description = "too many requests; see Retry-After", body = tegata_wire::Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn show(State(api): State<Api>, scope: Scope) -> Json<ServiceInfo> {
    let Scope { service, .. } = scope;
    let settings = &service.settings;
    let both =
        |words: &tegata_registrar::Words| Bilingual { ja: words.ja.clone(), en: words.en.clone() };
    Json(ServiceInfo {
        tenant: service.key.tenant.to_string(),
        issuer: service.key.issuer.to_string(),
        organisation: both(&settings.organisation),
        name: both(&settings.name),
        service_url: settings.service_url.clone(),
        time_zone: settings.time_zone.clone(),
        user_id_example: settings.user_id_example.clone(),
        minimum_app_version: api
            .updates
            .oldest_allowed(&service.key)
            .await
            .map_or_else(|| OLDEST_APP.to_owned(), |version| version.to_string()),
    })
}
