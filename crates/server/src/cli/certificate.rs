mod revoke;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tegata_domain::{CertificateState, Reason, Serial, UserId, Validity};
use tegata_registrar::{Changed, ServiceSettings, StatusChange, Target};
use tegata_store::{CertificateFilter, Listed, Usage, View};

use super::zone::Zone;
use super::{Failure, Scoped, operator, output};
use revoke::RevokeArgs;
pub(super) use revoke::planned;

#[derive(Subcommand)]
pub(super) enum CertificateCommand {
    /// List certificates, soonest to end first
    #[command(after_help = "Example:
  tegata certificate list --expiring-within 60d --dir D
  tegata certificate list --never-used --dir D
  tegata certificate list --still-old --dir D
  tegata certificate list --idle 90d --dir D")]
    List {
        /// Only this user ID's
        #[arg(long)]
        user_id: Option<UserId>,
        /// Only those that end within this time: 60d, 12h
        #[arg(long, value_parser = duration)]
        expiring_within: Option<SignedDuration>,
        #[command(flatten)]
        usage: UsageArgs,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Revoke for good: by user ID or serial number, or many at once
    #[command(after_help = "Examples:
  tegata certificate revoke CMSM950-006-401 --dir D --reason keyCompromise
  tegata certificate revoke CMSM950-006-401 --reason keyCompromise --invalidity-date 2026-11-01
  tegata certificate revoke --from-file stolen.csv --reason keyCompromise --dry-run
  tegata certificate revoke --company CMSM950-006 --issued-between 2026-11-01 2026-11-07 --yes

Selections narrow each other. At a terminal it asks first; --yes is for scripts.
Reasons: unspecified, keyCompromise, affiliationChanged, superseded,
cessationOfOperation, privilegeWithdrawn. For a time only: tegata certificate hold.")]
    Revoke(Box<RevokeArgs>),
    /// Put on hold, by user ID or serial number; can be released
    #[command(after_help = "Example:
  tegata certificate hold CMSM950-006-401 --dir D")]
    Hold {
        /// User ID or serial number
        target: Target,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Release from hold, by user ID or serial number
    #[command(after_help = "Example:
  tegata certificate release CMSM950-006-401 --dir D")]
    Release {
        /// User ID or serial number
        target: Target,
        #[command(flatten)]
        scoped: Scoped,
    },
}

/// How those that are listed were used.
#[derive(Args, Clone, Copy)]
#[group(multiple = false)]
pub(super) struct UsageArgs {
    /// Only live ones that no gateway ever admitted
    #[arg(long)]
    never_used: bool,
    /// Only renewed ones that are still the ones presented last
    #[arg(long)]
    still_old: bool,
    /// Only live ones that were used, but not within this time: 90d
    #[arg(long, value_parser = duration)]
    idle: Option<SignedDuration>,
}

impl UsageArgs {
    fn filter(self, now: Timestamp) -> Option<Usage> {
        let idle = |time| Usage::Idle { at: now, since: now - time };
        match self {
            Self { never_used: true, .. } => Some(Usage::Never { at: now }),
            Self { still_old: true, .. } => Some(Usage::StillOld { at: now }),
            Self { idle: time, .. } => time.map(idle),
        }
    }
}

#[derive(Serialize)]
struct Row {
    user_id: UserId,
    serial: Serial,
    state: &'static str,
    not_before: Timestamp,
    not_after: Timestamp,
    reason: Option<&'static str>,
    first_used_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    replaces: Option<Serial>,
}

#[derive(Serialize)]
struct ChangedRow {
    user_id: UserId,
    serial: Serial,
    state: &'static str,
    /// Whom the user is told to call.
    help: String,
    /// What stays good though it was renewed from this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successors_left: Vec<Serial>,
}

impl ChangedRow {
    fn new(
        user_id: UserId,
        serial: Serial,
        state: &'static str,
        settings: &ServiceSettings,
    ) -> Self {
        let help = settings.help.en.clone();
        Self { user_id, serial, state, help, successors_left: Vec::new() }
    }
}

pub(super) async fn run(command: CertificateCommand) -> Result<(), Failure> {
    match command {
        CertificateCommand::List { user_id, expiring_within, usage, scoped } => {
            list(user_id.as_ref(), expiring_within, usage, &scoped)
        }
        CertificateCommand::Revoke(args) => revoke::run(*args).await,
        CertificateCommand::Hold { target, scoped } => {
            change(target, StatusChange::Hold, "held", &scoped).await
        }
        CertificateCommand::Release { target, scoped } => {
            change(target, StatusChange::Release, "released", &scoped).await
        }
    }
}

async fn change(
    target: Target,
    change: StatusChange,
    state: &'static str,
    scoped: &Scoped,
) -> Result<(), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let changed = office.change_status(operator(), service.id, target, change).await?;
    let note = note(change, &changed, &settings.help.en);
    let rows: Vec<_> = changed
        .into_iter()
        .map(|Changed { user_id, serial }| ChangedRow::new(user_id, serial, state, &settings))
        .collect();
    print_changed(scoped.common.json, &rows, &note)
}

fn print_changed(json: bool, rows: &[ChangedRow], note: &str) -> Result<(), Failure> {
    output::list(json, rows, &["USER ID", "SERIAL", "NOW"], |row| {
        vec![row.user_id.to_string(), row.serial.to_string(), row.state.to_owned()]
    })?;
    if json { Ok(()) } else { output::text(&format!("\n{note}\n")) }
}

/// What happens now, what can follow, and whom the user calls.
fn note(change: StatusChange, changed: &[Changed], help: &str) -> String {
    let user_id = changed.first().map(|one| one.user_id.to_string()).unwrap_or_default();
    match change {
        StatusChange::Revoke(reason) => {
            let key = match reason {
                Reason::KeyCompromise => " Its key is never certified again.",
                _ => "",
            };
            format!(
                "Revoked for good: gateways refuse it within a second, also on open connections, \
                 and the CRL follows.{key}\nThe user is told to call: {help}\nA new certificate: \
                 tegata subscriber reissue {user_id}"
            )
        }
        StatusChange::Hold => format!(
            "On hold: gateways refuse it within a second, also on open connections.\nThe user is \
             told to call: {help}\nIf all is well: tegata certificate release {user_id}\nIf the \
             key is in other hands: tegata certificate revoke {user_id} --reason keyCompromise"
        ),
        StatusChange::Release => format!(
            "Released: gateways let it in again within a second. If not, the user is told to \
             call: {help}"
        ),
    }
}

fn list(
    user_id: Option<&UserId>,
    expiring_within: Option<SignedDuration>,
    usage: UsageArgs,
    scoped: &Scoped,
) -> Result<(), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let now = office.now();
    let filter = CertificateFilter {
        seat: user_id.map(|user_id| office.seat(service.id, user_id)).transpose()?.map(|s| s.id),
        ends_from: expiring_within.map(|_| now),
        ends_before: expiring_within.map(|within| now + within),
        usage: usage.filter(now),
        limit: None,
    };
    let rows: Vec<Row> = office
        .store()
        .read(|view: View<'_>| view.listed(service.id, &filter))?
        .into_iter()
        .map(|Listed { record, first_used_at, last_used_at }| {
            let Validity { not_before, not_after } = record.certificate.validity;
            let (state, reason) = match record.certificate.state {
                CertificateState::Planned { .. } => ("planned", None),
                CertificateState::Void { .. } => ("void", None),
                CertificateState::Revoked { reason, .. } => ("revoked", Some(reason.name())),
                CertificateState::Held { .. } => ("held", None),
                _ if record.certificate.validity.is_over(now) => ("expired", None),
                CertificateState::Superseded { .. } => ("superseded", None),
                CertificateState::Issued { .. } => ("live", None),
            };
            let serial = record.certificate.serial;
            Row {
                user_id: record.user_id,
                serial,
                state,
                not_before,
                not_after,
                reason,
                first_used_at,
                last_used_at,
                replaces: record.replaces,
            }
        })
        .collect();
    let zone = Zone::of(&service)?;
    output::list(
        scoped.common.json,
        &rows,
        &["USER ID", "SERIAL", "STATE", "NOT AFTER", "LAST USED", "REASON"],
        |row| {
            vec![
                row.user_id.to_string(),
                row.serial.to_string(),
                row.state.to_owned(),
                zone.moment(row.not_after),
                zone.maybe(row.last_used_at),
                row.reason.unwrap_or_default().to_owned(),
            ]
        },
    )
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::ALL
        .into_iter()
        .filter(|reason| *reason != Reason::CertificateHold)
        .find(|reason| reason.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            "one of unspecified, keyCompromise, affiliationChanged, superseded, \
             cessationOfOperation, privilegeWithdrawn"
                .to_owned()
        })
}

/// `60d`, `12h`, `30m`: a number and its unit.
pub(super) fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "a number with d (days), h (hours) or m (minutes), for example 60d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => return Err(wrong()),
    };
    if !(0..=36_500).contains(&(count.saturating_mul(seconds) / 86_400)) || count < 0 {
        return Err("between 0 and 36500 days".to_owned());
    }
    Ok(SignedDuration::from_secs(count * seconds))
}
