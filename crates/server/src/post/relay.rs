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
use tegata_registrar::{Delivery, ServerTrouble};
use tokio_rustls::rustls;

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
        if let Some(trouble) = trouble_of(&error) {
            return Delivery::Away(trouble, said);
        }
        if !error.is_permanent() || is_policy(&said) {
            return Delivery::Later(said);
        }
        // A server that refuses us altogether has not refused this mail.
        match self.transport.test_connection().await {
            Err(refused) if refused.is_permanent() => {
                let trouble = trouble_of(&refused).unwrap_or(ServerTrouble::Closed);
                Delivery::Away(trouble, sentence(&refused))
            }
            _ => Delivery::Refused(said),
        }
    }
}

/// What is wrong with the server itself, whatever the mail. A reply that is about none of it is
/// about the mail.
fn trouble_of(error: &Error) -> Option<ServerTrouble> {
    match error.status() {
        Some(code) => trouble_of_reply(code),
        None if error.is_tls() => Some(ServerTrouble::Tls),
        // A certificate that is not trusted ends the handshake like a broken connection.
        None if is_of_tls(error) => Some(ServerTrouble::Tls),
        None if error.is_client() => trouble_of_ours(&sentence(error)),
        None => Some(ServerTrouble::Unreachable),
    }
}

/// Replies that are about the connection or the password: 421 (RFC 5321 §3.8), 521 (RFC 7504), 454,
/// 530, 534, 535, 538 (RFC 4954 §6).
fn trouble_of_reply(code: Code) -> Option<ServerTrouble> {
    match u16::from(code) {
        421 | 521 => Some(ServerTrouble::Closed),
        454 | 530 | 534 | 535 | 538 => Some(ServerTrouble::Password),
        _ => None,
    }
}

/// What our side of the conversation stopped at, by lettre's words for it.
fn trouble_of_ours(said: &str) -> Option<ServerTrouble> {
    if said.contains("STARTTLS") {
        Some(ServerTrouble::Tls)
    } else {
        said.contains("authentication").then_some(ServerTrouble::Password)
    }
}

/// Whether TLS is among the causes.
fn is_of_tls(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is::<rustls::Error>() || wrapped.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = inner.source();
    }
    false
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

    /// A mail server that says these lines, one for each of ours, over and over.
    async fn saying(lines: &'static [&'static str]) -> u16 {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (read, mut write) = stream.into_split();
                let mut heard = BufReader::new(read).lines();
                for line in lines {
                    if write.write_all(format!("{line}\r\n").as_bytes()).await.is_err() {
                        break;
                    }
                    if line.starts_with("354") {
                        while heard.next_line().await.is_ok_and(|said| said != Some(".".into())) {}
                    } else if !matches!(heard.next_line().await, Ok(Some(_))) {
                        break;
                    }
                }
            }
        });
        port
    }

    async fn delivered(url: &str) -> Delivery {
        let [from, to] = ["a@example.jp", "b@example.jp"].map(|one| one.parse().unwrap());
        let envelope = Envelope::new(Some(from), vec![to]).unwrap();
        Relay::new(url, None).unwrap().send(&envelope, b"Subject: x\r\n\r\nx\r\n").await
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_server_is_told_from_what_is_wrong_with_a_mail() {
        let trouble = |delivery| match delivery {
            Delivery::Away(trouble, _) => Some(trouble),
            _ => None,
        };
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = closed.local_addr().unwrap().port();
        drop(closed);
        let away = delivered(&format!("smtp://127.0.0.1:{nobody}")).await;
        assert_eq!(trouble(away), Some(ServerTrouble::Unreachable));

        let port = saying(&["220 x", "250 x"]).await;
        let plain = delivered(&format!("smtp://u:p@127.0.0.1:{port}?tls=required")).await;
        assert_eq!(trouble(plain), Some(ServerTrouble::Tls), "no STARTTLS");
        let garbled = delivered(&format!("smtps://u:p@127.0.0.1:{port}")).await;
        assert_eq!(trouble(garbled), Some(ServerTrouble::Tls), "no TLS at all");

        for (lines, wanted) in [
            (&["421 4.3.2 x"][..], Some(ServerTrouble::Closed)),
            (&["521 5.3.2 x"], Some(ServerTrouble::Closed)),
            (&["554 5.7.1 x"], None),
            (&["220 x", "250 x", "530 5.7.0 x"], Some(ServerTrouble::Password)),
            (&["220 x", "250 x", "450 4.7.1 greylisted"], None),
            (&["220 x", "250 x", "550 5.7.1 x"], None),
            (&["220 x", "250 x", "250 x", "550 5.1.1 nobody"], None),
        ] {
            let delivery = delivered(&format!("smtp://127.0.0.1:{}", saying(lines).await)).await;
            assert_eq!(trouble(delivery), wanted, "{lines:?}");
        }
    }

    #[test]
    fn a_reply_about_the_password_is_known_by_its_code() {
        for (said, wanted) in [
            ("535", Some(ServerTrouble::Password)),
            ("534", Some(ServerTrouble::Password)),
            ("454", Some(ServerTrouble::Password)),
            ("421", Some(ServerTrouble::Closed)),
            ("550", None),
            ("451", None),
        ] {
            let response: lettre::transport::smtp::response::Response =
                format!("{said} x\r\n").parse().unwrap();
            assert_eq!(trouble_of_reply(response.code()), wanted, "{said}");
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
