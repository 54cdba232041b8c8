use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::UserId;
use tegata_registrar::ServerTrouble;
use tegata_store::{MailFilter, MailId, MailRow};
use tegata_text::Lang;

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

/// Why a mail waits or was given up, in words where it is the mail server as a whole.
fn why(error: &str, lang: Lang) -> String {
    match ServerTrouble::recorded(error) {
        Some((trouble, said)) => format!("{} ({said})", trouble.told(lang)),
        None => error.to_owned(),
    }
}

/// The language of whoever sits at this terminal (POSIX, *Environment Variables* §8.2).
fn language(variable: impl Fn(&str) -> Option<String>) -> Lang {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let set = named.into_iter().filter_map(variable).find(|value| !value.is_empty());
    set.as_deref().and_then(Lang::from_tag).unwrap_or(Lang::En)
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
            let lang = language(|name| std::env::var(name).ok());
            let headings = ["ID", "KIND", "TO", "STATE", "CREATED", "TRIED", "WHY"];
            output::list(scoped.common.json, &rows, &headings, |row| {
                vec![
                    row.id.to_string(),
                    row.kind.clone(),
                    row.to.clone(),
                    row.state.to_owned(),
                    zone.moment(row.created_at),
                    row.attempts.to_string(),
                    row.error.as_deref().map(|error| why(error, lang)).unwrap_or_default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_mails_wait_is_said_in_words_of_the_terminals_language() {
        let record = ServerTrouble::Password.record("permanent error (535): 5.7.8 Error");
        let [ja, en] = [Lang::Ja, Lang::En].map(|lang| why(&record, lang));
        assert!(ja.starts_with("メールサーバーの利用者名またはパスワード"), "{ja}");
        assert!(en.starts_with("the mail server refuses the user name or the password ("), "{en}");
        assert_eq!(
            why("transient error (450): greylisted", Lang::Ja),
            "transient error (450): greylisted"
        );
        let of = |all: &[(&str, &str)]| {
            language(|name| {
                all.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Lang::Ja);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "C.UTF-8"), ("LANG", "ja_JP")]), Lang::En);
        assert_eq!(of(&[]), Lang::En);
    }
}
