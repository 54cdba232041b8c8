//! Revoking one thing that was named, or many that were selected.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use tegata_domain::{BranchCode, CompanyCode, Reason, Revocation, Serial, UserId};
use tegata_registrar::{
    Changed, Office, RevocationPlan, Selection, ServiceSettings, StatusChange, Successors, Target,
    names_from,
};
use tegata_store::{Revocable, ServiceRecord};

use super::super::confirm::{Meant, Unasked};
use super::super::output::counted;
use super::super::zone::Zone;
use super::super::{Failure, Scoped, Usage, operator, output};
use super::{ChangedRow, note, print_changed, reason};

/// Most names in a note.
const NAMED: usize = 5;

#[derive(Args)]
pub(in super::super) struct RevokeArgs {
    /// User ID or serial number
    target: Option<Target>,
    /// All of a company
    #[arg(long, conflicts_with = "target")]
    company: Option<CompanyCode>,
    /// All of a branch
    #[arg(long, conflicts_with = "target")]
    branch: Option<BranchCode>,
    /// Those that a file names: a user ID or serial number a line, or the first column of a CSV
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    from_file: Option<PathBuf>,
    /// Those issued from one moment to another: dates, the second one included, or times
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], conflicts_with = "target")]
    issued_between: Option<Vec<String>>,
    /// Why (RFC 5280 §5.3.1)
    #[arg(long, value_parser = reason, default_value = "unspecified")]
    reason: Reason,
    /// Since when it was no good, if that was before now (RFC 5280 §5.3.2): a date or a time,
    /// as in 2026-11-01 or 2026-11-01T09:30, in the service's time zone
    #[arg(long, visible_alias = "at", value_name = "TIME")]
    invalidity_date: Option<String>,
    /// Only say what would be revoked
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    scoped: Scoped,
}

#[derive(Serialize)]
struct Row<'a> {
    user_id: &'a UserId,
    company: &'a CompanyCode,
    serial: Serial,
    state: &'static str,
    issued_at: Option<Timestamp>,
    not_after: Timestamp,
}

impl<'a> From<&'a Revocable> for Row<'a> {
    fn from(standing: &'a Revocable) -> Self {
        let Revocable { serial, user_id, company, issued_at, not_after, held } = standing;
        let (serial, issued_at, not_after) = (*serial, *issued_at, *not_after);
        let state = if *held { "held" } else { "live" };
        Row { user_id, company, serial, state, issued_at, not_after }
    }
}

/// What is said when nothing is named: everything is not meant by saying nothing.
const WITHOUT_TARGET: &str = "say what to revoke: a user ID (all certificates of a seat), a serial \
     number (one certificate), or --company, --branch, --from-file or --issued-between (many; add \
     --dry-run to see which). For example: tegata certificate revoke CMSM950-006-401 --reason \
     keyCompromise";

impl RevokeArgs {
    fn is_without_target(&self) -> bool {
        let Self { target, company, branch, from_file, issued_between, .. } = self;
        target.is_none()
            && company.is_none()
            && branch.is_none()
            && from_file.is_none()
            && issued_between.is_none()
    }
}

pub(super) async fn run(args: RevokeArgs) -> Result<(), Failure> {
    if args.is_without_target() {
        return Err(Usage(WITHOUT_TARGET).into());
    }
    let office = args.scoped.common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let zone = TimeZone::get(&settings.time_zone)?;
    let mut revocation = Revocation::new(args.reason)?;
    if let Some(text) = &args.invalidity_date {
        revocation = revocation.since(moment(text, &zone)?.0, office.now())?;
    }
    match args.target.clone() {
        Some(target) => one(&office, &service, &settings, target, revocation, &args).await,
        None => many(&office, &service, &settings, &zone, revocation, &args).await,
    }
}

async fn one(
    office: &Office,
    service: &ServiceRecord,
    settings: &ServiceSettings,
    target: Target,
    revocation: Revocation,
    args: &RevokeArgs,
) -> Result<(), Failure> {
    let name = target.to_string();
    if args.dry_run {
        let names = Some(vec![(1, target)]);
        let selection = Selection { names, ..Selection::default() };
        let plan = office.plan_revocation(service.id, &selection)?;
        let successors = office.successors(service.id, &plan, revocation.reason())?;
        return planned(&plan, &successors, &Zone::set(settings)?, args.scoped.common.json);
    }
    args.meant.confirm(&format!("Revoke {name} for good?"), Unasked::Goes)?;
    let changed = office.revoke(operator(), service.id, target, revocation).await?;
    let change = StatusChange::Revoke(revocation.reason());
    let mut note = note(change, &changed, &settings.help.en);
    let serials: Vec<Serial> = changed.iter().map(|one| one.serial).collect();
    let left = office.standing_successors(service.id, &serials)?;
    if let Some(left) = still_good(left.iter().map(|(_, one)| one.serial)) {
        note.push_str(&format!("\n{left}"));
    }
    let rows: Vec<_> = changed
        .into_iter()
        .map(|Changed { user_id, serial }| {
            let of_this = left.iter().filter(|(from, _)| *from == serial);
            let successors_left = of_this.map(|(_, one)| one.serial).collect();
            let row = ChangedRow::new(user_id, serial, "revoked", settings);
            ChangedRow { successors_left, ..row }
        })
        .collect();
    print_changed(args.scoped.common.json, &rows, &note)
}

