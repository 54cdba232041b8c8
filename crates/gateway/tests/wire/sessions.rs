//! Who a connection belongs to: proof of the key, and sessions taken up again.

use std::sync::Arc;

use http::StatusCode;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};
use tegata_domain::RevocationStatus;

use crate::client::{Browser, Reply, get, is_resumed, tls};
use crate::pki::Holder;
use crate::world::{World, soon};

const PATH: &str = "/SAMPLE01/cms";

/// A configuration for one version that keeps its sessions.
fn keeping(
    world: &World,
    holder: &Holder,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let resolver = world.browser(Some(holder)).client_auth_cert_resolver;
    let mut config = ClientConfig::builder_with_provider(crate::pki::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(world.roots())
        .with_client_cert_resolver(resolver);
    config.resumption = Resumption::in_memory_sessions(8);
    Arc::new(config)
}

async fn visit(world: &World, config: &Arc<ClientConfig>, path: &str) -> (bool, Reply) {
    let stream = soon(tls(world.addr(), config)).await.unwrap();
    let resumed = is_resumed(&stream);
    (resumed, soon(Browser::over(stream).await.reply(get(path))).await)
}

#[tokio::test]
async fn a_resumed_session_is_judged_like_a_new_one() {
    let world = World::start().await;
    for (number, version) in [(1, &TLS12), (2, &TLS13)] {
        let holder = world.places[0].issuer.issue(number);
        let config = keeping(&world, &holder, version);
        let (resumed, reply) = visit(&world, &config, PATH).await;
        assert!(!resumed && reply.status == StatusCode::OK, "{version:?}");
        let (resumed, reply) = visit(&world, &config, PATH).await;
        assert!(resumed && reply.status == StatusCode::OK, "{version:?}");
        let (resumed, reply) = visit(&world, &config, "/SAMPLE02").await;
        assert!(resumed, "{version:?}");
        assert_eq!(reply.code(), "wrong_issuer");

        world.announce(0, &holder, RevocationStatus::Revoked).await;
        let (resumed, reply) = visit(&world, &config, PATH).await;
        assert!(resumed, "{version:?}");
        assert_eq!(reply.code(), "revoked");
    }
}

#[tokio::test]
async fn a_session_outlives_a_change_of_authorities_but_not_its_own() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let config = keeping(&world, &holder, &TLS13);
    assert_eq!(visit(&world, &config, PATH).await.1.status, StatusCode::OK);
    let other = crate::pki::Issuer::new("SB0001003C");
    world.places[0].feed.authorise(vec![other.der()]);
    let admitted = async {
        while visit(&world, &config, PATH).await.1.status == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    soon(admitted).await;
    let (resumed, reply) = visit(&world, &config, PATH).await;
    assert!(resumed);
    assert_eq!(reply.code(), "wrong_issuer");
    assert_eq!(world.get(Some(&other.issue(1)), PATH).await.status, StatusCode::OK);
}

#[tokio::test]
async fn early_data_is_not_offered() {
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(401);
    let mut config = (*keeping(&world, &holder, &TLS13)).clone();
    config.enable_early_data = true;
    let config = Arc::new(config);
    visit(&world, &config, PATH).await;
    let mut client =
        rustls::ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    assert!(client.early_data().is_none());
}

/// Shows someone's certificate without having its key.
#[derive(Debug)]
struct Thief(Arc<dyn SigningKey>);

/// Signs nothing: what a client that leaves `CertificateVerify` empty sends.
#[derive(Debug)]
struct Silent(SignatureScheme);

impl SigningKey for Thief {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Silent(self.0.choose_scheme(offered)?.scheme())))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for Silent {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(Vec::new())
    }

    fn scheme(&self) -> SignatureScheme {
        self.0
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_does_not_get_in() {
    let world = World::start().await;
    let [owner, thief] = [1, 2].map(|number| world.places[0].issuer.issue(number));
    let thiefs = any_supported_type(&thief.key()).unwrap();
    let keys: [Arc<dyn SigningKey>; 2] = [thiefs.clone(), Arc::new(Thief(thiefs))];
    for key in keys {
        for version in [&TLS12, &TLS13] {
            let certified = CertifiedKey::new(vec![owner.certificate.clone()], key.clone());
            let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(certified));
            let config = ClientConfig::builder_with_provider(crate::pki::provider())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(world.roots())
                .with_client_cert_resolver(resolver);
            let failed = async {
                let stream = tls(world.addr(), &Arc::new(config)).await.ok()?;
                let mut browser = Browser::over(stream).await;
                browser.send(get(PATH)).await.ok()
            };
            assert!(soon(failed).await.is_none(), "{version:?}");
        }
    }
    assert_eq!(world.metrics().handshakes(), 0);
    assert!(world.upstream.seen().is_empty());
}

#[tokio::test]
async fn browsers_are_told_which_certificates_fit() {
    let world = World::start().await;
    let asked = Arc::new(Hints::default());
    let config = Arc::new(world.browser_with(asked.clone()));
    soon(tls(world.addr(), &config)).await.unwrap();
    let hints = asked.0.lock().unwrap().clone();
    for issuer in [b"SB0001002C", b"SB0002002C"] {
        assert!(hints.iter().any(|hint| hint.windows(10).any(|w| w == issuer)), "{hints:?}");
    }
}

#[derive(Debug, Default)]
struct Hints(std::sync::Mutex<Vec<Vec<u8>>>);

impl ResolvesClientCert for Hints {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.0.lock().unwrap() = hints.iter().map(|hint| hint.to_vec()).collect();
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A client that speaks nothing but the hybrid group X25519MLKEM768 gets through.
#[tokio::test]
async fn the_hybrid_group_is_offered() {
    use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
    let world = World::start().await;
    let holder = world.places[0].issuer.issue(1);
    let mut provider = (*crate::pki::provider()).clone();
    provider.kx_groups = vec![X25519MLKEM768];
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(world.roots())
        .with_client_cert_resolver(world.browser(Some(&holder)).client_auth_cert_resolver);
    let stream = soon(tls(world.addr(), &Arc::new(config))).await.unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), X25519MLKEM768.name());
    let reply = soon(Browser::over(stream).await.reply(get(PATH))).await;
    assert_eq!(reply.status, StatusCode::OK);
}
