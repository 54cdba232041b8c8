//! Issuance under load: `POST …/enroll` as the issuing application sends it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use rcgen::{CertificateParams, KeyPair};
use serde::Serialize;
use tegata_domain::UserId;
use tegata_registrar::Cost;
use tegata_wire::Der;
use tegata_wire::api::EnrollRequest;

use super::client::Client;
use super::limits::Limits;
use super::program::Program;
use super::{LEAST, PASSWORD, stats};
use crate::Failure;

/// Requests that are sent before the clock starts.
const WARM_UP: usize = 40;

/// What was measured of one load.
pub(super) struct Load {
    pub(super) issued: usize,
    pub(super) elapsed: Duration,
    pub(super) server: Duration,
    /// Milliseconds of each request, sorted.
    pub(super) latencies: Vec<f64>,
}

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) hash: &'static str,
    pub(super) clients: usize,
    pub(super) issued: usize,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Processor time of the server for each.
    pub(super) server_ms: f64,
    /// Part of what as many processors as clients could hash, when the hash is the real one.
    pub(super) of_argon2id: Option<f64>,
    /// Part of what as many callers could commit.
    pub(super) of_commits: f64,
    /// Part of what as many processors as clients could verify and sign.
    pub(super) of_p256: f64,
}

impl Row {
    pub(super) fn of(
        hash: &'static str,
        cost: Cost,
        clients: usize,
        load: Load,
        limits: &Limits,
    ) -> Self {
        let per_second = load.issued as f64 / load.elapsed.as_secs_f64();
        Self {
            hash,
            clients,
            issued: load.issued,
            per_second,
            p50_ms: stats::quantile(&load.latencies, 0.5),
            p99_ms: stats::quantile(&load.latencies, 0.99),
            server_ms: 1000.0 * load.server.as_secs_f64() / load.issued.max(1) as f64,
            of_argon2id: (cost != LEAST).then(|| per_second / limits.hashes(clients)),
            of_commits: per_second / limits.commit_pairs(clients),
            of_p256: per_second / limits.p256_pairs(clients),
        }
    }
}

/// A body for each seat, each with a key of its own.
pub(super) fn tickets(seats: &[UserId]) -> Result<Vec<Bytes>, Failure> {
    let part = seats.len().div_ceil(super::machine::processors()).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = seats
            .chunks(part)
            .map(|part| {
                scope.spawn(move || {
                    part.iter().map(|seat| ticket(seat, &request(&KeyPair::generate()?)?)).collect()
                })
            })
            .collect();
        let mut tickets = Vec::with_capacity(seats.len());
        for thread in threads {
            let made: Result<Vec<Bytes>, Failure> =
                thread.join().map_err(|_| "requests could not be made")?;
            tickets.extend(made?);
        }
        Ok(tickets)
    })
}

/// The PKCS#10 request of a key.
pub(super) fn request(key: &KeyPair) -> Result<Vec<u8>, Failure> {
    Ok(CertificateParams::default().serialize_request(key)?.der().to_vec())
}

/// The body that asks for a certificate for a seat.
pub(super) fn ticket(seat: &UserId, request: &[u8]) -> Result<Bytes, Failure> {
    body(seat.as_str(), PASSWORD, request)
}

pub(super) fn body(user_id: &str, password: &str, request: &[u8]) -> Result<Bytes, Failure> {
    let request = EnrollRequest {
        user_id: user_id.to_owned(),
        password: password.to_owned(),
        email: "taro@example.co.jp".to_owned(),
        request: Der(request.to_vec()),
        unattended: false,
    };
    Ok(serde_json::to_vec(&request)?.into())
}

/// Sends tickets from as many clients until the period is over or no ticket is left.
pub(super) async fn drive(
    client: &Client,
    server: &Program,
    mut tickets: Vec<Bytes>,
    clients: usize,
    period: Duration,
) -> Result<Load, Failure> {
    let mut first = client.connect().await?;
    let path: Arc<str> = format!("{}/enroll", client.interface).into();
    for ticket in tickets.drain(..WARM_UP.min(tickets.len())) {
        accepted(first.post(&path, ticket).await?)?;
    }
    let tickets = Arc::new(Mutex::new(tickets));
    let mut connections = vec![first];
    while connections.len() < clients {
        connections.push(client.connect().await?);
    }
    let (used, begin) = (server.processor_time(), Instant::now());
    let mut running = tokio::task::JoinSet::new();
    for mut connection in connections {
        let (tickets, path) = (tickets.clone(), path.clone());
        running.spawn(async move {
            let mut latencies = Vec::new();
            while begin.elapsed() < period {
                let next = tickets.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(ticket) = next else { break };
                let sent = Instant::now();
                let answer = connection.post(&path, ticket).await?;
                latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
                accepted(answer)?;
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    Ok(Load {
        issued: latencies.len(),
        elapsed: begin.elapsed(),
        server: server.processor_time() - used,
        latencies: stats::sorted(&latencies),
    })
}

/// The answer of an issuance that went well.
pub(super) fn accepted((status, body): (StatusCode, Bytes)) -> Result<Bytes, Failure> {
    if status == StatusCode::OK {
        Ok(body)
    } else {
        Err(format!("the server answered {status}: {}", String::from_utf8_lossy(&body)).into())
    }
}
