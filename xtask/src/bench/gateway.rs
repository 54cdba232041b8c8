//! Full mTLS handshakes with a request each, through the gateway and through nginx.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use der::pem::{LineEnding, encode_string};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::KeyPair;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use tegata_registrar::Actor;
use tegata_registrar::ServiceSettings;
use tegata_wire::api::Issued;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::client::{self, Client, Connection, Shown};
use super::issue;
use super::program::{Program, said};
use super::world::World;
use crate::{Failure, say};

/// Certificates that take turns. Both proxies see each of them many times.
const HOLDERS: usize = 16;

/// Connections at the same time.
const CONNECTIONS: usize = 8;

const PATH: &str = "/SAMPLE01/cms";

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) proxy: &'static str,
    pub(super) handshakes: usize,
    pub(super) per_second: f64,
    /// Handshakes with a request each for one second of the proxy's processor time.
    pub(super) per_processor_second: f64,
}

/// Measures the gateway, and nginx when it is installed.
pub(super) async fn measure(
    world: &World,
    issuing: &Client,
    tegata: &Path,
    ready: &serde_json::Value,
    hash: &str,
    period: Duration,
) -> Result<Vec<Row>, Failure> {
    let upstream = upstream().await?;
    let status = ready["status"].as_str().ok_or("the server named no status address")?;
    let mut settings = ServiceSettings::from_json(&world.service.settings)?;
    status.clone_into(&mut settings.status_url);
    world.office.change_settings(Actor::System, world.service.id, &settings).await?;
    let holders = holders(world, issuing, hash).await?;

    let dir = world.data.path();
    let made = dir.join("proxy");
    let listen = free_port().await?;
    let output = Command::new(tegata)
        .args(["service", "gateway", "--dir"])
        .arg(dir)
        .arg("--out")
        .arg(&made)
        .args(["--listen", &listen.to_string(), "--path", PATH])
        .args(["--upstream", &format!("http://{upstream}")])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut gateway = Command::new(tegata);
    gateway.args(["gateway", "--json", "--config"]).arg(made.join("gateway.toml"));
    let log = dir.join("gateway.log");
    let (program, _) = Program::start(gateway, &log)?;
    let mut rows =
        vec![drive("tegata gateway", &program, listen, &world.root, &holders, period, &log).await?];
    drop(program);
    // The same without what it tells the server, beside the requests.
    let (with, without) = (made.join("gateway.toml"), made.join("silent.toml"));
    let silent = std::fs::read_to_string(&with)?.replacen(
        "[[service]]\n",
        "[[service]]\nreport = false\n",
        1,
    );
    std::fs::write(&without, silent)?;
    let mut gateway = Command::new(tegata);
    gateway.args(["gateway", "--json", "--config"]).arg(&without);
    let (program, _) = Program::start(gateway, &log)?;
    let name = "  not reporting";
    rows.push(drive(name, &program, listen, &world.root, &holders, period, &log).await?);
    drop(program);

    match nginx(world, &made, upstream, status, &holders).await? {
        None => say("nginx is not installed; the gateway stands alone"),
        Some((program, listen)) => {
            let log = made.join("nginx.log");
            rows.push(drive("nginx", &program, listen, &world.root, &holders, period, &log).await?);
        }
    }
    Ok(rows)
}

/// Certificates from the issuing site, as users get them.
async fn holders(world: &World, issuing: &Client, hash: &str) -> Result<Vec<Shown>, Failure> {
    let mut connection = issuing.connect().await?;
    let path = format!("{}/enroll", issuing.interface);
    let mut holders = Vec::new();
    for seat in world.seats("HOLDER", HOLDERS, hash, false).await? {
        let key = KeyPair::generate()?;
        let ticket = issue::ticket(&seat, &issue::request(&key)?)?;
        let issued: Issued =
            serde_json::from_slice(&issue::accepted(connection.post(&path, ticket).await?)?)?;
        let issuer = issued.chain.into_iter().next().ok_or("the answer holds no chain")?;
        let chain =
            vec![CertificateDer::from(issued.certificate.0), CertificateDer::from(issuer.0)];
        holders.push((chain, PrivateKeyDer::try_from(key.serialize_der())?));
    }
    Ok(holders)
}

