use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use tegata_domain::Clock;
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::simulate::{Beginning, Behaviour, Event, Outcome, Simulation, Timeline};

use super::output::counted;
use super::serve::{alt_name, stop_on_signal};
use super::{Common, Failure, WouldGoWrong, output};

#[derive(Args)]
#[command(
    after_help = "A copy of the database lives through the time under a clock that is turned by hand; \
the original is only read, and may be in use. Reminders, mails, retirements, CRLs, OCSP responders \
and rollovers are made by the server's own jobs. No mail is sent. The copy has throwaway keys in the \
place of every CA key that is at hand, and so do its subscribers: nothing that is signed is good \
outside, no token is asked, and a root that is offline stays offline.

What people do: a PC that is known to renew unattended does so within a day after its window opens; \
everybody else renews one to three days after a reminder reached them; what is new is used within a \
day. Who belongs to a share follows from the user ID. Seats are neither added nor closed.

--json prints one event a line: at, event, service, user_id, serial, and what else the kind has. \
event is one of renewal_opens, reminder (threshold_days), renewed, superseded, retired, expired, \
crl, responder_renewed, rollover, problem (problem, severity, detail).

Exit codes: 0 nothing would have gone wrong, 1 failed, 2 usage, 3 something would have. Problems of \
severity `notice` (an initial password lapses unused, a branch has no address, the TLS certificate \
of a gateway that does not report ends) are told but leave it at 0.

Examples:
  tegata simulate --dir D
  tegata simulate --dir D --days 800 --from 2027-04-01 --out mails/
  tegata simulate --dir D --renewing-share 0.9 --following-share 0.5 --json"
)]
pub(super) struct SimulateArgs {
    #[command(flatten)]
    common: Common,
    /// How many days
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(i64).range(1..=7300))]
    days: i64,
    /// From when on: a date (midnight in the first service's time zone) or a time such as
    /// 2027-04-01T00:00:00+09:00; nothing happens between now and then [default: now]
    #[arg(long, value_name = "DATE")]
    from: Option<Beginning>,
    /// Folder for the mails, one .eml file each; without, they are only counted
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Part of the PCs known to renew unattended that do
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    renewing_share: f64,
    /// Part of all others that renew after a reminder
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    following_share: f64,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a part of the whole, from 0 to 1".to_owned()),
    }
}

pub(super) async fn run(args: SimulateArgs) -> Result<(), Failure> {
    let settings = args.common.settings()?;
    if let Some(out) = &args.out
        && fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(format!("{} is not empty; name a new folder", out.display()).into());
    }
    let plan = Simulation {
        original: args.common.dir.clone(),
        from: args.from.unwrap_or_else(|| Beginning::At(SystemClock.now())),
        days: args.days,
        behaviour: Behaviour {
            renewing_share: args.renewing_share,
            following_share: args.following_share,
        },
        automatic_rollover: settings.automatic_rollover,
        site_names: settings.site_names.iter().map(|name| alt_name(name)).collect(),
        mails: args.out,
        mail_from: settings.mail_from,
        mail_signer: settings.mail_signer,
        mail_unsigned: settings.mail_unsigned,
    };
    let mut stop = stop_on_signal()?;
    let outcome = tokio::select! {
        outcome = simulate(&plan, args.common.json) => outcome?,
        // The copy is removed on the way out.
        _ = stop.wait_for(|stop| *stop) => return Err("stopped; the copy is removed".into()),
    };
    match outcome.failures {
        0 => Ok(()),
        failures => Err(Box::new(WouldGoWrong(failures))),
    }
}

async fn simulate(plan: &Simulation, json: bool) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let prepared = plan.prepare(Arc::new(SystemEntropy)).await?;
    let zone = prepared.time_zone();
    let (from, until) = prepared.span();
    let mut timeline = Timeline::new(zone.clone());
    let mut lines = std::io::BufWriter::new(std::io::stdout());
    let mut tell = |event: &Event| {
        if json {
            serde_json::to_writer(&mut lines, event)?;
            lines.write_all(b"\n")
        } else {
            timeline.push(event);
            Ok(())
        }
    };
    let mut progress = |reached: Timestamp| {
        output::progress(&format!("{}", reached.to_zoned(zone.clone()).date()));
    };
    let outcome = prepared.run(&mut tell, &mut progress).await?;
    lines.flush()?;
    if !json {
        output::text(&timeline.text())?;
    }
    let Outcome { certificates, mails, moments, failures, notices } = outcome;
    output::progress(&format!(
        "{} from {} to {}, {}, {}, {}, {}, in {:.1} s",
        counted(certificates as u64, "certificate"),
        from.to_zoned(zone.clone()).date(),
        until.to_zoned(zone).date(),
        counted(moments as u64, "moment"),
        counted(mails as u64, "mail"),
        counted(failures as u64, "failure"),
        counted(notices as u64, "notice"),
        begun.elapsed().as_secs_f64()
    ));
    Ok(outcome)
}
