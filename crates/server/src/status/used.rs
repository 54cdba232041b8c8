use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tegata_domain::ServiceKey;
use tegata_registrar::{GatewayRefused, SignedReport};
use tegata_store::{CertificateUse, GatewayReport};
use tegata_wire::report::{MAX_REPORT, Report, SealedReport, signed_message};

use super::Status;

/// Time for the whole of a report.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes a gateway's report of the certificates that it admitted. 204 says that it is on the disk.
pub(super) async fn take(
    State(status): State<Status>,
    Path((tenant, issuer)): Path<(String, String)>,
    body: Body,
) -> StatusCode {
    let key: Option<ServiceKey> = format!("{tenant}/{issuer}").parse().ok();
    let Some(service) = key.and_then(|key| status.registrar.keyring().service(&key).cloned())
    else {
        return StatusCode::NOT_FOUND;
    };
    let Ok(Ok(octets)) = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_REPORT)).await else {
        return StatusCode::BAD_REQUEST;
    };
    let Ok(sealed) = SealedReport::split(&octets) else { return StatusCode::BAD_REQUEST };
    let Ok(report) = Report::parse(sealed.body) else { return StatusCode::BAD_REQUEST };
    // What a gateway signed for one service says nothing to another.
    if report.service != service.key.to_string() {
        return StatusCode::FORBIDDEN;
    }
    let signed = SignedReport {
        gateway: GatewayReport {
            gateway: report.gateway,
            sequence: report.sequence,
            sent_at: report.sent_at,
            position: report.position,
        },
        uses: report
            .uses
            .into_iter()
            .map(|seen| CertificateUse { serial: seen.serial, first: seen.first, last: seen.last })
            .collect(),
        message: signed_message(sealed.body),
        signature: sealed.signature.to_vec(),
    };
    match status.registrar.take_report(&service, signed).await {
        Ok(taken) => {
            tracing::debug!(service = %service.key, ?taken, "a gateway reported");
            StatusCode::NO_CONTENT
        }
        Err(GatewayRefused::Stranger) => {
            tracing::info!(service = %service.key, gateway = %report.gateway, "not a gateway's report");
            StatusCode::FORBIDDEN
        }
        Err(GatewayRefused::Store(error)) => {
            tracing::error!(%error, "a report cannot be put on record");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
