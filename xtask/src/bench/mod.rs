//! `xtask bench`: the figures of this machine, and what part of its bare limits they are.
//!
//! What is measured are the released programs as processes of their own, over TLS on loopback,
//! with every commit on the disk. The limits are measured in the same run and in the same
//! directory. Driver and server share the processors, so what counts for a comparison between
//! machines is the processor time of the server beside the rate. Nothing here judges a time.

mod answers;
mod application;
mod authority;
mod client;
mod gateway;
mod issue;
mod limits;
mod lists;
mod machine;
mod mails;
mod program;
mod reminders;
mod renewals;
mod report;
mod stats;
mod timing;
mod world;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::Args;
use tegata_registrar::{Cost, Passwords};
use tegata_server::ambient::SystemEntropy;

use crate::{Failure, say};
use application::Given;
use client::Client;
use program::Program;
use report::{Report, Server};
use world::World;

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// What to measure [default: server, mails and application]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Seconds of each measurement of load
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Refusals of each kind
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..))]
    refusals: u16,
    /// Program to measure [default: `tegata` beside this program]
    #[arg(long)]
    tegata: Option<PathBuf>,
    /// Windows opened, and certificates issued into each store, by the application
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Measure this application for Linux; none is built then
    #[arg(long, value_name = "FILE")]
    app_linux: Option<PathBuf>,
    /// Measure this application for Windows; none is built then
    #[arg(long, value_name = "FILE")]
    app_windows: Option<PathBuf>,
    /// Certificates among which `reminders` looks for those that are due
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    certificates: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Issuance, refusals, the gateway, status, lists
    Server,
    /// The gateway alone
    Gateway,
    /// The issuing application: its size, its window, its issuance
    Application,
    /// Mails, written and signed
    Mails,
    /// Renewals, beside those of step-ca. Measured only when it is named
    Renewals,
    /// Who is due among many certificates. Measured only when it is named, for it fills gigabytes
    Reminders,
}

/// The least that Argon2id can cost: what an issuance takes without its deliberate cost.
const LEAST: Cost = Cost { memory: 8, passes: 1 };

/// Clients at the same time.
const CLIENTS: [usize; 2] = [1, 16];

pub(crate) fn run(args: BenchArgs) -> Result<(), Failure> {
    let own = std::env::current_exe()?;
    let tegata = args.tegata.unwrap_or_else(|| own.with_file_name("tegata"));
    if !tegata.exists() {
        return Err(format!("{} is missing; `make bench` builds it", tegata.display()).into());
    }
    // Beside the build, not in a temporary directory that may be kept in memory: the disk counts.
    let parent = own.parent().ok_or("this program stands nowhere")?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?;
    let is_wanted = |part| args.parts.is_empty() || args.parts.contains(&part);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut server = None;
    if is_wanted(Part::Server) {
        let (period, refusals) = (Duration::from_secs(args.seconds), args.refusals.into());
        server = Some(runtime.block_on(measure(dir.path(), &tegata, period, refusals))?);
    }
    let mut gateway = None;
    if args.parts.contains(&Part::Gateway) && server.is_none() {
        let period = Duration::from_secs(args.seconds);
        gateway = Some(runtime.block_on(measure_gateway(dir.path(), &tegata, period))?);
    }
    let mut mails = None;
    if is_wanted(Part::Mails) {
        let period = Duration::from_secs(args.seconds);
        mails = Some(runtime.block_on(mails::measure(dir.path(), period))?);
    }
    let mut application = None;
    if is_wanted(Part::Application) {
        let given = Given {
            tegata: &tegata,
            linux: args.app_linux,
            windows: args.app_windows,
            runs: args.runs.into(),
        };
        application = Some(runtime.block_on(application::measure(given, dir.path()))?);
    }
    let mut reminders = None;
    if args.parts.contains(&Part::Reminders) {
        reminders = Some(runtime.block_on(reminders::measure(dir.path(), args.certificates))?);
    }
    let mut renewals = None;
    if args.parts.contains(&Part::Renewals) {
        let (period, own) = (Duration::from_secs(args.seconds), dir.path().join("renewals"));
        std::fs::create_dir_all(&own)?;
        renewals = Some(runtime.block_on(renewals::measure(&own, &tegata, period))?);
    }
    let machine = machine::Machine::this();
    Report { machine, server, gateway, mails, application, reminders, renewals }.print(args.json)
}

async fn measure(
    dir: &std::path::Path,
    tegata: &std::path::Path,
    period: Duration,
    refusals: usize,
) -> Result<Server, Failure> {
    say("limits of this machine");
    let short = period.min(Duration::from_secs(1));
    let limits = limits::measure(dir, short).await?;

    say("installation");
    let world = World::found(dir).await?;
    let mut serve = Command::new(tegata);
    serve.args(["serve", "--json", "--dir"]).arg(world.data.path());
    let (server, ready) = Program::start(serve, &dir.join("serve.log"))?;
    let client = Client::new(&ready, &world.root)?;

    let mut loads = Vec::new();
    for (name, cost) in [("19 MiB, 2 passes", Cost::default()), ("least possible", LEAST)] {
        let hash = hashed(cost);
        for clients in CLIENTS {
            say(&format!("issuance, hash {name}, clients {clients}"));
            let most = limits.most_issuances(cost, clients, period);
            let seats = world.seats(&format!("L{}", loads.len()), most, &hash, false).await?;
            let tickets = issue::tickets(&seats)?;
            let load = issue::drive(&client, &server, tickets, clients, period).await?;
            loads.push((name, cost, clients, load));
        }
    }

    say("refusals");
    let timing = timing::measure(&world, &client, &hashed(Cost::default()), refusals).await?;

    say("gateway");
    let gateway = gateway::measure(&world, &client, tegata, &ready, &hashed(LEAST), period).await?;
    let client_ready = ready;
    say("status");
    let answers = answers::measure(&world, &client_ready, &server, period).await?;
    drop(server);

    let signatures = authority::measure(&world, short)?;
    let (lists, audit) = lists::measure(&world, dir).await?;

    say("limits of this machine, once more");
    let limits = limits.or(limits::measure(dir, short).await?);
    let issuance = loads
        .into_iter()
        .map(|(name, cost, clients, load)| issue::Row::of(name, cost, clients, load, &limits))
        .collect();
    Ok(Server { limits, issuance, timing, gateway, answers, signatures, lists, audit })
}

async fn measure_gateway(
    dir: &std::path::Path,
    tegata: &std::path::Path,
    period: Duration,
) -> Result<Vec<gateway::Row>, Failure> {
    let world = World::found(dir).await?;
    let mut serve = Command::new(tegata);
    serve.args(["serve", "--json", "--dir"]).arg(world.data.path());
    let (_server, ready) = Program::start(serve, &dir.join("serve.log"))?;
    let client = Client::new(&ready, &world.root)?;
    gateway::measure(&world, &client, tegata, &ready, &hashed(LEAST), period).await
}

/// The password of every seat here, as the slip of a real one would say it.
const PASSWORD: &str = "0123-4567-89AB-CDEF";

/// Its hash at a cost. One serves every seat: the salt says nothing about the work.
fn hashed(cost: Cost) -> String {
    match PASSWORD.parse() {
        Ok(password) => Passwords::new(cost, 1).hash(&password, &SystemEntropy),
        Err(_) => String::new(),
    }
}
