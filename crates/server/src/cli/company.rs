use clap::Subcommand;
use serde::Serialize;
use tegata_domain::{BranchCode, CompanyCode};
use tegata_store::View;

use super::company_closing::{self, CloseArgs};
use super::zone::Zone;
use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum CompanyCommand {
    /// Add a company
    #[command(after_help = "Example:
  tegata company add CMSM950-006 --name 'Sample Trading Co., Ltd.' --branch 950 --dir D")]
    Add {
        /// Code with which its user IDs begin, for example CMSM950-006
        code: CompanyCode,
        /// Name as it will stand in certificates
        #[arg(long)]
        name: String,
        /// The branch in charge
        #[arg(long)]
        branch: BranchCode,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Close a company with all its seats; their certificates are revoked
    #[command(after_help = "Examples:
  tegata company close CMSM950-006 --dir D --dry-run
  tegata company close CMSM950-006 --dir D

At a terminal it asks first; --yes is for scripts.")]
    Close(CloseArgs),
    /// Open a closed company again; its seats stay closed
    #[command(after_help = "Example:
  tegata company reopen CMSM950-006 --dir D")]
    Reopen {
        /// The company's code
        code: CompanyCode,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// List the companies
    #[command(after_help = "Example:
  tegata company list --dir D")]
    List(Scoped),
}

#[derive(Serialize)]
struct Row {
    code: CompanyCode,
    name: String,
    /// Since when it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<jiff::Timestamp>,
}

pub(super) async fn run(command: CompanyCommand) -> Result<(), Failure> {
    match command {
        CompanyCommand::Add { code, name, branch, scoped } => {
            // What cannot stand in a certificate is refused now, not at the first issuance.
            tegata_ca::SubjectName::new(&name)?;
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let branch = office.branch(service.id, &branch)?;
            office.add_company(operator(), branch, code.clone(), name.clone()).await?;
            let sentence = format!("company {code} added");
            output::one(scoped.common.json, &Row { code, name, closed_at: None }, &sentence)
        }
        CompanyCommand::Close(args) => company_closing::close(args).await,
        CompanyCommand::Reopen { code, scoped } => company_closing::reopen(code, &scoped).await,
        CompanyCommand::List(scoped) => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let rows: Vec<Row> = office
                .store()
                .read(|view: View<'_>| view.companies(service.id))?
                .into_iter()
                .map(|company| Row {
                    code: company.code,
                    name: company.name,
                    closed_at: company.closed_at,
                })
                .collect();
            let zone = Zone::of(&service)?;
            output::list(scoped.common.json, &rows, &["COMPANY", "NAME", "CLOSED"], |row| {
                vec![row.code.to_string(), row.name.clone(), zone.maybe(row.closed_at)]
            })
        }
    }
}
