use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::Serial;
use tegata_registrar::AuditReport;
use tegata_server::anchor::AnchorDir;
use tegata_store::{AuditEntry, AuditFault, View};

use super::{Common, Failure, Told, output};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Show entries, oldest first
    #[command(after_help = "Examples:
  tegata audit show --dir D --reference R-7K3M-9QWX     what a caller was refused for
  tegata audit show --dir D --object CMSM950-006-401 --last 20
  tegata audit show --dir D --entry 4711
  tegata audit show --dir D --action certificate.revoked --since 2026-11-01T00:00:00+09:00")]
    Show {
        #[command(flatten)]
        filter: Filter,
        /// Only the last so many
        #[arg(long, default_value_t = 100)]
        last: usize,
        #[command(flatten)]
        common: Common,
    },
    /// Check that every entry follows from the one before, and that the end is the anchored one
    #[command(after_help = "Examples:
  tegata audit verify --dir D
  tegata audit verify --dir D --anchor /mnt/other/anchor")]
    Verify {
        /// Directory of the anchor [default: audit.anchor_dir of the settings]
        #[arg(long)]
        anchor: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(clap::Args)]
pub(super) struct Filter {
    /// Only the entry of this number
    #[arg(long, value_name = "N")]
    entry: Option<i64>,
    /// Only the entry behind this support reference
    #[arg(long)]
    reference: Option<String>,
    /// Only entries about this user ID or name
    #[arg(long)]
    object: Option<String>,
    /// Only what this actor did, for example `operator root`
    #[arg(long)]
    actor: Option<String>,
    /// Only this action or, with a dot at its end, group of actions: `certificate.`
    #[arg(long)]
    action: Option<String>,
    /// Only entries about this serial number
    #[arg(long)]
    serial: Option<tegata_domain::Serial>,
    /// Only from this moment on, for example 2026-11-01T00:00:00+09:00
    #[arg(long)]
    since: Option<Timestamp>,
    /// Only before this moment
    #[arg(long)]
    until: Option<Timestamp>,
}

impl Filter {
    fn wants(&self, seq: i64, entry: &AuditEntry) -> bool {
        let about = |object: &String| {
            entry.object == *object || entry.actor.split(' ').nth(1) == Some(object)
        };
        let action = |wanted: &String| match wanted.strip_suffix('.') {
            Some(_) => entry.action.starts_with(wanted.as_str()),
            None => entry.action == *wanted,
        };
        let serial = |wanted: &tegata_domain::Serial| {
            entry.detail.get("serial").and_then(|v| v.as_str()) == Some(&wanted.to_string())
        };
        self.entry.is_none_or(|wanted| seq == wanted)
            && self.reference.as_ref().is_none_or(|wanted| entry.reference.as_ref() == Some(wanted))
            && self.object.as_ref().is_none_or(about)
            && self.actor.as_ref().is_none_or(|wanted| entry.actor == *wanted)
            && self.action.as_ref().is_none_or(action)
            && self.serial.as_ref().is_none_or(serial)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

/// Entries read at a time.
const PAGE: u32 = 10_000;

pub(super) fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Show { filter, last, common } => show(&filter, last, &common),
        AuditCommand::Verify { anchor, common } => verify(anchor, &common),
    }
}

