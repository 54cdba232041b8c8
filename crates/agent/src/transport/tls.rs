//! TLS with the server, and who vouches for it.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::TransportError;
use super::holder::Holder;
use crate::cert::{Cert, issuer_name};

/// ring, because it cross-compiles to Windows with mingw alone.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&PROVIDER)
}

/// Client settings for servers that roots of this PC's system vouch for: proxies spoken to in TLS.
///
/// # Errors
/// Never with the algorithms that are compiled in.
pub(crate) fn system_roots() -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(system())
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn system() -> RootCertStore {
    let mut store = RootCertStore::empty();
    // A PC without a readable system store still reaches sites that the own root vouches for.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store
}

/// Who may vouch for a server.
pub(super) enum Anchors {
    /// Nobody has to: what comes back proves itself or is thrown away.
    Unasked,
    /// The believed root, and the roots of this PC's system.
    Believed(Box<Roots>),
}

/// Roots, by whom they belong to.
pub(super) struct Roots {
    own: RootCertStore,
    public: RootCertStore,
    private: RootCertStore,
    all: RootCertStore,
}

impl Roots {
    /// The believed root with those of the system. A root of the system counts as public when
    /// Mozilla's programme has it: those that inspect connections bring roots that it has not.
    pub(super) fn with(root: &Cert) -> Result<Self, TransportError> {
        let mut own = RootCertStore::empty();
        own.add(CertificateDer::from(root.der()).into_owned())
            .map_err(|error| TransportError::Unproven(error.to_string()))?;
        let system = system();
        let mut all = own.clone();
        all.roots.extend(system.roots.iter().cloned());
        let (public, private) = system.roots.into_iter().partition(|anchor| {
            webpki_roots::TLS_SERVER_ROOTS.iter().any(|public| {
                public.subject == anchor.subject
                    && public.subject_public_key_info == anchor.subject_public_key_info
            })
        });
        let store = |roots: Vec<_>| RootCertStore { roots };
        Ok(Self { own, public: store(public), private: store(private), all })
    }
}

/// What a connection's certificate told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The believed root, or a public one, vouches for the server.
    Known,
    /// A root vouches for it that only this PC's system knows.
    Inspected(String),
    /// For the right host, but this issuer is known to nobody here.
    Foreign(String),
    /// Another issuer and another host.
    Strange(String),
}

/// Judges the certificate of one connection, and remembers what it told.
pub(super) struct Judge {
    anchors: Arc<Anchors>,
    told: Mutex<Option<Told>>,
}

impl Judge {
    pub(super) fn new(anchors: Arc<Anchors>) -> Self {
        Self { anchors, told: Mutex::new(None) }
    }

    /// What the certificate told, once it was shown.
    pub(super) fn told(&self) -> Option<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tells(&self, told: Told) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Anchors::Believed(roots) = &*self.anchors else {
            return Ok(ServerCertVerified::assertion());
        };
        let cert = ParsedCertificate::try_from(end_entity)?;
        let algorithms = provider().signature_verification_algorithms;
        let verify = |store: &RootCertStore| {
            let all = algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&cert, store, intermediates, now, all)
        };
        let issuer = || issuer_name(intermediates.last().unwrap_or(end_entity));
        let is_named = verify_server_name(&cert, server_name);
        if verify(&roots.own).is_ok() || verify(&roots.public).is_ok() {
            self.tells(Told::Known);
        } else if verify(&roots.private).is_ok() {
            self.tells(Told::Inspected(issuer()));
        } else {
            let error = verify(&roots.all).err();
            let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
            if error.as_ref() == Some(&unknown) {
                let issuer = issuer_name(end_entity);
                self.tells(if is_named.is_ok() {
                    Told::Foreign(issuer)
                } else {
                    Told::Strange(issuer)
                });
            }
            return Err(error.unwrap_or(unknown));
        }
        is_named.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("told", &self.told()).finish_non_exhaustive()
    }
}

/// Client settings with this judge, and with a certificate for servers that ask for one.
///
/// # Errors
/// Never with the algorithms that are compiled in.
pub(super) fn config(
    judge: &Arc<Judge>,
    holder: Option<&Holder>,
) -> Result<Arc<ClientConfig>, Error> {
    let judge = Arc::clone(judge) as Arc<dyn ServerCertVerifier>;
    let builder = ClientConfig::builder_with_provider(provider());
    let versions = holder.map_or(rustls::DEFAULT_VERSIONS, Holder::versions);
    let builder = builder
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(judge);
    Ok(Arc::new(match holder {
        Some(holder) => builder.with_client_cert_resolver(holder.resolver()),
        None => builder.with_no_client_auth(),
    }))
}
