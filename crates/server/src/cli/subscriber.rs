mod closing;
mod email;
mod password;
mod reissue;

use clap::Subcommand;
use serde::Serialize;
use tegata_domain::{CompanyCode, CredentialState, SeatState, UserId};
use tegata_registrar::{NewSeat, ServiceSettings};
use tegata_store::{StoreError, View};
use tegata_text::Lang;

use super::mail_template::lang;
use super::zone::Zone;
use super::{Failure, Scoped, operator, output};
use closing::CloseArgs;
use email::ChangeEmailArgs;
use password::Answer;
use reissue::ReissueArgs;

#[derive(Subcommand)]
pub(super) enum SubscriberCommand {
    /// Add seats to a company; prints their initial passwords, once
    #[command(after_help = "Example:
  tegata subscriber add --company CMSM950-006 --count 10 --dir D --json")]
    Add {
        /// The company's code
        #[arg(long)]
        company: CompanyCode,
        /// How many, 1 to 1000
        #[arg(long, default_value_t = 1)]
        count: u16,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Change what is kept of a seat: the language of its mails
    #[command(after_help = "Example:
  tegata subscriber set CMSM950-006-401 --lang en --dir D")]
    Set {
        /// User ID
        user_id: UserId,
        /// Language of its mails, ja or en
        #[arg(long, value_parser = lang)]
        lang: Lang,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// List the seats
    #[command(after_help = "Example:
  tegata subscriber list --company CMSM950-006 --dir D")]
    List {
        /// Only this company's
        #[arg(long)]
        company: Option<CompanyCode>,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Give a seat a new initial password, where the old one is lost or lapsed; prints it, once
    #[command(after_help = "Example:
  tegata subscriber reset CMSM950-006-401 --dir D

A certificate that the seat has is revoked by the issuance with this password. For a lost or stolen
key, or a new PC: tegata subscriber reissue.")]
    Reset {
        /// User ID
        user_id: UserId,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Let a seat have a new certificate (expired, new PC, lost or stolen key); prints the
    /// initial password, once
    #[command(after_help = "Examples:
  tegata subscriber reissue CMSM950-006-401 --dir D                  new PC, or expired
  tegata subscriber reissue CMSM950-006-401 --dir D --lost-key       the PC broke
  tegata subscriber reissue CMSM950-006-401 --dir D --compromised    the PC was stolen

Without an option the old certificate is good until the new one is issued.")]
    Reissue(ReissueArgs),
    /// Change the e-mail address; the new one has to confirm it
    #[command(after_help = "Example:
  tegata subscriber change-email CMSM950-006-401 hanako@example.co.jp --dir D --lang ja")]
    ChangeEmail(ChangeEmailArgs),
    /// Close a seat: its certificates are revoked, its password and mails go
    #[command(after_help = "Example:
  tegata subscriber close CMSM950-006-401 --dir D

At a terminal it asks first; --yes is for scripts.")]
    Close(CloseArgs),
    /// Open a closed seat again, with a new initial password; prints it, once
    #[command(after_help = "Example:
  tegata subscriber reopen CMSM950-006-401 --dir D")]
    Reopen {
        /// User ID
        user_id: UserId,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Make a locked initial password work again
    #[command(after_help = "Example:
  tegata subscriber unlock CMSM950-006-401 --dir D")]
    Unlock {
        /// User ID
        user_id: UserId,
        #[command(flatten)]
        scoped: Scoped,
    },
}

#[derive(Serialize)]
struct Slip {
    user_id: UserId,
    password: String,
}

impl From<NewSeat> for Slip {
    fn from(seat: NewSeat) -> Self {
        Self { user_id: seat.user_id, password: seat.password.reveal() }
    }
}

#[derive(Serialize)]
struct Row {
    user_id: UserId,
    credential: &'static str,
    failures: u8,
    email: Option<String>,
    lang: Option<String>,
    unattended: bool,
    /// An address that waits for its confirmation.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_waits: Option<String>,
    open: bool,
}

pub(super) async fn run(command: SubscriberCommand) -> Result<(), Failure> {
    match command {
        SubscriberCommand::Add { company, count, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let settings = ServiceSettings::on_record(&service.settings)?;
            let company = office.company(service.id, &company)?;
            let seats = office.add_seats(operator(), company, count, settings.credential()).await?;
            let slips: Vec<Slip> = seats.into_iter().map(Slip::from).collect();
            print_slips(scoped.common.json, &slips)
        }
        SubscriberCommand::Set { user_id, lang, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            office.set_lang(operator(), service.id, user_id.clone(), lang).await?;
            let json = serde_json::json!({ "user_id": user_id, "lang": lang.code() });
            let sentence = format!("mails to {user_id} are in {} from now on", lang.code());
            output::one(scoped.common.json, &json, &sentence)
        }
        SubscriberCommand::List { company, scoped } => list(company, &scoped),
        SubscriberCommand::Reset { user_id, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let settings = ServiceSettings::on_record(&service.settings)?;
            let zone = Zone::set(&settings)?;
            let seat = office.reset(operator(), service.id, user_id, settings.credential()).await?;
            let answer = Answer::of(&office, service.id, seat, &settings)?;
            output::one(scoped.common.json, &[&answer], &answer.after_reset(&zone))
        }
        SubscriberCommand::Unlock { user_id, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let settings = ServiceSettings::on_record(&service.settings)?;
            let done = office.unlock(operator(), service.id, user_id).await?;
            let until = Zone::set(&settings)?.moment(done.lapses_at);
            let (user_id, lapses_at, help) = (done.user_id, done.lapses_at, settings.help.en);
            let json = serde_json::json!({
                "user_id": user_id, "credential": "ready", "lapses_at": lapses_at, "help": help,
            });
            let sentence = format!(
                "{user_id} can be used again, with the same initial password, until \
                 {until}. If it is forgotten: tegata subscriber reset {user_id}\nThe user \
                 is told to call: {help}"
            );
            output::one(scoped.common.json, &json, &sentence)
        }
        SubscriberCommand::Reissue(args) => reissue::run(args).await,
        SubscriberCommand::ChangeEmail(args) => email::run(args).await,
        SubscriberCommand::Close(args) => closing::close(args).await,
        SubscriberCommand::Reopen { user_id, scoped } => closing::reopen(user_id, &scoped).await,
    }
}

fn print_slips(json: bool, slips: &[Slip]) -> Result<(), Failure> {
    output::list(json, slips, &["USER ID", "INITIAL PASSWORD"], |slip| {
        vec![slip.user_id.to_string(), slip.password.clone()]
    })
}

fn list(company: Option<CompanyCode>, scoped: &Scoped) -> Result<(), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let company = company.map(|code| office.company(service.id, &code)).transpose()?;
    let now = office.now();
    let rows = office.store().read(|view: View<'_>| {
        let seats = view.seats(service.id, company.map(|company| company.id))?;
        seats
            .into_iter()
            .map(|seat| {
                let credential = view.credential(seat.id)?.map(|record| record.credential);
                let (state, failures) = match credential {
                    None => ("none", 0),
                    Some(credential) => match credential.state {
                        CredentialState::Ready { failures } if now < credential.lapses_at => {
                            ("ready", failures)
                        }
                        CredentialState::Ready { failures } => ("lapsed", failures),
                        CredentialState::Consumed { .. } => ("consumed", 0),
                        CredentialState::Locked { .. } => ("locked", 0),
                    },
                };
                let open = seat.state == SeatState::Open;
                let state = if open { state } else { "closed" };
                Ok(Row {
                    open,
                    email_waits: view.pending_email(seat.id)?.map(|one| one.email.to_string()),
                    user_id: seat.user_id,
                    credential: state,
                    failures,
                    email: seat.email.map(String::from),
                    lang: seat.lang,
                    unattended: seat.unattended,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()
    })?;
    output::list(
        scoped.common.json,
        &rows,
        &["USER ID", "CREDENTIAL", "FAILURES", "LANG", "E-MAIL"],
        |row| {
            vec![
                row.user_id.to_string(),
                row.credential.to_owned(),
                row.failures.to_string(),
                row.lang.clone().unwrap_or_default(),
                match &row.email_waits {
                    Some(new) => {
                        format!("{} (waits: {new})", row.email.as_deref().unwrap_or_default())
                    }
                    None => row.email.clone().unwrap_or_default(),
                },
            ]
        },
    )
}
