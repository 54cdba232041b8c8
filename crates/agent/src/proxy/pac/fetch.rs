use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::engine::Script;

/// Largest script that is read, in octets; browsers stop there, too.
const MAX_SCRIPT: u64 = 1024 * 1024;

/// Longest wait for a script. Until it is there, nothing else can begin.
const WAIT: Duration = Duration::from_secs(10);

/// Fetches a script, straight from its server or from a file.
///
/// # Errors
/// A sentence of whatever went wrong.
pub(in crate::proxy) fn fetch(url: &str) -> Result<Script, String> {
    let mut octets = Vec::new();
    if let Some(path) = url.strip_prefix("file://") {
        let file = File::open(path).map_err(|error| error.to_string())?;
        file.take(MAX_SCRIPT).read_to_end(&mut octets).map_err(|error| error.to_string())?;
    } else {
        let system = rustls_native_certs::load_native_certs().certs;
        let anchors = system.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let provider = rustls::crypto::ring::default_provider();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(provider))
            .root_certs(RootCerts::Specific(Arc::new(anchors)))
            .build();
        let agent = Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(WAIT))
            .tls_config(tls)
            .build()
            .new_agent();
        let response = agent.get(url).call().map_err(|error| error.to_string())?;
        let body = response.into_body().into_with_config().limit(MAX_SCRIPT);
        octets = { body }.read_to_vec().map_err(|error| error.to_string())?;
    }
    Ok(Script::new(&octets))
}