async fn many(
    office: &Office,
    service: &ServiceRecord,
    settings: &ServiceSettings,
    zone: &TimeZone,
    revocation: Revocation,
    args: &RevokeArgs,
) -> Result<(), Failure> {
    let names = args.from_file.as_ref().map(|file| {
        let octets = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
        names_from(&octets).map_err(|error| format!("{}: {error}", file.display()))
    });
    let issued = args.issued_between.as_ref().map(|ends| between(ends, zone)).transpose()?;
    let selection = Selection {
        company: args.company.clone(),
        branch: args.branch.clone(),
        issued,
        names: names.transpose()?,
    };
    let json = args.scoped.common.json;
    let plan = office.plan_revocation(service.id, &selection)?;
    let successors = office.successors(service.id, &plan, revocation.reason())?;
    if args.dry_run {
        return planned(&plan, &successors, &Zone::set(settings)?, json);
    }
    if plan.certificates.is_empty() {
        return Err("nothing was changed: no certificate that stands is meant".into());
    }
    if !json {
        planned(&plan, &successors, &Zone::set(settings)?, false)?;
    }
    let count = counted(plan.certificates.len() as u64, "certificate");
    args.meant.confirm(
        &format!("Revoke {count} for good ({})?", revocation.reason().name()),
        Unasked::Stops,
    )?;
    let done = office.revoke_many(operator(), service.id, &plan, revocation).await?;
    let value = serde_json::json!({
        "order": done.order.to_string(), "revoked": done.revoked, "skipped": done.skipped,
        "successors": done.successors, "successors_left": done.left,
        "reason": revocation.reason().name(), "help": settings.help.en,
        "certificates": rows(&plan.certificates),
    });
    let skipped = match done.skipped {
        0 => String::new(),
        some => format!(" {some} had been revoked or ended meanwhile."),
    };
    let successors = match done.successors {
        0 => String::new(),
        some => format!(" {some} more went that had been renewed from them."),
    };
    let left = still_good(done.left.iter().copied());
    let left = left.map(|said| format!("\n{said}")).unwrap_or_default();
    let sentence = format!(
        "\n{} revoked for good, order {}.{skipped}{successors} Gateways refuse them within a second; the CRL \
         follows. Their users are told to call: {}{left}",
        counted(done.revoked as u64, "certificate"),
        done.order,
        settings.help.en
    );
    output::one(json, &value, &sentence)
}

fn rows(certificates: &[Revocable]) -> Vec<Row<'_>> {
    certificates.iter().map(Row::from).collect()
}

/// Says what would go: the list, then the counts.
pub(in super::super) fn planned(
    plan: &RevocationPlan,
    successors: &Successors,
    zone: &Zone,
    json: bool,
) -> Result<(), Failure> {
    let rows = rows(&plan.certificates);
    let mut companies: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        *companies.entry(row.company.to_string()).or_default() += 1;
    }
    let nothing: Vec<String> = plan.nothing.iter().map(|(_, target)| target.to_string()).collect();
    if json {
        let value = serde_json::json!({
            "dry_run": true, "count": rows.len(), "companies": companies, "nothing_left": nothing,
            "certificates": rows, "successors": self::rows(&successors.go),
            "successors_left": self::rows(&successors.stay),
        });
        return output::one(true, &value, "");
    }
    let headings = ["USER ID", "COMPANY", "SERIAL", "STATE", "NOT AFTER"];
    let cells = |row: &Row<'_>| {
        vec![
            row.user_id.to_string(),
            row.company.to_string(),
            row.serial.to_string(),
            row.state.to_owned(),
            zone.moment(row.not_after),
        ]
    };
    output::list(false, &rows, &headings, cells)?;
    if !successors.go.is_empty() {
        output::text("\nrenewed from these and revoked with them:\n")?;
        output::list(false, &self::rows(&successors.go), &headings, cells)?;
    }
    let mut text = format!("\n{}", counted(rows.len() as u64, "certificate"));
    if !successors.go.is_empty() {
        text.push_str(&format!(", and {} renewed from them", successors.go.len()));
    }
    for (company, count) in &companies {
        text.push_str(&format!("\n  {company}: {count}"));
    }
    if let Some(names) = named(nothing) {
        text.push_str(&format!("\nnothing that stands is left of {names}"));
    }
    if let Some(said) = still_good(successors.stay.iter().map(|one| one.serial)) {
        text.push_str(&format!("\n{said}"));
    }
    output::text(&(text + "\n"))
}

