use clap::Subcommand;
use tegata_store::{AuditEntry, StoreError, View};

use super::{Common, Failure, output};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Show entries, oldest first
    #[command(after_help = "Examples:
  tegata audit show --dir D --reference R-7K3M-9QWX     what a caller was refused for
  tegata audit show --dir D --object CMSM950-006-401 --last 20")]
    Show {
        /// Only the entry behind this support reference
        #[arg(long)]
        reference: Option<String>,
        /// Only entries about this user ID or name
        #[arg(long)]
        object: Option<String>,
        /// Only the last so many
        #[arg(long, default_value_t = 100)]
        last: usize,
        #[command(flatten)]
        common: Common,
    },
    /// Check that every entry follows from the one before
    #[command(after_help = "Example:
  tegata audit verify --dir D")]
    Verify(Common),
}

/// Entries read at a time.
const PAGE: u32 = 10_000;

pub(super) fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Show { reference, object, last, common } => {
            let office = common.office()?;
            let wanted = |entry: &AuditEntry| {
                let about = |object: &String| {
                    entry.object == *object || entry.actor.ends_with(object.as_str())
                };
                reference.as_ref().is_none_or(|wanted| entry.reference.as_ref() == Some(wanted))
                    && object.as_ref().is_none_or(about)
            };
            let mut found: Vec<AuditEntry> = office.store().read(|view: View<'_>| {
                let (mut found, mut after) = (Vec::new(), 0);
                loop {
                    let page = view.audit_entries(after, PAGE)?;
                    let Some((seq, _)) = page.last() else { return Ok::<_, StoreError>(found) };
                    after = *seq;
                    found.extend(page.into_iter().map(|(_, entry)| entry).filter(wanted));
                }
            })?;
            found.drain(..found.len().saturating_sub(last));
            let headings = ["AT", "WHO", "WHAT", "OBJECT", "DETAIL", "REFERENCE"];
            output::list(common.json, &found, &headings, cells)
        }
        AuditCommand::Verify(common) => {
            let office = common.office()?;
            if !office.store().read(|view: View<'_>| view.audit_chain_holds())? {
                return Err("the audit log was changed: an entry does not follow from the one \
                            before"
                    .into());
            }
            let json = serde_json::json!({ "holds": true });
            output::one(common.json, &json, "the audit log is whole")
        }
    }
}

fn cells(entry: &AuditEntry) -> Vec<String> {
    let detail = if entry.detail.is_null() { String::new() } else { entry.detail.to_string() };
    vec![
        entry.at.to_string(),
        entry.actor.clone(),
        entry.action.clone(),
        entry.object.clone(),
        detail,
        entry.reference.clone().unwrap_or_default(),
    ]
}
