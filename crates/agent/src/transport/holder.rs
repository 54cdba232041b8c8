//! TLS with a certificate of a seat: the handshake that the gateway asks for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureAlgorithm, SignatureScheme};
use rustls::{StreamOwned, SupportedProtocolVersion};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::cert::Cert;
use crate::key::{Algorithm, SeatKey};

/// A certificate and its key, ready for a handshake.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: Cert,
    /// Issuing CAs, from the certificate's issuer upwards.
    pub intermediates: Vec<Cert>,
    /// The certificate's key, wherever it lives.
    pub key: Arc<dyn SeatKey>,
}

impl Identity {
    /// How connections to servers under `roots` are made with it; `asked` becomes true when a
    /// server asked for it.
    pub(super) fn config(
        &self,
        roots: RootCertStore,
        asked: Arc<AtomicBool>,
    ) -> Result<ClientConfig, rustls::Error> {
        let chain = [&self.certificate].into_iter().chain(&self.intermediates);
        let chain = chain.map(|cert| CertificateDer::from(cert.der().to_vec())).collect();
        let key = HolderKey(self.key.clone());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions(key.0.algorithm()))?
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Always {
                certified: Arc::new(CertifiedKey::new(chain, Arc::new(key))),
                asked,
            })))
    }
}

/// TLS 1.3 has no RSASSA-PKCS1-v1_5 (RFC 8446 §4.2.3): keys that sign in no other way speak 1.2.
fn versions(algorithm: Algorithm) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match algorithm {
        Algorithm::EcdsaP256 => &BOTH,
        Algorithm::RsaPkcs1 => &BOTH[1..],
    }
}

/// Presents the one certificate, whatever names of CAs the server hints at.
#[derive(Debug)]
struct Always {
    certified: Arc<CertifiedKey>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certified.key.choose_scheme(schemes).map(|_| self.certified.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct HolderKey(Arc<dyn SeatKey>);

impl HolderKey {
    fn own_scheme(&self) -> SignatureScheme {
        match self.0.algorithm() {
            Algorithm::EcdsaP256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Algorithm::RsaPkcs1 => SignatureScheme::RSA_PKCS1_SHA256,
        }
    }
}

impl fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HolderKey").field(&self.0.algorithm()).finish()
    }
}

impl SigningKey for HolderKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.own_scheme()).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::EcdsaP256 => SignatureAlgorithm::ECDSA,
            Algorithm::RsaPkcs1 => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for HolderKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = self.0.sign(message);
        signature.ok_or_else(|| rustls::Error::General("the key does not sign".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.own_scheme()
    }
}

/// The TLS link of a chain of connectors.
#[derive(Debug)]
pub(super) struct HolderTls(pub(super) Arc<ClientConfig>);

impl<In: Transport> Connector<In> for HolderTls {
    type Out = Either<In, HolderTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ureq::Error::Tls("the host is neither a name nor an address"))?;
        let mut conn = ClientConnection::new(self.0.clone(), name)?;
        let mut sock = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(Either::B(HolderTransport { buffers, stream: StreamOwned { conn, sock } })))
    }
}

/// Octets through TLS.
pub(super) struct HolderTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for HolderTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        std::io::Write::write_all(&mut self.stream, &self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = std::io::Read::read(&mut self.stream, input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for HolderTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HolderTransport").finish_non_exhaustive()
    }
}
