use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use der::pem::LineEnding;
use tegata_domain::{Serial, ServiceKey};
use tegata_registrar::{GatewayRefused, Service, SignedReport};
use tegata_store::{CertificateUse, GatewayReport};
use tegata_wire::report::{CHAIN_TYPE, MAX_REPORT, Report, SealedReport, signed_message};

use super::Status;

/// Time for the whole of a report.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes a gateway's report of the certificates that it admitted. 204 says that it is on the disk,
/// 200 hands over the gateway's own certificate, renewed, as well; 409 that the gateway's clock is fast.
pub(super) async fn take(
    State(status): State<Status>,
    Path((tenant, issuer)): Path<(String, String)>,
    body: Body,
) -> Response {
    match taken(&status, (tenant, issuer), body).await {
        Ok((service, gateway)) => renewed(&status, &service, gateway).await,
        Err(status) => status.into_response(),
    }
}

async fn renewed(status: &Status, service: &Service, gateway: Serial) -> Response {
    match status.registrar.renew_gateway(service, gateway).await {
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(chain)) => match pem(&chain) {
            Ok(pem) => ([(CONTENT_TYPE, CHAIN_TYPE)], pem).into_response(),
            Err(_) => StatusCode::NO_CONTENT.into_response(),
        },
        Err(error) => {
            tracing::error!(service = %service.key, %gateway, %error,
                "a gateway's certificate is not renewed");
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

fn pem(chain: &[Vec<u8>]) -> Result<String, der::pem::Error> {
    let one = |der: &Vec<u8>| der::pem::encode_string("CERTIFICATE", LineEnding::LF, der);
    chain.iter().map(one).collect()
}

/// Whose report was taken, or what to say instead.
async fn taken(
    status: &Status,
    (tenant, issuer): (String, String),
    body: Body,
) -> Result<(Arc<Service>, Serial), StatusCode> {
    let key: Option<ServiceKey> = format!("{tenant}/{issuer}").parse().ok();
    let Some(service) = key.and_then(|key| status.registrar.keyring().service(&key).cloned())
    else {
        return Err(StatusCode::NOT_FOUND);
    };
    let Ok(Ok(octets)) = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_REPORT)).await else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let bad = |_| StatusCode::BAD_REQUEST;
    let sealed = SealedReport::split(&octets).map_err(bad)?;
    let report = Report::parse(sealed.body).map_err(bad)?;
    // What a gateway signed for one service says nothing to another.
    if report.service != service.key.to_string() {
        return Err(StatusCode::FORBIDDEN);
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
            Ok((service, report.gateway))
        }
        Err(GatewayRefused::Stranger) => {
            tracing::info!(service = %service.key, gateway = %report.gateway, "not a gateway's report");
            Err(StatusCode::FORBIDDEN)
        }
        Err(error @ GatewayRefused::Clock { .. }) => {
            tracing::warn!(service = %service.key, gateway = %report.gateway, %error,
                "a report is not taken");
            Err(StatusCode::CONFLICT)
        }
        Err(GatewayRefused::Store(error)) => {
            tracing::error!(%error, "a report cannot be put on record");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use jiff::{SignedDuration, Timestamp};
    use tegata_ca::{KeyKind, Signer, SoftwareKey, SubjectAltName};
    use tegata_store::View;
    use tokio::sync::watch;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::Installed;

    #[tokio::test]
    async fn a_report_is_taken_at_its_time() {
        let world = Installed::new().await;
        let (registrar, service) = (&world.registrar, world.service());
        let key = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        let names = vec![SubjectAltName::Dns("gateway.example".to_owned())];
        let own = registrar.certify_server(&service, "gateway", names, key.public_key());
        let gateway = own.await.unwrap().serial;
        let ((_news, watching), (distrust, _)) = (watch::channel(0), watch::channel(None));
        let router = super::super::router(Status::new(registrar.clone(), watching, distrust));
        let post = async |at: Timestamp, key: &SoftwareKey| {
            let report = Report {
                service: service.key.to_string(),
                gateway,
                sequence: u64::try_from(at.as_microsecond()).unwrap(),
                sent_at: at,
                position: 0,
                uses: Vec::new(),
            };
            let body = report.to_body();
            let sealed = Report::sealed(&body, &key.sign(&signed_message(&body)).unwrap());
            let to = Request::post(format!("/feed/{}/used", service.key));
            router.clone().oneshot(to.body(Body::from(sealed)).unwrap()).await.unwrap().status()
        };
        let reported_at = || {
            let known =
                registrar.store().read(|view: View<'_>| view.gateways(service.id, registrar.now()));
            known.unwrap()[0].reported_at
        };
        let (now, minute) = (registrar.now(), SignedDuration::from_mins(1));
        for fast in [minute * 11, minute * 60 * 24 * 365] {
            assert_eq!(post(now + fast, &key).await, StatusCode::CONFLICT);
        }
        let stranger = SoftwareKey::generate(KeyKind::EcP256).unwrap();
        assert_eq!(post(now, &stranger).await, StatusCode::FORBIDDEN);
        assert_eq!(reported_at(), None);
        assert_eq!(post(now, &key).await, StatusCode::NO_CONTENT);
        world.turn_to(now + minute);
        assert_eq!(post(now, &key).await, StatusCode::NO_CONTENT, "an honest gateway tries again");
        assert_eq!(reported_at(), Some(now), "which says nothing new of it");
    }
}
