//! What mails say: a service's own texts, and all of them as they would be sent.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use tegata_registrar::{MailKind, MailSample};
use tegata_server::post;
use tegata_text::{Lang, MailMessage, MailTemplates, TemplateFault};

use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum MailTemplateCommand {
    /// List the messages of mails, their variables, and which are the service's own
    #[command(after_help = "Example:
  tegata service mail-template list --dir D")]
    List(Scoped),
    /// Print messages as they are now, to be edited
    #[command(after_help = "Example:
  tegata service mail-template export --lang ja --dir D > ja.ftl")]
    Export {
        /// Language, ja or en
        #[arg(long, value_parser = lang)]
        lang: Lang,
        /// Only these; all when none is named
        #[arg(value_parser = message)]
        messages: Vec<String>,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Take messages in place of the built-in ones; refused when one cannot be rendered
    #[command(after_help = "Example:
  tegata service mail-template set --lang ja ja.ftl --dir D
A file of `export` says its language in its first line and is taken in no other.
Messages that say what is built in go on as they were. A running server takes them at once.")]
    Set {
        /// Language, ja or en
        #[arg(long, value_parser = lang)]
        lang: Lang,
        /// File of Fluent messages
        file: PathBuf,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Go back to the built-in messages
    #[command(after_help = "Example:
  tegata service mail-template reset mail-reminder-subject --dir D")]
    Reset {
        /// Language, ja or en; both when none is named
        #[arg(long, value_parser = lang)]
        lang: Option<Lang>,
        /// Only these; all when none is named
        #[arg(value_parser = message)]
        messages: Vec<String>,
        #[command(flatten)]
        scoped: Scoped,
    },
}

#[derive(Args)]
pub(super) struct PreviewArgs {
    /// Only this kind
    #[arg(long, value_parser = kind)]
    kind: Option<MailKind>,
    /// Only this language, ja or en
    #[arg(long, value_parser = lang)]
    lang: Option<Lang>,
    /// Write each mail into a file of this directory instead
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    scoped: Scoped,
}

#[derive(Serialize)]
struct Row {
    message: &'static str,
    lang: &'static str,
    own: bool,
    variables: &'static [&'static str],
    source: String,
}

pub(super) async fn run(command: MailTemplateCommand) -> Result<(), Failure> {
    match command {
        MailTemplateCommand::List(scoped) => {
            let rows = rows(&scoped)?;
            let headings = ["MESSAGE", "LANG", "", "VARIABLES"];
            output::list(scoped.common.json, &rows, &headings, |row| {
                vec![
                    row.message.to_owned(),
                    row.lang.to_owned(),
                    if row.own { "own" } else { "built in" }.to_owned(),
                    row.variables.join(" "),
                ]
            })
        }
        MailTemplateCommand::Export { lang, messages, scoped } => {
            let mut rows = rows(&scoped)?;
            rows.retain(|row| {
                row.lang == lang.code()
                    && (messages.is_empty() || messages.iter().any(|id| id == row.message))
            });
            if scoped.common.json {
                return output::one(true, &rows, "");
            }
            let sources = rows.into_iter().map(|row| row.source).collect::<String>();
            output::text(&format!("{}\n{sources}", MailTemplates::first_line(lang)))
        }
        MailTemplateCommand::Set { lang, file, scoped } => {
            let source = read(&file).map_err(|why| format!("{}: {why}", file.display()))?;
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let ids = office.set_mail_templates(operator(), service, lang, &source).await?;
            let json = serde_json::json!({ "lang": lang.code(), "messages": ids });
            let count = output::counted(ids.len() as u64, "message");
            let sentence = format!("{count} in the service's own words ({})", lang.code());
            output::one(scoped.common.json, &json, &sentence)
        }
        MailTemplateCommand::Reset { lang, messages, scoped } => {
            let office = scoped.common.office()?;
            let service = office.choose_service(scoped.service.as_ref())?;
            let count = office.reset_mail_templates(operator(), service, lang, &messages).await?;
            let json = serde_json::json!({ "reset": count });
            let sentence =
                format!("{} back to what is built in", output::counted(count as u64, "message"));
            output::one(scoped.common.json, &json, &sentence)
        }
    }
}

/// A file of messages; of one that is too long, enough to be refused.
fn read(file: &Path) -> std::io::Result<String> {
    let mut octets = Vec::new();
    let limit = MailTemplates::MAX_SOURCE as u64 + 1;
    fs::File::open(file)?.take(limit).read_to_end(&mut octets)?;
    if octets.len() > MailTemplates::MAX_SOURCE {
        // Cut within a character, it would be called something else.
        return Err(std::io::Error::other(TemplateFault::TooLong));
    }
    String::from_utf8(octets).map_err(|why| std::io::Error::other(why.utf8_error()))
}

fn rows(scoped: &Scoped) -> Result<Vec<Row>, Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let templates = office.mail_templates(&service)?;
    let row = |template: tegata_registrar::TemplateRow| Row {
        message: template.message.id,
        lang: template.lang.code(),
        own: template.own,
        variables: template.message.variables,
        source: template.source,
    };
    Ok(templates.into_iter().map(row).collect())
}

