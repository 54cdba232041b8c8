//! A protected service that tells what reached it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A request as it reached the protected service.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Requests to `…/hang` or `…/stream` that are still open.
    hanging: watch::Sender<usize>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self {
            addr: listener.local_addr().unwrap(),
            seen: Arc::default(),
            hanging: watch::Sender::new(0),
        };
        tokio::spawn(upstream.clone().listen(listener));
        upstream
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub(crate) async fn until_hanging(&self, count: usize) {
        self.hanging.subscribe().wait_for(|now| *now == count).await.unwrap();
    }

    async fn listen(self, listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let upstream = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| upstream.clone().answer(request));
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades()
                    .await;
            });
        }
    }

    async fn answer(
        self,
        mut request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
        let upgrade = request.headers().contains_key(header::UPGRADE);
        let tunnel = upgrade.then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            return Ok(Response::new(Full::default().boxed()));
        };
        let target = parts.uri.to_string();
        self.seen.lock().unwrap().push(Seen {
            method: parts.method,
            target: target.clone(),
            headers: parts.headers,
            body: body.to_bytes(),
        });
        if let Some(tunnel) = tunnel {
            return Ok(echo(tunnel));
        }
        match target.rsplit('/').next() {
            Some("hang") => {
                let _open = Open::new(&self.hanging);
                std::future::pending().await
            }
            Some("stream") => {
                let body = Endless { first: Some("first".into()), _open: Open::new(&self.hanging) };
                Ok(Response::new(body.boxed()))
            }
            _ => {
                let mut answer = Response::new(Full::from("welcome").boxed());
                answer.headers_mut().insert("connection", "x-inner".parse().unwrap());
                answer.headers_mut().insert("x-inner", "1".parse().unwrap());
                answer.headers_mut().insert("x-outer", "2".parse().unwrap());
                Ok(answer)
            }
        }
    }
}

fn echo(tunnel: hyper::upgrade::OnUpgrade) -> Response<BoxBody<Bytes, Infallible>> {
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(tunnel.await.unwrap()));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let mut answer = Response::new(Full::default().boxed());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(header::CONNECTION, "upgrade".parse().unwrap());
    answer.headers_mut().insert(header::UPGRADE, "websocket".parse().unwrap());
    answer
}

/// Counts as open until dropped.
struct Open(watch::Sender<usize>);

impl Open {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A body that says one thing and then nothing for ever.
struct Endless {
    first: Option<Bytes>,
    _open: Open,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Poll::Pending,
        }
    }
}
