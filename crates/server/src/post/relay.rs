//! The mail server that takes our mails: its address, and whom its TLS certificate must be from.

use std::path::Path;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::response::Code;
use lettre::transport::smtp::{AsyncSmtpTransport, Error, PoolConfig};
use lettre::{AsyncTransport, Tokio1Executor};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tegata_registrar::Delivery;

use super::PostError;
use crate::jobs::MAIL_LANES;

/// Time for one step of the conversation with the mail server.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);

/// A mail server, with connections that are kept.
pub(super) struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Relay {
    /// A mail server by its URL: `smtps://` for TLS, `smtp://…?tls=required` for STARTTLS,
    /// plain `smtp://` for a server on this machine. With `authorities`, certificates in PEM,
    /// its TLS certificate must be from one of them; without, from one that the system knows.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, PostError> {
        let (scheme, rest) = url.split_once("://").ok_or(PostError::Address)?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let (secret, host) = match authority.rsplit_once('@') {
            Some((_, host)) => (true, host),
            None => (false, authority),
        };
        let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, _)) => address,
            None => host.split(':').next().unwrap_or_default(),
        };
        let starttls = rest.split_once('?').map(|(_, query)| query);
        let parameters = tls_parameters(host, authorities)?;
        let (tls, is_safe) = match (scheme, starttls) {
            ("smtps", None) => (Tls::Wrapper(parameters), true),
            ("smtp", Some("tls=required")) => (Tls::Required(parameters), true),
            ("smtp", Some("tls=opportunistic")) => (Tls::Opportunistic(parameters), false),
            ("smtp", None) => (Tls::None, false),
            _ => return Err(PostError::Address),
        };
        if secret && !is_safe {
            return Err(PostError::Exposed);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let pool = PoolConfig::new().max_size(MAIL_LANES).idle_timeout(IDLE);
        Ok(Self {
            transport: builder
                .map_err(|_| PostError::Address)?
                .tls(tls)
                .timeout(Some(PATIENCE))
                .pool_config(pool)
                .build(),
        })
    }

    /// Hands over one mail.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Delivery {
        let error = match self.transport.send_raw(envelope, mail).await {
            Ok(_) => return Delivery::Accepted,
            Err(error) => error,
        };
        let said = sentence(&error);
        if !error.is_permanent() || error.status().is_some_and(is_about_us) || is_policy(&said) {
            return Delivery::Later(said);
        }
        // A server that refuses us altogether has not refused this mail.
        match self.transport.test_connection().await {
            Err(refused) if refused.is_permanent() => Delivery::Later(sentence(&refused)),
            _ => Delivery::Refused(said),
        }
    }
}

/// Replies that are about the connection or the password, whatever the mail: 521 (RFC 7504), 530,
/// 534, 535, 538 (RFC 4954 §6).
fn is_about_us(code: Code) -> bool {
    matches!(u16::from(code), 521 | 530 | 534 | 535 | 538)
}

/// Whether the reply's enhanced code is about security or policy (X.7.X, RFC 3463 §3.8): most
/// often settings of the mail server or of ours. Other mails would fare no better, so none is
/// given up for it at once.
fn is_policy(said: &str) -> bool {
    said.contains(": 5.7.")
}

/// What happened, with its causes.
fn sentence(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

fn tls_parameters(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, PostError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = authorities {
        let failed = |why: String| PostError::Authorities(path.to_owned(), why);
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        if CertificateDer::pem_slice_iter(&pem).flatten().next().is_none() {
            return Err(failed("no certificate in PEM".to_owned()));
        }
        let all = Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(all);
    }
    builder.build().map_err(|_| PostError::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The connections want a runtime.
    #[tokio::test]
    async fn a_password_does_not_travel_in_the_open() {
        for url in ["smtp://u:p@host:25", "smtp://u:p@127.0.0.1", "smtp://u:p@h?tls=opportunistic"]
        {
            assert!(matches!(Relay::new(url, None), Err(PostError::Exposed)), "{url}");
        }
        for url in ["host:25", "http://host", "smtp://h?tls=maybe", "smtps://h?tls=opportunistic"] {
            assert!(matches!(Relay::new(url, None), Err(PostError::Address)), "{url}");
        }
        for url in [
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
            "smtps://u:p@host:465",
            "smtp://u:p%40x@host:587?tls=required",
        ] {
            assert!(Relay::new(url, None).is_ok(), "{url}");
        }
    }

    #[test]
    fn authorities_must_be_some() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let open = || Relay::new("smtps://host", Some(&path));
        assert!(matches!(open(), Err(PostError::Authorities(..))), "no file");
        std::fs::write(&path, "no certificate").unwrap();
        assert!(matches!(open(), Err(PostError::Authorities(..))), "nothing in it");
    }
}