/// Names what was renewed from what is revoked, and stays.
fn still_good(left: impl Iterator<Item = Serial>) -> Option<String> {
    let left: Vec<String> = left.map(|serial| serial.to_string()).collect();
    let count = counted(left.len() as u64, "certificate");
    Some(format!("Still good, renewed from them and not meant: {} ({count})", named(left)?))
}

/// The first few names, and how many more there are.
fn named(names: Vec<String>) -> Option<String> {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        _ if names.is_empty() => None,
        0 => Some(shown),
        more => Some(format!("{shown} and {more} more")),
    }
}

/// A moment as people write it, and whether only its day was given.
fn moment(text: &str, zone: &TimeZone) -> Result<(Timestamp, bool), Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok((at, false));
    }
    let (day, clock) = (text.parse::<Date>(), text.parse::<DateTime>());
    let whole_day = !text.contains(['T', ' ']);
    let local = match (day, clock) {
        (Ok(day), _) if whole_day => day.at(0, 0, 0, 0),
        (_, Ok(clock)) => clock,
        _ => {
            let wrong = "is neither a date nor a time such as 2026-11-01 or 2026-11-01T09:30";
            return Err(format!("{text:?} {wrong}").into());
        }
    };
    Ok((zone.to_ambiguous_timestamp(local).compatible()?, whole_day))
}

/// From the first to before the second; a day that is given as the second belongs to it.
fn between(ends: &[String], zone: &TimeZone) -> Result<(Timestamp, Timestamp), Failure> {
    let [from, to] = ends else { return Err("--issued-between takes two moments".into()) };
    let (from, _) = moment(from, zone)?;
    let (to, whole_day) = moment(to, zone)?;
    let before = match whole_day {
        true => to.to_zoned(zone.clone()).checked_add(1.day())?.timestamp(),
        false => to,
    };
    if from >= before {
        return Err("--issued-between: the second moment comes before the first".into());
    }
    Ok((from, before))
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn tokyo() -> TimeZone {
        TimeZone::get("Asia/Tokyo").unwrap()
    }

    #[test]
    fn moments_are_read_in_the_services_zone() {
        for (text, at, day) in [
            ("2026-11-01", "2026-10-31T15:00:00Z", true),
            ("2026-11-01T09:30", "2026-11-01T00:30:00Z", false),
            ("2026-11-01 09:30", "2026-11-01T00:30:00Z", false),
            ("2026-11-01T09:30:00+00:00", "2026-11-01T09:30:00Z", false),
        ] {
            assert_eq!(moment(text, &tokyo()).unwrap(), (at.parse().unwrap(), day), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "01.11.2026"] {
            assert!(moment(text, &tokyo()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_second_day_is_included_and_also_when_it_has_25_hours() {
        let ends = |from: &str, to: &str| [from.to_owned(), to.to_owned()];
        let (from, before) = between(&ends("2026-11-01", "2026-11-01"), &tokyo()).unwrap();
        assert_eq!(before.duration_since(from).as_hours(), 24);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let (from, before) = between(&ends("2026-10-25", "2026-10-25"), &berlin).unwrap();
        assert_eq!(before.duration_since(from).as_hours(), 25);
        assert!(between(&ends("2026-11-02", "2026-11-01"), &tokyo()).is_err());
    }

    #[test]
    fn nothing_named_is_told_with_what_can_be_and_an_example() {
        let parse = |text: &str| {
            let command =
                RevokeArgs::augment_args(clap::Command::new("revoke").no_binary_name(true));
            let matches = command.try_get_matches_from(text.split_whitespace()).unwrap();
            RevokeArgs::from_arg_matches(&matches).unwrap()
        };
        assert!(parse("--reason keyCompromise").is_without_target());
        for named in ["CMSM950-006-401", "--company CMSM950-006", "--from-file x.csv"] {
            assert!(!parse(named).is_without_target(), "{named}");
        }
        for part in ["user ID", "serial number", "--from-file", "CMSM950-006-401 --reason"] {
            assert!(WITHOUT_TARGET.contains(part), "{part}");
        }
    }

    #[test]
    fn what_stays_good_is_named() {
        let serial = |digit: &str| digit.repeat(32).parse::<Serial>().unwrap();
        assert_eq!(still_good(std::iter::empty()), None);
        let said = still_good([serial("4")].into_iter()).unwrap();
        assert!(
            said.contains(&serial("4").to_string()) && said.contains("(1 certificate)"),
            "{said}"
        );
    }
}
