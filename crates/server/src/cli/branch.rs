use clap::Subcommand;
use serde::Serialize;
use tegata_domain::BranchCode;
use tegata_store::View;

use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum BranchCommand {
    /// Add a branch
    #[command(after_help = "Example:
  tegata branch add 950 --name Marunouchi --dir D")]
    Add {
        /// Code, for example 950
        code: BranchCode,
        /// Name as people write it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// List the branches
    #[command(after_help = "Example:
  tegata branch list --dir D --json")]
    List(Scoped),
}

#[derive(Serialize)]
struct Row {
    code: BranchCode,
    name: String,
}

pub(super) async fn run(command: BranchCommand) -> Result<(), Failure> {
    match command {
        BranchCommand::Add { code, name, scoped } => {
            // The same bounds as a company's, whose name stands in certificates.
            tegata_ca::SubjectName::new(&name)?;
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            office.add_branch(operator(), service.id, code.clone(), name.clone()).await?;
            let sentence = format!("branch {code} added");
            output::one(scoped.common.json, &Row { code, name }, &sentence)
        }
        BranchCommand::List(scoped) => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let rows: Vec<Row> = office
                .store()
                .read(|view: View<'_>| view.branches(service.id))?
                .into_iter()
                .map(|branch| Row { code: branch.code, name: branch.name })
                .collect();
            output::list(scoped.common.json, &rows, &["BRANCH", "NAME"], |row| {
                vec![row.code.to_string(), row.name.clone()]
            })
        }
    }
}
