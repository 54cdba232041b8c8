use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tegata_wire::feed::{CONTENT_TYPE, MAX_PAGE};

const CONNECT: Duration = Duration::from_secs(5);
/// What an answer may take beyond the time the server was asked to wait.
const TRANSFER: Duration = Duration::from_secs(20);

/// Asks a feed for pages.
#[derive(Debug)]
pub(crate) struct Source {
    url: Uri,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// Why no page came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the feed address with its question is not an address: {0}")]
    Address(#[from] http::Error),
    #[error("the feed cannot be reached: {0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the feed did not answer in time")]
    Timeout,
    #[error("the feed answered {0}")]
    Status(StatusCode),
    #[error("the answer broke off or is longer than any page: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

impl Source {
    pub(crate) fn new(url: Uri) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Self { url, client }
    }

    /// The octets of the page behind `after`; the server may wait up to `wait` for news.
    /// `receipt` is that of the last page, hexadecimal.
    pub(crate) async fn page(
        &self,
        after: u64,
        wait: Duration,
        receipt: &str,
    ) -> Result<Bytes, FetchError> {
        let sign = if self.url.query().is_some() { '&' } else { '?' };
        let request = Request::get(format!(
            "{}{sign}after={after}&wait={}&receipt={receipt}",
            self.url,
            wait.as_secs()
        ))
        .header(header::ACCEPT, CONTENT_TYPE)
        .body(Empty::new())?;
        tokio::time::timeout(wait + TRANSFER, self.answer(request))
            .await
            .map_err(|_| FetchError::Timeout)?
    }

    async fn answer(&self, request: Request<Empty<Bytes>>) -> Result<Bytes, FetchError> {
        let answer = self.client.request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), MAX_PAGE).collect().await;
        Ok(body.map_err(FetchError::Body)?.to_bytes())
    }
}
