use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Failure;

/// What is known of the issuing site.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    /// Path of the application interface.
    pub(super) interface: String,
    pub(super) tls: TlsConnector,
}

/// A certificate and its key, for a client that shows one.
pub(super) type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Client {
    /// A client of the server that said `ready`.
    pub(super) fn new(ready: &serde_json::Value, root: &[u8]) -> Result<Self, Failure> {
        let site = ready["site"].as_str().and_then(|url| url.strip_prefix("https://"));
        let (authority, path) =
            site.and_then(|rest| rest.split_once('/')).ok_or("the server named no site")?;
        let service = path.trim_start_matches("issueweb/").trim_end_matches('/');
        Ok(Self {
            address: authority.parse()?,
            interface: format!("/api/v1/{service}"),
            tls: connector(root, None)?,
        })
    }

    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        Connection::open(self.address, &self.tls).await
    }
}

/// TLS without resumption: every connection is a full handshake.
pub(super) fn connector(root: &[u8], shown: Option<Shown>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec()))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match shown {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// One connection that is kept alive.
pub(super) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(super) async fn open(address: SocketAddr, tls: &TlsConnector) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
        Self::over(stream).await
    }

    /// Over anything that carries octets, for plain HTTP as well.
    pub(super) async fn over<S>(stream: S) -> Result<Self, Failure>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How it ended shows in the requests.
            let _ = connection.await;
        });
        Ok(Self(sender))
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes), Failure> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn post(
        &mut self,
        path: &str,
        json: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        self.send(Method::POST, path, json).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let mut request =
            Request::builder().method(&method).uri(path).header(header::HOST, "localhost");
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.0.ready().await?;
        let answer = self.0.send_request(request.body(Full::new(body))?).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}