pub(super) fn preview(args: &PreviewArgs) -> Result<(), Failure> {
    let common = &args.scoped.common;
    let from = common.settings()?.mail_from;
    let office = common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?;
    let samples = office.preview_mails(&service, args.kind, args.lang)?;
    if let Some(dir) = &args.out {
        return write(dir, samples, &from, common.json);
    }
    if common.json {
        let json = |sample: &MailSample| {
            serde_json::json!({
                "kind": sample.kind.name(),
                "sample": sample.name,
                "lang": sample.lang.code(),
                "from_name": sample.letter.from_name.as_str(),
                "to": sample.letter.to,
                "subject": sample.letter.subject.as_str(),
                "body": sample.letter.body,
            })
        };
        return output::one(true, &samples.iter().map(json).collect::<Vec<_>>(), "");
    }
    let shown = |sample: &MailSample| {
        let letter = &sample.letter;
        format!(
            "=== {} ({})\nFrom: {} <{from}>\nTo: {}\nSubject: {}\n\n{}\n",
            sample.name,
            sample.lang.code(),
            letter.from_name,
            letter.to.as_str(),
            letter.subject,
            letter.body
        )
    };
    output::text(&samples.iter().map(shown).collect::<Vec<_>>().join("\n"))
}

/// Files that a mail program opens.
fn write(dir: &Path, samples: Vec<MailSample>, from: &str, json: bool) -> Result<(), Failure> {
    if dir.is_file() {
        return Err(format!("{} is a file; name a directory", dir.display()).into());
    }
    fs::create_dir_all(dir).map_err(|why| format!("{}: {why}", dir.display()))?;
    let mut written = Vec::new();
    for sample in samples {
        let file = dir.join(format!("{}.{}.eml", sample.name, sample.lang.code()));
        fs::write(&file, post::preview(&sample.letter, from)?)
            .map_err(|why| format!("{}: {why}", file.display()))?;
        written.push(file);
    }
    let count = output::counted(written.len() as u64, "mail");
    output::one(json, &written, &format!("{count} written to {}", dir.display()))
}

/// A language of the product.
pub(super) fn lang(text: &str) -> Result<Lang, String> {
    let known = Lang::ALL.into_iter().find(|lang| lang.code() == text);
    known.ok_or_else(|| "ja or en".to_owned())
}

fn kind(text: &str) -> Result<MailKind, String> {
    MailKind::from_name(text).ok_or_else(|| {
        let names: Vec<_> = MailKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

fn message(text: &str) -> Result<String, String> {
    let unknown = "no such message; `mail-template list` names them all";
    MailMessage::find(text).map(|found| found.id.to_owned()).ok_or_else(|| unknown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        let refused = read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(refused.to_string(), "longer than 256 KiB");
    }
}
