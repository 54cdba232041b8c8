//! A new certificate for a seat that has, or had, one.

use clap::Args;
use tegata_domain::{Reissue, UserId};
use tegata_registrar::ServiceSettings;

use super::super::confirm::{Meant, Unasked};
use super::super::output::counted;
use super::super::zone::Zone;
use super::super::{Failure, Scoped, operator, output};
use super::password::Answer;

#[derive(Args)]
pub(in super::super) struct ReissueArgs {
    /// User ID
    user_id: UserId,
    /// The key is gone, and nobody else has it: revoke the certificate at once
    #[arg(long)]
    lost_key: bool,
    /// Others have the key, or may: revoke the certificate at once, for keyCompromise
    #[arg(long, conflicts_with = "lost_key")]
    compromised: bool,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    scoped: Scoped,
}

pub(super) async fn run(args: ReissueArgs) -> Result<(), Failure> {
    let ReissueArgs { user_id, lost_key, compromised, meant, scoped } = args;
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let what = match (lost_key, compromised) {
        (_, true) => Reissue::Compromised,
        (true, _) => Reissue::LostKey,
        _ => Reissue::Planned,
    };
    if what.at_once().is_some() {
        // Named wrongly, nobody is asked about it.
        office.seat(service.id, &user_id)?;
        let question = format!("Revoke what {user_id} has, for good, and give out a new password?");
        meant.confirm(&question, Unasked::Goes)?;
    }
    let zone = Zone::set(&settings)?;
    let policy = settings.credential();
    let done = office.reissue(operator(), service.id, user_id, policy, what).await?;
    let answer = Answer {
        user_id: done.seat.user_id,
        password: done.seat.password.reveal(),
        lapses_at: done.lapses_at,
        standing: done.standing,
        revoked: done.revoked,
        help: settings.help.en,
    };
    output::one(scoped.common.json, &answer, &sentence(&answer, &zone))
}

fn sentence(answer: &Answer, zone: &Zone) -> String {
    let revoked = counted(answer.revoked.len() as u64, "certificate");
    let older = match (answer.standing(), answer.revoked.is_empty()) {
        (Some(standing), _) => standing,
        (None, true) => "It has no certificate that is good now.".to_owned(),
        (None, false) => {
            format!("{revoked} revoked now; gateways refuse what had them within a second.")
        }
    };
    answer.sentence(zone, &older)
}
