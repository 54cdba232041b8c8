//! Renewals under load: through the server, and through step-ca where it is.
//!
//! The same for both: this machine, this run, this directory; one process over TLS 1.3; P-256 for
//! every key; what is answered is on the disk. Once over kept connections, and once as PCs do it:
//! each renewal over a connection of its own. Not the same: ours gets a new key with a proof of
//! possession, looks at two signatures, lints, makes a new certificate for another seat each time,
//! and writes two audit entries, a mail and the reminder schedule. step-ca takes the certificate of
//! the connection, which is verified when it is opened, and signs it anew on the same key, over and
//! over.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use tegata_ca::{KeyKind, SoftwareKey, SubjectName, certification_request, seal};
use tegata_domain::UserId;
use tegata_registrar::{Actor, ServiceSettings};
use tegata_wire::Der;
use tegata_wire::api::{Issued, RenewRequest};
use tokio_rustls::TlsConnector;

use super::client::{Client, Connection, connector};
use super::program::{Program, said};
use super::world::World;
use super::{CLIENTS, LEAST, hashed, issue, stats};
use crate::{Failure, say};

/// Requests before the clock starts, of each load.
const WARM_UP: usize = 40;

/// The loads: how many clients, whether they keep their connections, and how many certificates
/// there are to be renewed, for each second: more than can be.
const LOADS: [(usize, bool, usize); 4] = [
    (CLIENTS[0], true, 2_000),
    (CLIENTS[1], true, 6_000),
    (CLIENTS[0], false, 1_500),
    (CLIENTS[1], false, 4_000),
];

/// Longest load: each renewal needs a certificate of its own, which is issued before.
const LONGEST: Duration = Duration::from_secs(5);

/// How often ours is to be as quick.
const GOAL: f64 = 5.0;

/// Where `tools/prepare bench` puts it.
const STEP_CA: &str = "../tools/step-ca";

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) program: &'static str,
    pub(super) clients: usize,
    /// Whether a client sends all its renewals over one connection.
    pub(super) kept: bool,
    pub(super) renewed: usize,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Processor time of the server for each.
    pub(super) server_ms: f64,
}

/// Both programs, where both are.
#[derive(Serialize)]
pub(super) struct Renewals {
    pub(super) rows: Vec<Row>,
    /// How many times as quick ours is, by number of clients and whether they keep connections.
    pub(super) times: Vec<(usize, bool, f64)>,
}

