use clap::Subcommand;
use serde::Serialize;
use tegata_domain::{BranchCode, Email};
use tegata_store::View;

use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum BranchCommand {
    /// Add a branch
    #[command(after_help = "Example:
  tegata branch add 950 --name Marunouchi --mail branch950@example.co.jp --dir D")]
    Add {
        /// Code, for example 950
        code: BranchCode,
        /// Name as people write it
        #[arg(long)]
        name: String,
        /// E-mail of the branch, for its daily digest
        #[arg(long)]
        mail: Option<Email>,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Change where the daily digest of a branch goes
    #[command(after_help = "Examples:
  tegata branch set 950 --mail branch950@example.co.jp --dir D
  tegata branch set 950 --no-mail --dir D")]
    Set {
        /// Code, for example 950
        code: BranchCode,
        /// E-mail of the branch
        #[arg(long, required_unless_present = "no_mail", conflicts_with = "no_mail")]
        mail: Option<Email>,
        /// No digest any more
        #[arg(long)]
        no_mail: bool,
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
    mail: Option<Email>,
}

pub(super) async fn run(command: BranchCommand) -> Result<(), Failure> {
    match command {
        BranchCommand::Add { code, name, mail, scoped } => {
            // The same bounds as a company's, whose name stands in certificates.
            tegata_ca::SubjectName::new(&name)?;
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            office.add_branch(operator(), service.id, code.clone(), name.clone()).await?;
            if mail.is_some() {
                let branch = office.branch(service.id, &code)?;
                office.set_branch_email(operator(), branch, mail.clone()).await?;
            }
            let sentence = format!("branch {code} added");
            output::one(scoped.common.json, &Row { code, name, mail }, &sentence)
        }
        BranchCommand::Set { code, mail, no_mail: _, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let branch = office.branch(service.id, &code)?;
            let name = branch.name.clone();
            office.set_branch_email(operator(), branch, mail.clone()).await?;
            let sentence = match &mail {
                Some(mail) => format!("the digest of branch {code} goes to {}", mail.as_str()),
                None => format!("branch {code} gets no digest"),
            };
            output::one(scoped.common.json, &Row { code, name, mail }, &sentence)
        }
        BranchCommand::List(scoped) => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let rows: Vec<Row> = office
                .store()
                .read(|view: View<'_>| view.branches(service.id))?
                .into_iter()
                .map(|branch| Row { code: branch.code, name: branch.name, mail: branch.email })
                .collect();
            output::list(scoped.common.json, &rows, &["BRANCH", "NAME", "E-MAIL"], |row| {
                let mail = row.mail.as_ref().map(|mail| mail.as_str().to_owned());
                vec![row.code.to_string(), row.name.clone(), mail.unwrap_or_default()]
            })
        }
    }
}
