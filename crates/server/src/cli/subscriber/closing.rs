//! Seats that are given up, or taken up again.

use clap::Args;
use tegata_domain::UserId;
use tegata_registrar::ServiceSettings;

use super::super::confirm::{Meant, Unasked};
use super::super::output::counted;
use super::super::zone::Zone;
use super::super::{Failure, Scoped, operator, output};
use super::password::Answer;

#[derive(Args)]
pub(in super::super) struct CloseArgs {
    /// User ID
    user_id: UserId,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    scoped: Scoped,
}

pub(super) async fn close(args: CloseArgs) -> Result<(), Failure> {
    let CloseArgs { user_id, meant, scoped } = args;
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    // Named wrongly, nobody is asked about it.
    office.seat(service.id, &user_id)?;
    let question = format!("Close {user_id} and revoke its certificates for good?");
    meant.confirm(&question, Unasked::Goes)?;
    let closed = office.close_seat(operator(), service.id, user_id).await?;
    let (user_id, help) = (&closed.user_id, &settings.help.en);
    let json = serde_json::json!({
        "user_id": user_id, "state": "closed", "revoked": closed.revoked,
        "credential_withdrawn": closed.credential, "mails_dropped": closed.mails, "help": help,
    });
    let password = match closed.credential {
        true => "Its initial password is withdrawn.",
        false => "It had no initial password.",
    };
    let sentence = format!(
        "{user_id} is closed. {} revoked (cessationOfOperation); gateways refuse what had them \
         within a second. {password} {} dropped.\nThe user is told to call: {help}\nTo take it up \
         again, with a new password: tegata subscriber reopen {user_id}",
        counted(closed.revoked.len() as u64, "certificate"),
        counted(closed.mails as u64, "waiting mail"),
    );
    output::one(scoped.common.json, &json, &sentence)
}

pub(super) async fn reopen(user_id: UserId, scoped: &Scoped) -> Result<(), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let zone = Zone::set(&settings)?;
    let policy = settings.credential();
    let seat = office.reopen_seat(operator(), service.id, user_id, policy).await?;
    let answer = Answer::of(&office, service.id, seat, &settings)?;
    output::one(scoped.common.json, &[&answer], &answer.after_reopening(&zone))
}
