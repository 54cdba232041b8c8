//! `xtask bench`: the figures of this machine, and what part of its bare limits they are.
//!
//! What is measured are the released programs as processes of their own, over TLS on loopback,
//! with every commit on the disk. The limits are measured in the same run and in the same
//! directory. Driver and server share the processors, so what counts for a comparison between
//! machines is the processor time of the server beside the rate. Nothing here judges a time.

mod answers;
mod authority;
mod client;
mod gateway;
mod issue;
mod limits;
mod lists;
mod machine;
mod mails;
mod program;
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
use client::Client;
use program::Program;
use report::Report;
use world::World;

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Seconds of each measurement of load
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Refusals of each kind
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..))]
    refusals: u16,
    /// Measure mails and nothing else
    #[arg(long)]
    mails: bool,
    /// Program to measure [default: `tegata` beside this program]
    #[arg(long)]
    tegata: Option<PathBuf>,
}

/// The least that Argon2id can cost: what an issuance takes without its deliberate cost.
const LEAST: Cost = Cost { memory: 8, passes: 1 };

/// Clients at the same time.
const CLIENTS: [usize; 2] = [1, 16];

pub(crate) fn run(args: BenchArgs) -> Result<(), Failure> {
    let own = std::env::current_exe()?;
    if args.mails {
        return only_mails(Duration::from_secs(args.seconds));
    }
    let tegata = args.tegata.unwrap_or_else(|| own.with_file_name("tegata"));
    if !tegata.exists() {
        return Err(format!("{} is missing; `make bench` builds it", tegata.display()).into());
    }
    // Beside the build, not in a temporary directory that may be kept in memory: the disk counts.
    let parent = own.parent().ok_or("this program stands nowhere")?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?;
    let report = tokio::runtime::Runtime::new()?.block_on(measure(
        dir.path(),
        &tegata,
        Duration::from_secs(args.seconds),
        args.refusals.into(),
    ))?;
    report.print(args.json)
}

#[expect(clippy::print_stdout, reason = "the report is what the chore is for")]
fn only_mails(period: Duration) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let measured = mails::measure(dir.path(), period);
    let rows = tokio::runtime::Runtime::new()?.block_on(measured)?;
    let mut out = String::new();
    mails::table(&rows, &mut out)?;
    print!("{out}");
    Ok(())
}

async fn measure(
    dir: &std::path::Path,
    tegata: &std::path::Path,
    period: Duration,
    refusals: usize,
) -> Result<Report, Failure> {
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
    let mails = mails::measure(dir, short).await?;
    let (lists, audit) = lists::measure(&world, dir).await?;

    say("limits of this machine, once more");
    let limits = limits.or(limits::measure(dir, short).await?);
    let issuance = loads
        .into_iter()
        .map(|(name, cost, clients, load)| issue::Row::of(name, cost, clients, load, &limits))
        .collect();
    Ok(Report {
        machine: machine::Machine::this(),
        limits,
        issuance,
        timing,
        gateway,
        answers,
        signatures,
        mails,
        lists,
        audit,
    })
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
