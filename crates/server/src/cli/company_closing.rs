//! Companies that leave, or come back.

use clap::Args;
use tegata_domain::CompanyCode;
use tegata_registrar::{RevocationPlan, ServiceSettings, Successors};

use super::certificate::planned;
use super::confirm::{Meant, Unasked};
use super::output::counted;
use super::zone::Zone;
use super::{Failure, Scoped, operator, output};

#[derive(Args)]
pub(super) struct CloseArgs {
    /// The company's code
    code: CompanyCode,
    /// Only say what would be closed and revoked
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    scoped: Scoped,
}

pub(super) async fn close(args: CloseArgs) -> Result<(), Failure> {
    let CloseArgs { code, dry_run, meant, scoped } = args;
    let json = scoped.common.json;
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let closing = office.company_closing(service.id, &code)?;
    let count = closing.certificates.len();
    if dry_run && json {
        let value = serde_json::json!({
            "dry_run": true, "company": code, "seats": closing.seats, "certificates": count,
        });
        return output::one(true, &value, "");
    }
    let (seats, certificates) =
        (counted(closing.seats as u64, "open seat"), counted(count as u64, "certificate"));
    if !json {
        let certificates = closing.certificates;
        let plan = RevocationPlan { certificates, ..RevocationPlan::default() };
        planned(&plan, &Successors::default(), &Zone::set(&settings)?, false)?;
        output::text(&format!("{seats} of {code} ({})\n", closing.company.name))?;
    }
    if dry_run {
        return Ok(());
    }
    let question = format!("Close {code} with {seats}, and revoke {certificates} for good?");
    meant.confirm(&question, Unasked::Stops)?;
    let closed = office.close_company(operator(), service.id, &code).await?;
    let value = serde_json::json!({
        "company": code, "state": "closed", "seats": closed.seats,
        "revoked": closed.certificates, "help": settings.help.en,
    });
    let sentence = format!(
        "\n{code} is closed: {} closed, {} revoked (cessationOfOperation), their passwords \
         withdrawn.\nIts users are told to call: {}\nTo take it up again: tegata company reopen \
         {code}, then tegata subscriber reopen for each seat",
        counted(closed.seats as u64, "seat"),
        counted(closed.certificates as u64, "certificate"),
        settings.help.en
    );
    output::one(json, &value, &sentence)
}

pub(super) async fn reopen(code: CompanyCode, scoped: &Scoped) -> Result<(), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    office.reopen_company(operator(), service.id, &code).await?;
    let sentence = format!(
        "{code} is open again. Its seats stay closed; each is opened with tegata subscriber reopen"
    );
    let value = serde_json::json!({ "company": code, "state": "open" });
    output::one(scoped.common.json, &value, &sentence)
}
