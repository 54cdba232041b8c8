//! OCSP answers beside a static file of the same server, over plain HTTP on kept connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use tegata_store::{CertificateFilter, View};
use tokio::net::TcpStream;

use super::client::Connection;
use super::program::Program;
use super::world::World;
use crate::Failure;

/// Connections at the same time.
const CLIENTS: usize = 8;

/// What was asked for.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) octets: usize,
    pub(super) per_second: f64,
    pub(super) per_processor_second: f64,
    /// Memory of the server afterwards, in MiB.
    pub(super) server_mib: f64,
}

pub(super) async fn measure(
    world: &World,
    ready: &serde_json::Value,
    server: &Program,
    period: Duration,
) -> Result<Vec<Row>, Failure> {
    let status = ready["status"].as_str().and_then(|url| url.strip_prefix("http://"));
    let address: SocketAddr = status.ok_or("the server named no status address")?.parse()?;
    let filter = CertificateFilter { limit: Some(1_000), ..CertificateFilter::default() };
    let issued =
        world.office.store().read(|view: View<'_>| view.certificates(world.service.id, &filter))?;
    let authorities = world.office.authorities()?;
    let issuer = authorities.iter().find(|ca| ca.name.as_str() == "SB0001002C");
    let issuer = issuer.ok_or("the issuing CA is gone")?;
    let questions: Vec<String> = issued
        .iter()
        .filter(|record| record.authority == issuer.id && record.der.is_some())
        .map(|record| {
            let request = question(&issuer.certificate, record.certificate.serial)?;
            let encoded =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, request);
            let escaped = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            Ok(format!("/ocsp/SB0001002C/{escaped}"))
        })
        .collect::<Result<_, Failure>>()?;
    if questions.len() < 100 {
        return Err("too few certificates to ask about".into());
    }
    let file = vec!["/aia/SB0001002C.cer".to_owned()];
    let mut rows = Vec::new();
    for (what, paths) in [
        ("static file (CA certificate)", file.clone()),
        ("OCSP answer, GET", questions),
        ("static file, once more", file),
    ] {
        rows.push(drive(what, address, Arc::new(paths), server, period).await?);
    }
    Ok(rows)
}

async fn drive(
    what: &'static str,
    address: SocketAddr,
    paths: Arc<Vec<String>>,
    server: &Program,
    period: Duration,
) -> Result<Row, Failure> {
    // Everything is asked once before: what is measured is the rate, not the first signature.
    let mut octets = 0;
    let mut first = connect(address).await?;
    for path in paths.iter() {
        let (status, body) = first.get(path).await?;
        if status != http::StatusCode::OK {
            return Err(format!("{path}: {status}").into());
        }
        octets = body.len();
    }
    let answered = Arc::new(AtomicU64::new(0));
    let (begun, before) = (Instant::now(), server.processor_time());
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let (paths, answered) = (paths.clone(), answered.clone());
        let mut connection = connect(address).await?;
        clients.push(tokio::spawn(async move {
            let mut at = client * 37;
            while begun.elapsed() < period {
                at += 1;
                let sent = connection.get(&paths[at % paths.len()]).await;
                let Ok((http::StatusCode::OK, _)) = sent else { return };
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for client in clients {
        client.await?;
    }
    let (elapsed, used) = (begun.elapsed(), server.processor_time() - before);
    let answered = answered.load(Ordering::Relaxed) as f64;
    Ok(Row {
        what,
        octets,
        per_second: answered / elapsed.as_secs_f64(),
        per_processor_second: answered / used.as_secs_f64().max(0.01),
        server_mib: server.memory_mib(),
    })
}

async fn connect(address: SocketAddr) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Connection::over(stream).await
}

fn question(issuer: &[u8], serial: tegata_domain::Serial) -> Result<Vec<u8>, Failure> {
    Ok(tegata_ca::ocsp_question(issuer, serial)?)
}
