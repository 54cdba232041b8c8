//! Another e-mail address for a seat.

use clap::Args;
use tegata_domain::{Email, UserId};
use tegata_registrar::ServiceSettings;
use tegata_text::Lang;

use super::super::mail_template::lang;
use super::super::{Failure, Scoped, operator, output};

#[derive(Args)]
pub(in super::super) struct ChangeEmailArgs {
    /// User ID
    user_id: UserId,
    /// The new address
    email: Email,
    /// Language of the mail and its page: ja or en [default: that of the user's mails]
    #[arg(long, value_parser = lang)]
    lang: Option<Lang>,
    #[command(flatten)]
    scoped: Scoped,
}

pub(super) async fn run(args: ChangeEmailArgs) -> Result<(), Failure> {
    let ChangeEmailArgs { user_id, email, lang, scoped } = args;
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let place = (service.id, &settings);
    let asked = office.ask_email(operator(), place, user_id, email, lang).await?;
    let (user_id, help) = (&asked.user_id, &settings.help.en);
    let json = serde_json::json!({
        "user_id": user_id, "email": asked.present, "waits": asked.new, "help": help,
    });
    let stays = match &asked.present {
        Some(present) => format!("{present} stays registered until then, and is told."),
        None => "No address is registered until then.".to_owned(),
    };
    let sentence = format!(
        "A mail with a link goes to {}. Whoever reads it there registers the address of {user_id}; \
         the link works once, for 24 hours. {stays}\nA request before this one is void. The user \
         is told to call: {help}",
        asked.new
    );
    output::one(scoped.common.json, &json, &sentence)
}