/// How a client gets to a server.
struct Door {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Door {
    async fn open(&self) -> Result<Connection, Failure> {
        Connection::open(self.address, &self.tls).await
    }
}

pub(super) async fn measure(
    dir: &Path,
    tegata: &Path,
    period: Duration,
) -> Result<Renewals, Failure> {
    let period = period.min(LONGEST);
    let mut rows = ours(dir, tegata, period).await?;
    let beside = tegata.with_file_name(STEP_CA);
    let step_ca = match beside.exists() {
        true => Some(beside),
        // Not everyone builds it here.
        false => Command::new("step-ca").arg("version").output().ok().map(|_| "step-ca".into()),
    };
    match step_ca {
        Some(program) => rows.extend(theirs(&program, &dir.join("step-ca"), period).await?),
        None => say("step-ca is not here (tools/prepare bench, with Go); ours stands alone"),
    }
    let rate = |program: &str, clients: usize, kept: bool| {
        let same = |row: &&Row| (row.program, row.clients, row.kept) == (program, clients, kept);
        rows.iter().find(same).map(|row| row.per_second)
    };
    let times = LOADS
        .into_iter()
        .filter_map(|(clients, kept, _)| {
            let times = rate("tegata", clients, kept)? / rate("step-ca", clients, kept)?;
            Some((clients, kept, times))
        })
        .collect();
    Ok(Renewals { rows, times })
}

/// Renewals through the released server.
async fn ours(dir: &Path, tegata: &Path, period: Duration) -> Result<Vec<Row>, Failure> {
    let world = World::found(dir).await?;
    let mut serve = Command::new(tegata);
    serve.args(["serve", "--json", "--dir"]).arg(world.data.path());
    let (server, ready) = Program::start(serve, &dir.join("serve.log"))?;
    let client = Client::new(&ready, &world.root)?;
    let hash = hashed(LEAST);
    let mut stocks = Vec::new();
    for (number, (clients, kept, most)) in LOADS.into_iter().enumerate() {
        let count = (most as f64 * period.as_secs_f64()) as usize + WARM_UP;
        say(&format!("{count} certificates to be renewed"));
        let seats = world.seats(&format!("N{number}"), count, &hash, false).await?;
        stocks.push(((clients, kept), issued(&client, seats).await?));
    }
    // The window of renewal opens earlier than they began.
    let mut settings = ServiceSettings::from_json(&world.service.settings)?;
    (settings.lifetime_days, settings.renewal_window_days) = (500, 400);
    world.office.change_settings(Actor::System, world.service.id, &settings).await?;
    let path: Arc<str> = format!("{}/renew", client.interface).into();
    let mut rows = Vec::new();
    for ((clients, kept), mut stock) in stocks {
        say(&format!("renewal, clients {clients}, {}", connections(kept)));
        let mut warming = client.connect().await?;
        let first = stock.pop().ok_or("no certificate was issued")?;
        followed(&mut warming, &path, first).await?;
        for body in stock.drain(..WARM_UP - 1) {
            issue::accepted(warming.post(&path, body).await?)?;
        }
        let door = || Door { address: client.address, tls: client.tls.clone() };
        let doors = std::iter::repeat_with(door).take(clients).collect();
        let stock = Arc::new(Mutex::new(stock));
        let next = move || stock.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let accept = |answer| issue::accepted(answer).map(|_| ());
        let load = Load { program: "tegata", doors, kept, path: path.clone(), period };
        rows.push(drive(&server, load, next, accept).await?);
    }
    Ok(rows)
}

/// Waits until the server has followed the settings: until a renewal is permitted.
async fn followed(connection: &mut Connection, path: &str, body: Bytes) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let answer = connection.post(path, body.clone()).await?;
        if answer.0 == StatusCode::OK || begun.elapsed() > Duration::from_secs(30) {
            return issue::accepted(answer).map(|_| ());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Issues a certificate to each seat, and answers the body of its renewal.
async fn issued(client: &Client, seats: Vec<UserId>) -> Result<Vec<Bytes>, Failure> {
    let path: Arc<str> = format!("{}/enroll", client.interface).into();
    let parts = seats.len().div_ceil(CLIENTS[1]).max(1);
    let mut running = tokio::task::JoinSet::new();
    for part in seats.chunks(parts) {
        let (mut connection, part, path) = (client.connect().await?, part.to_vec(), path.clone());
        running.spawn(async move {
            let mut bodies = Vec::with_capacity(part.len());
            for seat in part {
                let [old, new] = [generate()?, generate()?];
                let name = SubjectName::new(seat.as_str())?;
                let ticket = issue::ticket(&seat, &certification_request(&old, &name)?)?;
                let answer = issue::accepted(connection.post(&path, ticket).await?)?;
                let issued: Issued = serde_json::from_slice(&answer)?;
                let asked = certification_request(&new, &name)?;
                let request = Der(seal(&asked, &issued.certificate.0, &old)?);
                let body = RenewRequest { request, unattended: false };
                bodies.push(Bytes::from(serde_json::to_vec(&body)?));
            }
            Ok::<_, Failure>(bodies)
        });
    }
    let mut bodies = Vec::with_capacity(seats.len());
    while let Some(done) = running.join_next().await {
        bodies.extend(done??);
    }
    Ok(bodies)
}

fn generate() -> Result<SoftwareKey, Failure> {
    Ok(SoftwareKey::generate(KeyKind::EcP256)?)
}

/// Who renews, and for how long.
struct Load {
    program: &'static str,
    /// One a client.
    doors: Vec<Door>,
    /// Whether a client sends all its renewals over one connection.
    kept: bool,
    path: Arc<str>,
    period: Duration,
}

/// Sends from every client until the period is over or nothing is left. A connection that is not
/// kept counts with its renewal.
async fn drive(
    server: &Program,
    load: Load,
    next: impl Fn() -> Option<Bytes> + Clone + Send + 'static,
    accept: impl Fn((StatusCode, Bytes)) -> Result<(), Failure> + Copy + Send + 'static,
) -> Result<Row, Failure> {
    let Load { program, doors, kept, path, period } = load;
    let clients = doors.len();
    let mut ready = Vec::new();
    for door in doors {
        let connection = if kept { Some(door.open().await?) } else { None };
        ready.push((door, connection));
    }
    let (used, begin) = (server.processor_time(), Instant::now());
    let mut running = tokio::task::JoinSet::new();
    for (door, mut connection) in ready {
        let (next, path) = (next.clone(), path.clone());
        running.spawn(async move {
            let mut latencies = Vec::new();
            while begin.elapsed() < period {
                let Some(body) = next() else { break };
                let sent = Instant::now();
                let answer = match &mut connection {
                    Some(connection) => connection.post(&path, body).await?,
                    None => door.open().await?.post(&path, body).await?,
                };
                latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
                accept(answer)?;
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    let (elapsed, used) = (begin.elapsed(), server.processor_time() - used);
    let latencies = stats::sorted(&latencies);
    Ok(Row {
        program,
        clients,
        kept,
        renewed: latencies.len(),
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        p50_ms: stats::quantile(&latencies, 0.5),
        p99_ms: stats::quantile(&latencies, 0.99),
        server_ms: 1000.0 * used.as_secs_f64() / latencies.len().max(1) as f64,
    })
}

/// Renewals through step-ca, with the database that it chooses by itself.
async fn theirs(step_ca: &Path, dir: &Path, period: Duration) -> Result<Vec<Row>, Failure> {
    std::fs::create_dir_all(dir)?;
    let pki = Pki::make(dir)?;
    let address = super::gateway::free_port().await?;
    let config = configured(dir, address)?;
    let log = dir.join("step-ca.log");
    let mut command = Command::new(step_ca);
    let output = std::fs::File::create(dir.join("step-ca.out"))?;
    let server = Program::spawn(command.arg(&config).env("STEPPATH", dir).stdout(output), &log)?;
    let path: Arc<str> = "/renew".into();
    let mut rows = Vec::new();
    for (clients, kept, _) in LOADS {
        say(&format!("renewal by step-ca, clients {clients}, {}", connections(kept)));
        let mut doors = Vec::new();
        for number in 0..clients {
            let tls = connector(&pki.root, Some(pki.holder(number)?))?;
            doors.push(Door { address, tls });
        }
        let mut warming = opened(&doors[0], &log).await?;
        for _ in 0..WARM_UP {
            created(warming.post(&path, Bytes::new()).await?)?;
        }
        let load = Load { program: "step-ca", doors, kept, path: path.clone(), period };
        rows.push(drive(&server, load, || Some(Bytes::new()), created).await?);
    }
    Ok(rows)
}

/// A connection, as soon as there is somebody to connect to.
async fn opened(door: &Door, log: &Path) -> Result<Connection, Failure> {
    let begun = Instant::now();
    loop {
        match door.open().await {
            Err(error) if begun.elapsed() > Duration::from_secs(15) => {
                return Err(format!("step-ca: {error}\n{}", said(log)).into());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            opened => return opened,
        }
    }
}

fn created((status, body): (StatusCode, Bytes)) -> Result<(), Failure> {
    match status {
        StatusCode::CREATED => Ok(()),
        _ => Err(format!("step-ca answered {status}: {}", String::from_utf8_lossy(&body)).into()),
    }
}

/// A root, an issuing CA and its key in files, and who has certificates of it.
struct Pki {
    root: Vec<u8>,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    fn make(dir: &Path) -> Result<Self, Failure> {
        let authority = |name: &str, below: u8| {
            let mut parameters = CertificateParams::default();
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            parameters
        };
        let root = CertifiedIssuer::self_signed(authority("Bench root", 1), KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let pem = key.serialize_pem();
        let issuing = CertifiedIssuer::signed_by(authority("Bench CA", 0), key, &root)?;
        for (name, text) in
            [("root.crt", root.pem()), ("issuing.crt", issuing.pem()), ("issuing.key", pem)]
        {
            std::fs::write(dir.join(name), text)?;
        }
        Ok(Self { root: root.der().to_vec(), issuing })
    }

    /// The certificate that one client shows, and its key.
    fn holder(&self, number: usize) -> Result<super::client::Shown, Failure> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::default();
        // Go counts a lifetime in nanoseconds: not the thousands of years of the default.
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2060, 1, 1);
        parameters.distinguished_name.push(DnType::CommonName, format!("bench {number}"));
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters.signed_by(&key, &self.issuing)?;
        let chain =
            vec![certificate.der().clone(), CertificateDer::from(self.issuing.der().to_vec())];
        Ok((chain, PrivateKeyDer::try_from(key.serialize_der())?))
    }
}

/// What `step ca init` writes, without provisioners, of which a renewal needs none.
fn configured(dir: &Path, address: SocketAddr) -> Result<PathBuf, Failure> {
    let config = serde_json::json!({
        "root": dir.join("root.crt"),
        "crt": dir.join("issuing.crt"),
        "key": dir.join("issuing.key"),
        "address": address.to_string(),
        "dnsNames": ["localhost"],
        "logger": {"format": "text"},
        "db": {"type": "badgerv2", "dataSource": dir.join("db")},
        "authority": {"provisioners": []},
        "tls": {"minVersion": 1.3, "maxVersion": 1.3, "renegotiation": false},
    });
    let path = dir.join("ca.json");
    std::fs::write(&path, config.to_string())?;
    Ok(path)
}

/// What the table calls connections that are kept, or not.
fn connections(kept: bool) -> &'static str {
    if kept { "kept" } else { "new each" }
}

impl Renewals {
    pub(super) fn table(&self, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        writeln!(
            out,
            "Renewals over TLS 1.3, P-256, each on the disk; server ms: its processor time for each
  program            clients  connections   renewed  a second   p50 ms   p99 ms  server ms"
        )?;
        for row in &self.rows {
            writeln!(
                out,
                "  {:<17}{:>9}{:>13}{:>10}{:>10.0}{:>9.2}{:>9.2}{:>11.3}",
                row.program,
                row.clients,
                connections(row.kept),
                row.renewed,
                row.per_second,
                row.p50_ms,
                row.p99_ms,
                row.server_ms,
            )?;
        }
        for (clients, kept, times) in &self.times {
            writeln!(
                out,
                "  clients {clients}, connections {}: {times:.1} times step-ca's, goal {GOAL:.0} times",
                connections(*kept)
            )?;
        }
        writeln!(
            out,
            "  ours: a new proven key each, linted, two audit entries, a mail; step-ca signs the same key anew"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_how_many_times_and_stays_narrow() {
        let row = |program, per_second| Row {
            program,
            clients: 16,
            kept: false,
            renewed: 1_000,
            per_second,
            p50_ms: 1.0,
            p99_ms: 2.0,
            server_ms: 0.3,
        };
        let renewals = Renewals {
            rows: vec![row("tegata", 3_000.0), row("step-ca", 500.0)],
            times: vec![(16, false, 6.0)],
        };
        let mut text = String::new();
        renewals.table(&mut text).unwrap();
        assert!(
            text.contains("clients 16, connections new each: 6.0 times step-ca's, goal 5 times"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
