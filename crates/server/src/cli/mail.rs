use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::UserId;
use tegata_store::{MailFilter, MailId, MailRow};

use super::zone::Zone;
use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum MailCommand {
    /// List mails, newest first; what they say is not shown
    #[command(after_help = "Examples:
  tegata mail list --failed --dir D
  tegata mail list --seat CMSM950-006-401 --dir D --json")]
    List {
        /// Only those that could not be delivered
        #[arg(long)]
        failed: bool,
        /// Only those to the user of this seat
        #[arg(long)]
        seat: Option<UserId>,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Try a mail again at once
    #[command(after_help = "Example:
  tegata mail retry 17 --dir D")]
    Retry {
        /// Number, as `list` shows it
        id: u64,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Give up a mail that waits or could not be delivered
    #[command(after_help = "Example:
  tegata mail drop 17 --dir D")]
    Drop {
        /// Number, as `list` shows it
        id: u64,
        #[command(flatten)]
        scoped: Scoped,
    },
}

#[derive(Serialize)]
struct Row {
    id: u64,
    kind: String,
    to: String,
    lang: String,
    state: &'static str,
    created_at: Timestamp,
    attempts: u32,
    next_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    delayed_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    dropped_at: Option<Timestamp>,
    error: Option<String>,
}

impl From<MailRow> for Row {
    fn from(mail: MailRow) -> Self {
        Self {
            id: mail.id.number(),
            state: match &mail {
                MailRow { dropped_at: Some(_), .. } => "dropped",
                MailRow { sent_at: Some(_), failed_at: Some(_), .. } => "came back",
                MailRow { failed_at: Some(_), .. } => "failed",
                MailRow { delayed_at: Some(_), .. } => "late",
                MailRow { sent_at: Some(_), .. } => "sent",
                MailRow { attempts: 0, .. } => "waiting",
                _ => "trying",
            },
            kind: mail.kind,
            to: mail.recipient,
            lang: mail.lang,
            created_at: mail.created_at,
            attempts: mail.attempts,
            next_at: mail.next_at,
            sent_at: mail.sent_at,
            delayed_at: mail.delayed_at,
            failed_at: mail.failed_at,
            dropped_at: mail.dropped_at,
            error: mail.error,
        }
    }
}

pub(super) async fn run(command: MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::List { failed, seat, limit, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let seat = seat.map(|user_id| office.seat(service.id, &user_id)).transpose()?;
            let filter = MailFilter { failed, seat: seat.map(|seat| seat.id), limit };
            let rows: Vec<Row> =
                office.mails(service.id, &filter)?.into_iter().map(Row::from).collect();
            let zone = Zone::of(&service)?;
            let headings = ["ID", "KIND", "TO", "STATE", "CREATED", "TRIED", "WHY"];
            output::list(scoped.common.json, &rows, &headings, |row| {
                vec![
                    row.id.to_string(),
                    row.kind.clone(),
                    row.to.clone(),
                    row.state.to_owned(),
                    zone.moment(row.created_at),
                    row.attempts.to_string(),
                    row.error.clone().unwrap_or_default(),
                ]
            })
        }
        MailCommand::Retry { id, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            office.retry_mail(operator(), service.id, MailId::from_number(id)).await?;
            let json = serde_json::json!({ "id": id, "state": "waiting" });
            output::one(scoped.common.json, &json, &format!("mail {id} is tried again"))
        }
        MailCommand::Drop { id, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            office.drop_mail(operator(), service.id, MailId::from_number(id)).await?;
            let json = serde_json::json!({ "id": id, "state": "dropped" });
            output::one(scoped.common.json, &json, &format!("mail {id} is given up"))
        }
    }
}
