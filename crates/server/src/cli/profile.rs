use clap::Subcommand;
use der::pem::{LineEnding, encode_string};
use serde::Serialize;
use tegata_ca::{Described, Holder, KeyKind, ProvenKey, SubjectName, describe};
use tegata_registrar::{Preview, PreviewNames, ServiceSettings};
use tegata_store::{AuthorityRecord, ServiceRecord, View};

use super::{Failure, Scoped, output, service_settings};

#[derive(Subcommand)]
pub(super) enum ProfileCommand {
    /// List the profiles of a service
    #[command(after_help = "Example:
  tegata profile list --dir D")]
    List(Scoped),
    /// Show everything a profile says, defaults included
    #[command(after_help = "Example:
  tegata profile show client --dir D")]
    Show {
        /// client, server, operator, mail_signer or ocsp_responder
        #[arg(value_parser = holder)]
        name: Holder,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// Show the certificate a profile would make, with sample values and throwaway keys
    #[command(after_help = "Examples:
  tegata profile preview client --dir D
  tegata profile preview client --dir D --pem | openssl x509 -noout -text
  tegata profile preview client --dir D --service-settings new.json     before service change

Nothing is recorded. The serial number reads PREVIEW PREVIEW in ASCII.")]
    Preview {
        /// client, server, operator, mail_signer or ocsp_responder
        #[arg(value_parser = holder)]
        name: Holder,
        /// Print PEM: the certificate, then its throwaway issuing CA and root
        #[arg(long, conflicts_with = "json")]
        pem: bool,
        /// Settings to preview instead of those on record
        #[arg(long)]
        service_settings: Option<std::path::PathBuf>,
        /// Print every part in words, with the rule behind it (default)
        #[arg(long, conflicts_with_all = ["pem", "json"])]
        text: bool,
        #[command(flatten)]
        scoped: Scoped,
    },
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    extended_key_usages: Vec<String>,
    lifetime_days: u16,
    subject: String,
    changed: bool,
}

#[derive(Serialize)]
struct Part {
    name: String,
    oid: Option<String>,
    critical: bool,
    source: &'static str,
    says: Vec<String>,
}

pub(super) fn run(command: ProfileCommand) -> Result<(), Failure> {
    match command {
        ProfileCommand::List(scoped) => {
            let (settings, _, _) = on_record(&scoped)?;
            let rows = Holder::ALL.map(|holder| row(&settings, holder));
            let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
            let headings = ["NAME", "USAGE", "DAYS", "SUBJECT", ""];
            output::list(scoped.common.json, &rows, &headings, |row| {
                vec![
                    row.name.to_owned(),
                    row.extended_key_usages.join(" "),
                    row.lifetime_days.to_string(),
                    row.subject.clone(),
                    if row.changed { "as set" } else { "default" }.to_owned(),
                ]
            })
        }
        ProfileCommand::Show { name, scoped } => {
            let (settings, _, _) = on_record(&scoped)?;
            let json = settings.profile_in_full(name)?;
            output::one(scoped.common.json, &json, &serde_json::to_string_pretty(&json)?)
        }
        ProfileCommand::Preview { name, pem, service_settings, text: _, scoped } => {
            preview(name, pem, service_settings.as_deref(), &scoped)
        }
    }
}

fn preview(
    holder: Holder,
    as_pem: bool,
    file: Option<&std::path::Path>,
    scoped: &Scoped,
) -> Result<(), Failure> {
    let (on_record, names, kind) = on_record(scoped)?;
    let settings = match file {
        Some(file) => service_settings::read(file)?,
        None => on_record,
    };
    let now = scoped.common.office()?.now();
    let preview = Preview::new(&settings, holder, &names, kind, now)?;
    let chain = [&preview.certificate.der, &preview.issuing, &preview.root]
        .map(|der| pem(der))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    if as_pem {
        // Text before the first line of a certificate is passed over (RFC 7468 §5.2).
        let note = format!("{}\n", notice(holder));
        return output::text(&(note + &chain.concat()));
    }
    let parts = describe(&preview.certificate.der)?;
    let text = words(holder, &parts);
    let [certificate, issuing, root] = &chain[..] else {
        return Err("a chain of another length".into());
    };
    let json = serde_json::json!({
        "preview": true,
        "profile": holder.name(),
        "serial": preview.certificate.serial,
        "parts": parts.into_iter().map(part).collect::<Vec<_>>(),
        "certificate": certificate,
        "issuing": issuing,
        "root": root,
    });
    output::one(scoped.common.json, &json, &text)
}

fn notice(holder: Holder) -> String {
    format!(
        "PREVIEW of profile {}: sample values, throwaway keys and CAs, nothing recorded.",
        holder.name()
    )
}

fn words(holder: Holder, parts: &[Described]) -> String {
    let mut lines = vec![notice(holder), String::new()];
    for part in parts {
        let critical = if part.critical { ", critical" } else { "" };
        let oid = part.oid.as_ref().map(|oid| format!(" {oid}")).unwrap_or_default();
        lines.push(format!("{}{critical}  ({}{oid})", part.name, part.source));
        lines.extend(part.says.iter().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}

fn row(settings: &ServiceSettings, holder: Holder) -> Result<Row, Failure> {
    let full = settings.profile_in_full(holder)?;
    let subject = full.subject.iter().flatten().map(|one| one.to_string());
    Ok(Row {
        name: holder.name(),
        extended_key_usages: full.extended_key_usages.unwrap_or_default(),
        lifetime_days: full.lifetime_days.unwrap_or_default(),
        subject: subject.collect::<Vec<_>>().join(", "),
        changed: settings.profiles.of(holder).is_some(),
    })
}

/// The settings of the service meant, the names of its CAs, and the kind of their keys.
fn on_record(scoped: &Scoped) -> Result<(ServiceSettings, PreviewNames, KeyKind), Failure> {
    let office = scoped.common.office()?;
    let service: ServiceRecord = office.choose_service(scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let authorities: Vec<AuthorityRecord> =
        office.store().read(|view: View<'_>| view.authorities())?;
    let of = |id| authorities.iter().rev().find(|one| one.service == id);
    let (Some(root), Some(issuing)) = (of(None), of(Some(service.id))) else {
        return Err(format!("service {} has no issuing CA", service.key).into());
    };
    let subject = |record: &AuthorityRecord| match SubjectName::of_certificate(&record.certificate)
    {
        Some(name) => Ok(name),
        None => SubjectName::new(record.name.as_str()),
    };
    let names = PreviewNames {
        root: subject(root)?,
        issuing: subject(issuing)?,
        issuer: issuing.name.clone(),
        root_name: root.name.clone(),
    };
    let kind = tegata_ca::public_key_of(&issuing.certificate)
        .and_then(|spki| ProvenKey::own(&spki).ok())
        .map(|key| key.kind());
    // A size that the library cannot make is of no consequence for what the preview says.
    let kind = match kind {
        Some(kind @ (KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::Ed25519)) => kind,
        Some(KeyKind::Rsa(bits)) if bits <= 2048 => KeyKind::Rsa(2048),
        Some(KeyKind::Rsa(_)) => KeyKind::Rsa(3072),
        _ => KeyKind::EcP256,
    };
    Ok((settings, names, kind))
}

fn pem(der: &[u8]) -> Result<String, Failure> {
    encode_string("CERTIFICATE", LineEnding::LF, der).map_err(|error| error.to_string().into())
}

fn part(described: Described) -> Part {
    let Described { name, oid, critical, source, says } = described;
    Part { name, oid, critical, source, says }
}

fn holder(text: &str) -> Result<Holder, String> {
    Holder::ALL
        .into_iter()
        .find(|holder| holder.name() == text)
        .ok_or_else(|| format!("one of {}", Holder::ALL.map(Holder::name).join(", ")))
}
