//! The certificate that the issuing site shows. It changes while the server serves; connections that
//! are open go on as they began.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, ServerConfig};

/// What is shown, until it is replaced.
#[derive(Debug)]
pub struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    /// Shows this chain, DER, with this key, PKCS#8.
    ///
    /// # Errors
    /// When chain and key do not fit.
    pub fn new(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self(RwLock::new(certified(chain, key)?))))
    }

    /// Shows another chain to whoever connects from now on.
    ///
    /// # Errors
    /// When chain and key do not fit; nothing changes then.
    pub fn replace(&self, chain: Vec<Vec<u8>>, key: &[u8]) -> Result<(), Error> {
        let next = certified(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// Whether this certificate, DER, is the one that is shown.
    pub fn is(&self, certificate: &[u8]) -> bool {
        self.current().cert.first().is_some_and(|shown| shown.as_ref() == certificate)
    }

    /// TLS 1.2 and 1.3; the hybrid X25519MLKEM768 group is offered first.
    ///
    /// # Errors
    /// When the library knows no such versions.
    pub fn tls(self: &Arc<Self>) -> Result<Arc<ServerConfig>, Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn certified(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Arc<CertifiedKey>, Error> {
    let key =
        PrivateKeyDer::try_from(key.to_vec()).map_err(|error| Error::General(error.to_owned()))?;
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &default_provider())?))
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};
    use tokio_rustls::rustls;

    use super::*;

    /// A client that speaks nothing but the hybrid group gets through.
    #[test]
    fn the_hybrid_group_is_offered() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (der, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
        let mut server =
            ServerConnection::new(Shown::new(vec![der.clone()], &key).unwrap().tls().unwrap())
                .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(der)).unwrap();
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups = vec![X25519MLKEM768];
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets().unwrap();
        }
        let group = client.negotiated_key_exchange_group().unwrap();
        assert_eq!(group.name(), X25519MLKEM768.name());
    }
}