/// Connects anew for each request until the period is over.
async fn drive(
    proxy: &'static str,
    program: &Program,
    address: SocketAddr,
    root: &[u8],
    holders: &[Shown],
    period: Duration,
    log: &Path,
) -> Result<Row, Failure> {
    let connectors = holders
        .iter()
        .map(|(chain, key)| client::connector(root, Some((chain.clone(), key.clone_key()))))
        .collect::<Result<Vec<_>, _>>()?;
    let connectors: Arc<[TlsConnector]> = connectors.into();
    let started = Instant::now();
    while let Err(error) = visit(address, &connectors[0]).await {
        if started.elapsed() > Duration::from_secs(10) {
            return Err(format!("{proxy}: {error}\n{}", said(log)).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let next = Arc::new(AtomicUsize::new(0));
    let (used, begin) = (program.processor_time(), Instant::now());
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (connectors, next) = (connectors.clone(), next.clone());
        running.spawn(async move {
            let mut handshakes = 0;
            while begin.elapsed() < period {
                let turn = next.fetch_add(1, Ordering::Relaxed) % connectors.len();
                visit(address, &connectors[turn]).await?;
                handshakes += 1;
            }
            Ok::<_, Failure>(handshakes)
        });
    }
    let mut handshakes = 0;
    while let Some(done) = running.join_next().await {
        handshakes += done?.map_err(|error| format!("{proxy}: {error}\n{}", said(log)))?;
    }
    let (elapsed, used) = (begin.elapsed(), program.processor_time() - used);
    Ok(Row {
        proxy,
        handshakes,
        per_second: handshakes as f64 / elapsed.as_secs_f64(),
        per_processor_second: handshakes as f64 / used.as_secs_f64(),
    })
}

async fn visit(address: SocketAddr, tls: &TlsConnector) -> Result<(), Failure> {
    let (status, body) = Connection::open(address, tls).await?.get(PATH).await?;
    if status == StatusCode::OK && body == GREETING {
        Ok(())
    } else {
        Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)).into())
    }
}

const GREETING: &str = "the protected service\n";

/// The protected service: greets whoever comes.
async fn upstream() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let greet = service_fn(async |_| {
                Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(GREETING)))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), greet);
            tokio::spawn(connection);
        }
    });
    Ok(address)
}

pub(super) async fn free_port() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

/// Starts nginx with the gateway's certificate, the same chain and both revocation lists.
async fn nginx(
    world: &World,
    made: &Path,
    upstream: SocketAddr,
    status: &str,
    holders: &[Shown],
) -> Result<Option<(Program, SocketAddr)>, Failure> {
    // Not everyone's path holds the second.
    let runs = |name: &&str| Command::new(name).arg("-v").output().is_ok();
    let Some(nginx) = ["nginx", "/usr/sbin/nginx"].into_iter().find(runs) else {
        return Ok(None);
    };
    let issuer = holders.first().and_then(|(chain, _)| chain.get(1)).ok_or("no holder")?;
    let authorities = pem("CERTIFICATE", &world.root)? + &pem("CERTIFICATE", issuer)?;
    std::fs::write(made.join("authorities.pem"), authorities)?;
    let status = status.trim_start_matches("http://").parse::<SocketAddr>()?;
    let mut lists = String::new();
    for name in ["SB0001001C", "SB0001002C"] {
        let mut connection = Connection::over(TcpStream::connect(status).await?).await?;
        let (code, list) = connection.get(&format!("/crl/{name}.crl")).await?;
        if code != StatusCode::OK {
            return Err(format!("/crl/{name}.crl answered {code}").into());
        }
        lists += &pem("X509 CRL", &list)?;
    }
    std::fs::write(made.join("lists.pem"), lists)?;
    let listen = free_port().await?;
    let config = made.join("nginx.conf");
    std::fs::write(&config, settings(made, listen, upstream))?;
    let mut command = Command::new(nginx);
    command.arg("-p").arg(made).arg("-c").arg(&config).args(["-e", "stderr"]);
    Ok(Some((Program::spawn(&mut command, &made.join("nginx.log"))?, listen)))
}

fn pem(label: &'static str, der: &[u8]) -> Result<String, Failure> {
    Ok(encode_string(label, LineEnding::LF, der).map_err(|error| error.to_string())?)
}

/// As an administrator would write them for the same task, without logs and resumption.
fn settings(made: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let made = made.display();
    format!(
        "daemon off;
worker_processes auto;
error_log stderr error;
pid {made}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {made}/body;
    proxy_temp_path {made}/proxied;
    fastcgi_temp_path {made}/fastcgi;
    uwsgi_temp_path {made}/uwsgi;
    scgi_temp_path {made}/scgi;
    upstream service {{ server {upstream}; keepalive 16; }}
    server {{
        listen {listen} ssl;
        server_name localhost;
        ssl_certificate {made}/gateway.crt.pem;
        ssl_certificate_key {made}/gateway.key.pem;
        ssl_client_certificate {made}/authorities.pem;
        ssl_crl {made}/lists.pem;
        ssl_verify_client on;
        ssl_verify_depth 2;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Client-Cert $ssl_client_escaped_cert;
            proxy_set_header X-Client-Subject $ssl_client_s_dn;
        }}
    }}
}}
"
    )
}