fn show(filter: &Filter, last: usize, common: &Common) -> Result<(), Failure> {
    let office = common.office_unchecked()?;
    // From the end: the last ones are wanted, and the log may be long.
    let mut found: Vec<(i64, AuditEntry)> = Vec::new();
    let mut before = filter.entry.map_or(i64::MAX, |entry| entry.saturating_add(1));
    let size = if filter.entry.is_some() { 1 } else { PAGE };
    // One more than is shown, to know whether there are more.
    while found.len() <= last {
        let page = office.store().read(|view: View<'_>| view.audit_entries_back(before, size))?;
        let Some((seq, _)) = page.last() else { break };
        before = *seq;
        found.extend(page.into_iter().filter(|(seq, entry)| filter.wants(*seq, entry)));
        if filter.entry.is_some() {
            break;
        }
    }
    let more = found.len() > last;
    found.truncate(last);
    found.reverse();
    let rows: Vec<Row> = found.into_iter().map(Row::from).collect();
    let headings = ["NO", "AT", "WHO", "WHAT", "OBJECT", "DETAIL", "REFERENCE"];
    output::list(common.json, &rows, &headings, cells)?;
    if more {
        output::progress(&format!("showing the last {last}; --last N for more"));
    }
    Ok(())
}

/// An entry as it is shown.
#[derive(Serialize)]
struct Row {
    seq: i64,
    /// To the millisecond, whatever the nanoseconds.
    at: String,
    actor: String,
    action: String,
    object: String,
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    detail: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

impl From<(i64, AuditEntry)> for Row {
    fn from((seq, entry): (i64, AuditEntry)) -> Self {
        let AuditEntry { at, actor, action, object, detail, reference } = entry;
        Self { seq, at: format!("{at:.3}"), actor, action, object, detail, reference }
    }
}

/// What does not hold, for `--json`.
#[derive(Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
enum Fault {
    Altered { entry: i64 },
    Missing { from: i64, to: i64 },
    Unrevoked { serial: Serial },
    Anchor { sentence: String },
}

fn verify(anchor: Option<PathBuf>, common: &Common) -> Result<(), Failure> {
    let office = common.office_unchecked()?;
    let AuditReport { head, faults, unrevoked } = office.verify_audit()?;
    let mut faults: Vec<Fault> = faults.into_iter().map(Fault::from).collect();
    faults.extend(unrevoked.into_iter().map(|serial| Fault::Unrevoked { serial }));
    let expected = anchor.is_some() || office.has_anchor()?;
    let path = match anchor {
        Some(anchor) => anchor,
        None => common.settings()?.anchor_dir,
    };
    let anchor = AnchorDir::new(&path);
    if expected && !anchor.exists() {
        faults
            .push(Fault::Anchor { sentence: format!("there is no anchor in {}", path.display()) });
    }
    let anchored = anchor.known()?;
    if let Err(rollback) = office.check_anchor(&anchored)? {
        faults.push(Fault::Anchor { sentence: rollback.to_string() });
    }
    let hash = hex::encode(head.hash);
    let json = serde_json::json!({
        "holds": faults.is_empty(), "entries": head.seq, "hash": hash,
        "anchored": anchored.audit_seq, "faults": faults,
    });
    if faults.is_empty() {
        let until = match anchored.audit_seq {
            0 => "there is no anchor yet".to_owned(),
            seq => format!("anchored up to entry {seq}"),
        };
        let entries = head.seq;
        return output::one(
            common.json,
            &json,
            &format!("the audit log is whole: {entries} entries, {until}, last hash {hash}"),
        );
    }
    let lines: Vec<String> = faults.iter().map(Fault::sentence).collect();
    let sentence = format!("the audit log was changed:\n  {}", lines.join("\n  "));
    if common.json {
        output::one(true, &json, "")?;
        return Err(Told(sentence).into());
    }
    Err(sentence.into())
}

impl From<AuditFault> for Fault {
    fn from(fault: AuditFault) -> Self {
        match fault {
            AuditFault::Altered { seq } => Self::Altered { entry: seq },
            AuditFault::Missing { from, to } => Self::Missing { from, to },
        }
    }
}

impl Fault {
    fn sentence(&self) -> String {
        match self {
            Self::Altered { entry } => format!("entry {entry} is not what was written"),
            Self::Missing { from, to } if from == to => format!("entry {from} is gone"),
            Self::Missing { from, to } => format!("entries {from} to {to} are gone"),
            Self::Unrevoked { serial } => {
                format!("certificate {serial} was revoked, and the database has it as good")
            }
            Self::Anchor { sentence } => sentence.clone(),
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let detail = if row.detail.is_null() { String::new() } else { row.detail.to_string() };
    vec![
        row.seq.to_string(),
        row.at.clone(),
        row.actor.clone(),
        row.action.clone(),
        row.object.clone(),
        detail,
        row.reference.clone().unwrap_or_default(),
    ]
}
