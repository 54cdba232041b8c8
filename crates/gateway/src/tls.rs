use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ProducesTickets, ResolvesServerCert};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use tegata_domain::Clock;

use crate::service::Service;
use crate::shown::Shown;

/// The TLS side of the listener. A new configuration stands whenever the issuing CAs change, so
/// that browsers are offered the right certificates; ticket keys stay the same, and what is shown
/// ([`Shown`]) changes by itself.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
    tickets: Arc<dyn ProducesTickets>,
    time: Arc<dyn TimeProvider>,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// A listener that hints at no issuing CA yet.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn new(shown: Arc<Shown>, clock: Arc<dyn Clock>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tickets = aws_lc_rs::Ticketer::new()?;
        let time: Arc<dyn TimeProvider> = Arc::new(Time(clock));
        let first = config(&provider, shown.clone(), &tickets, &time, Vec::new())?;
        Ok(Self { provider, shown, tickets, time, current: RwLock::new(Arc::new(first)) })
    }

    /// What the next connection uses.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hints at the issuing CAs of `services` from now on.
    pub(crate) fn hint(&self, services: &[Arc<Service>]) {
        let mut hints: Vec<DistinguishedName> = Vec::new();
        for service in services {
            for subject in service.knowledge.authorities().subjects() {
                if !hints.iter().any(|known| known.as_ref() == subject.as_ref()) {
                    hints.push(subject);
                }
            }
        }
        let shown = self.shown.clone();
        match config(&self.provider, shown, &self.tickets, &self.time, hints) {
            Ok(next) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
            }
            Err(error) => tracing::error!(%error, "the hints of TLS stay as they were"),
        }
    }

    /// The signature algorithms for certificates and handshakes.
    pub(crate) fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn config(
    provider: &Arc<CryptoProvider>,
    identity: Arc<dyn ResolvesServerCert>,
    tickets: &Arc<dyn ProducesTickets>,
    time: &Arc<dyn TimeProvider>,
    hints: Vec<DistinguishedName>,
) -> Result<ServerConfig, rustls::Error> {
    let verifier = AnyHolder { hints, algorithms: provider.signature_verification_algorithms };
    let mut config = ServerConfig::builder_with_details(provider.clone(), time.clone())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = tickets.clone();
    // Browsers that speak HTTP/2 open one connection; a second ticket would only cost.
    config.send_tls13_tickets = 1;
    // Early data can be replayed and would be answered before the client proved its key.
    config.max_early_data_size = 0;
    // RFC 7627 §5.4: without it a resumed TLS 1.2 session may belong to someone else's
    // handshake, which matters where the certificate comes out of the session.
    config.require_ems = true;
    Ok(config)
}

/// Asks for a certificate, needs none, and takes any whose private key the client proves to
/// have. Whether it lets anyone in is the verdict's to say, in words on a page.
#[derive(Debug)]
struct AnyHolder {
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The gateway's clock, for the age of session tickets.
struct Time(Arc<dyn Clock>);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}
