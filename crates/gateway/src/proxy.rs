use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{self, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use tokio::time::error::Elapsed;

use crate::answer::Cause;
use crate::body::{AnswerBody, Upload};
use crate::connections::Running;
use crate::leaf::Facts;
use crate::service::Service;
use crate::shared::Shared;
use crate::{headers, upgrade};

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const TEGATA_USER: HeaderName = HeaderName::from_static("x-tegata-user");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Forwards an admitted request and streams the answer back.
///
/// The path and the `Host` go as they came; of the headers everything that only a gateway may
/// say is replaced by what this gateway knows.
///
/// # Errors
/// Why there is no answer to stream.
pub(crate) async fn forward(
    shared: &Shared,
    service: &Service,
    facts: &Facts,
    mut request: Request<Incoming>,
    running: Running,
) -> Result<Response<AnswerBody>, Cause> {
    let websocket =
        request.version() == Version::HTTP_11 && headers::wants_websocket(request.headers());
    let client = websocket.then(|| hyper::upgrade::on(&mut request));
    rewrite(&mut request, service, facts, &running)?;
    if websocket {
        let fields = request.headers_mut();
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    let (parts, body) = request.into_parts();
    let (body, pieces) = Upload::new(body);
    let answer = shared.upstream.request(Request::from_parts(parts, body));
    let limit = shared.limits.upstream_answer;
    let mut answer = match within(limit, pieces.as_deref(), answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::warn!(
                service = %service.config.key,
                error = &error as &dyn std::error::Error,
                "the protected service cannot be reached"
            );
            return Err(Cause::UpstreamUnreachable);
        }
        Err(Elapsed { .. }) => return Err(Cause::UpstreamTimeout),
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = client else { return Err(Cause::UpstreamUnreachable) };
        return Ok(upgrade::tunnel(shared, client, answer, running));
    }
    headers::strip_answer(answer.headers_mut());
    *answer.version_mut() = Version::HTTP_11;
    Ok(answer.map(|body| AnswerBody::Upstream(body, running)))
}

/// Turns a client's request into ours.
fn rewrite(
    request: &mut Request<Incoming>,
    service: &Service,
    facts: &Facts,
    running: &Running,
) -> Result<(), Cause> {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Cause::MethodNotAllowed);
    }
    let host = host(request)?;
    let path = request.uri().path_and_query().cloned();
    let uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(service.upstream.clone())
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
        .build();
    *request.uri_mut() = uri.map_err(|_| Cause::BadRequest)?;
    *request.version_mut() = Version::HTTP_11;
    let fields = request.headers_mut();
    headers::strip_request(fields);
    headers::join_cookies(fields);
    fields.insert(CLIENT_CERT, facts.client_cert.clone());
    fields.insert(TEGATA_USER, facts.user_header.clone());
    fields.insert(FORWARDED_FOR, running.connection().peer_header.clone());
    fields.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
    match host {
        Some(host) => {
            fields.insert(FORWARDED_HOST, host.clone());
            fields.insert(header::HOST, host);
        }
        None => {
            let upstream = HeaderValue::from_str(service.upstream.as_str());
            fields.insert(header::HOST, upstream.map_err(|_| Cause::BadRequest)?);
        }
    }
    Ok(())
}

/// The host that was asked: the authority of the request target where there is one (RFC 9112
/// §3.2.2, RFC 9113 §8.3.1), else the one `Host` field. HTTP/1.0 may name none.
fn host(request: &Request<Incoming>) -> Result<Option<HeaderValue>, Cause> {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(Cause::BadRequest);
    }
    match (request.uri().authority(), field) {
        (Some(authority), _) => {
            HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| Cause::BadRequest)
        }
        (None, Some(field)) if Authority::try_from(field.as_bytes()).is_ok() => {
            Ok(Some(field.clone()))
        }
        (None, None) if request.version() == Version::HTTP_10 => Ok(None),
        _ => Err(Cause::BadRequest),
    }
}

/// Waits for `answer` as long as no `limit` passes without a piece of the upload moving.
async fn within<T>(
    limit: Duration,
    pieces: Option<&AtomicU64>,
    answer: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    tokio::pin!(answer);
    let moved = || pieces.map_or(0, |pieces| pieces.load(Ordering::Relaxed));
    let mut before = moved();
    loop {
        match tokio::time::timeout(limit, answer.as_mut()).await {
            Err(_) if moved() != before => before = moved(),
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_moves_is_waited_for_and_a_silent_one_is_not() {
        let pieces = AtomicU64::new(0);
        let limit = Duration::from_secs(60);
        let upload = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(40)).await;
                pieces.fetch_add(1, Ordering::Relaxed);
            }
        };
        assert!(within(limit, Some(&pieces), upload).await.is_ok());
        assert!(within(limit, Some(&pieces), std::future::pending::<()>()).await.is_err());
    }
}
