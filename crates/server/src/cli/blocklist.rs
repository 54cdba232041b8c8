use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::{Serial, UserId};
use tegata_registrar::{Fingerprint, KeyListError, OWN_KEY};
use tegata_store::{BlockedKey, CertificateRecord, View};

use super::output::counted;
use super::{Common, Failure, operator, output};

#[derive(Subcommand)]
pub(super) enum BlocklistCommand {
    /// Block one key, or the keys of one file, for good; there is no way back
    #[command(after_help = "Examples:
  tegata blocklist add stolen.pem --reason 'reported by the holder' --dir D
  tegata blocklist add --reason 'seen on a paste site' --dir D \\
    $(openssl pkey -in KEY -pubout -outform DER | sha256sum | cut -c-64)

A file holds certificates, requests or public keys (PEM or DER). Digits are the SHA-256 of a
SubjectPublicKeyInfo, as in the second example.")]
    Add {
        /// File with keys, or 64 hexadecimal digits
        key: String,
        /// Why; stays beside the key
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        common: Common,
    },
    /// Block every key of a list for good
    #[command(after_help = "Examples:
  tegata blocklist import debian_weak_2048.txt --dir D
  tegata blocklist import revoked.pem --reason 'list of the federation, 2026-11' --dir D

A line begins with 64 hexadecimal digits (SHA-256 of a SubjectPublicKeyInfo, or of a modulus or
x coordinate as the CVE-2008-0166 lists have it) or 20 (openssl-blacklist); # begins a remark.
Or PEM of certificates, requests, public keys. A list with an error is not taken in part.")]
    Import {
        /// The list
        file: PathBuf,
        /// What it is [default: the name of the file]
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// List blocked keys, latest first
    #[command(after_help = "Example:
  tegata blocklist list --last 20 --dir D
Keys of this installation's own CAs and servers are blocked too; --own shows them.")]
    List {
        /// Only so many
        #[arg(long, default_value_t = 100)]
        last: u32,
        /// Also the keys of this installation's own CAs and servers
        #[arg(long)]
        own: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Say whether a key is blocked, and why
    #[command(after_help = "Example:
  tegata blocklist show request.pem --dir D")]
    Show {
        /// File with a certificate, request or public key, or hexadecimal digits
        key: String,
        #[command(flatten)]
        common: Common,
    },
}

/// A certificate that stands although its key is blocked.
#[derive(Serialize)]
struct Standing {
    user_id: UserId,
    serial: Serial,
}

impl From<&CertificateRecord> for Standing {
    fn from(record: &CertificateRecord) -> Self {
        Self { user_id: record.user_id.clone(), serial: record.certificate.serial }
    }
}

#[derive(Serialize)]
struct Row {
    fingerprint: String,
    at: Timestamp,
    source: String,
}

pub(super) async fn run(command: BlocklistCommand) -> Result<(), Failure> {
    match command {
        BlocklistCommand::Add { key, reason, common } => {
            block(keys(&key, Fingerprint::read_list)?, &reason, &common).await
        }
        BlocklistCommand::Import { file, reason, common } => {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
            let reason = reason.unwrap_or_else(|| format!("list {}", name.unwrap_or_default()));
            block(read(&file, Fingerprint::read_list)?, &reason, &common).await
        }
        BlocklistCommand::List { last, own, common } => {
            let office = common.office()?;
            let but_from = (!own).then_some(OWN_KEY);
            let found = office.store().read(|view: View<'_>| view.blocked_keys(last, but_from))?;
            let rows: Vec<Row> = found.into_iter().map(row).collect();
            output::list(common.json, &rows, &["SINCE", "FINGERPRINT", "SOURCE"], |row| {
                vec![row.at.to_string(), row.fingerprint.clone(), row.source.clone()]
            })
        }
        BlocklistCommand::Show { key, common } => {
            let office = common.office()?;
            match office.blocked(&keys(&key, Fingerprint::read_names)?)?.map(row) {
                Some(row) => {
                    let sentence = format!("blocked since {}: {}", row.at, row.source);
                    let json = serde_json::json!({ "blocked": true, "entry": row });
                    output::one(common.json, &json, &sentence)
                }
                None => {
                    let json = serde_json::json!({ "blocked": false });
                    output::one(common.json, &json, "not blocked")
                }
            }
        }
    }
}

async fn block(list: Vec<Fingerprint>, reason: &str, common: &Common) -> Result<(), Failure> {
    let office = common.office()?;
    let (count, standing) = (list.len(), office.standing_on(&list)?);
    let new = office.block_keys(operator(), list, reason).await?;
    let total = office.store().read(|view: View<'_>| view.blocked_key_count())?;
    let json = serde_json::json!({ "fingerprints": count, "new": new, "total": total,
        "certificates": standing.iter().map(Standing::from).collect::<Vec<_>>() });
    let mut sentence = format!(
        "{} read, {new} of them new; {} blocked in all, for good, and at once in every running \
         server",
        counted(count as u64, "fingerprint"),
        counted(total, "fingerprint"),
    );
    if !standing.is_empty() {
        let live = counted(standing.len() as u64, "certificate");
        let _ = write!(sentence, "\n\nNot revoked by this, on a key that is blocked now: {live}");
        for record in &standing {
            let Standing { user_id, serial } = Standing::from(record);
            let _ = write!(
                sentence,
                "\n  {user_id}: tegata certificate revoke {serial} --reason keyCompromise"
            );
        }
    }
    output::one(common.json, &json, &sentence)
}

type Reader = fn(&[u8]) -> Result<Vec<Fingerprint>, KeyListError>;

/// The keys that an argument names: digits, or what a file holds.
fn keys(argument: &str, reader: Reader) -> Result<Vec<Fingerprint>, Failure> {
    match Fingerprint::from_hex(argument) {
        Some(fingerprint) => Ok(vec![fingerprint]),
        None => read(Path::new(argument), reader),
    }
}

fn read(file: &Path, reader: Reader) -> Result<Vec<Fingerprint>, Failure> {
    let octets = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(reader(&octets).map_err(|error| format!("{}:\n{error}", file.display()))?)
}

fn row(blocked: BlockedKey) -> Row {
    let BlockedKey { fingerprint, at, source } = blocked;
    Row { fingerprint: hex::encode(fingerprint), at, source }
}
