use clap::Args;
use tegata_domain::ServiceKey;
use tegata_registrar::Standing;
use tegata_store::View;

use super::serve::check_reports;
use super::zone::Zone;
use super::{Common, Failure, NeedsAttention, output};

#[derive(Args)]
#[command(
    after_help = "Needs attention: a CRL that is overdue or missing, a CA that ends within the renewal \
window without another after it, a TLS certificate of the issuing site or a gateway that ends within \
30 days (both are renewed before: the site's by `tegata serve`, a gateway's when it reports), a \
gateway that reported once but not for 5 minutes (for 30 days: it counts as taken away) or that is \
3 minutes behind the revocation feed, a mail server that cannot be reached or refuses us, a mail that
could not be delivered or waits for an hour, a Maildir for reports that is set and cannot be read.

Exit codes: 0 all is well, 1 failed, 2 usage, 3 something needs attention.

Examples:
  tegata status --dir D
  tegata status --dir D --json --idle-days 30"
)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    common: Common,
    /// Only this service, as TENANT/ISSUER
    #[arg(long)]
    service: Option<ServiceKey>,
    /// After how many days without use a live certificate counts as idle
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3650))]
    idle_days: i64,
}

/// Shows how the services stand.
pub(super) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let office = args.common.office()?;
    let services = match &args.service {
        Some(key) => vec![office.choose_service(Some(key))?],
        None => office.store().read(|view: View<'_>| view.services())?,
    };
    let mut all = services
        .iter()
        .map(|service| office.standing(service, args.idle_days))
        .collect::<Result<Vec<_>, _>>()?;
    // Not of one service, but there is always a first.
    if let Some(first) = all.first_mut() {
        first.attention.extend(check_reports(&args.common.settings()?));
    }
    if args.common.json {
        output::one(true, &all, "")?;
    } else {
        for (service, standing) in services.iter().zip(&all) {
            show(standing, &Zone::of(service)?)?;
        }
    }
    match all.iter().map(|standing| standing.attention.len()).sum() {
        0 => Ok(()),
        count => Err(Box::new(NeedsAttention(count))),
    }
}

fn show(standing: &Standing, zone: &Zone) -> Result<(), Failure> {
    let Standing { idle_days, .. } = standing;
    let mut rows = vec![("live certificates".to_owned(), standing.live)];
    rows.extend(
        standing
            .expiring
            .iter()
            .map(|soon| (format!("  end within {} days", soon.days), soon.count)),
    );
    rows.extend([
        ("  issued, never used".to_owned(), standing.never_used),
        (format!("  not used for {idle_days} days"), standing.idle),
        ("renewed, not yet retired".to_owned(), standing.superseded),
        ("  still presenting the old one".to_owned(), standing.still_old),
        ("on hold".to_owned(), standing.held),
        ("initial passwords waiting".to_owned(), standing.waiting_credentials),
        ("initial passwords locked".to_owned(), standing.locked_credentials),
        ("mails waiting".to_owned(), standing.mails_waiting),
        ("mails not delivered".to_owned(), standing.mails_undelivered),
    ]);
    output::list(false, &rows, &[&standing.service, ""], |(what, count)| {
        vec![what.clone(), count.to_string()]
    })?;
    output::text("\n")?;
    output::list(
        false,
        &standing.gateways,
        &["GATEWAY", "LAST REPORT", "FEED", "CERTIFICATE ENDS"],
        |gateway| {
            let position =
                gateway.feed_position.map(|at| format!("{at} of {}", standing.feed_position));
            vec![
                gateway.name.clone(),
                gateway.reported_at.map_or("never".to_owned(), |at| zone.moment(at)),
                position.unwrap_or_default(),
                zone.moment(gateway.not_after),
            ]
        },
    )?;
    output::text("\n")?;
    output::list(false, &standing.authorities, &["CA", "ENDS", "CRL DUE"], |ca| {
        let retired = if ca.retired { " (retired)" } else { "" };
        let (ends, due) = (zone.moment(ca.not_after), zone.maybe(ca.crl_next_update));
        vec![format!("{}{retired}", ca.name), ends, due]
    })?;
    let lines: String =
        standing.attention.iter().map(|sentence| format!("attention: {sentence}\n")).collect();
    output::text(&format!("\n{lines}"))
}
