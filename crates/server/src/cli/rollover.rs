//! The CAs of a running installation: another issuing CA, retiring and revoking one.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use tegata_ca::CaKey;
use tegata_domain::{Issuer, Reason};
use tegata_registrar::{LEAD, Registrar};
use tegata_server::ambient::SystemEntropy;
use tegata_server::installation::{DataDir, KeyHome, Rollover};
use tegata_server::keyfile::Passphrase;
use tegata_store::AuthorityRecord;
use tegata_token::TokenUri;

use super::spoken::Spoken;
use super::{Common, Failure, Scoped, operator, output};

#[derive(Args)]
#[command(after_help = "Examples:
  tegata ca rollover --dir D                      issues in a week, known to everyone at once
  tegata ca rollover --dir D --now                issues at once
  tegata ca rollover --dir D --name SB0001003C --key p384 --from 2027-04-01T00:00:00+09:00")]
pub(super) struct RolloverArgs {
    #[command(flatten)]
    scoped: Scoped,
    /// Name of the new CA [default: the old one's, counted up]
    #[arg(long)]
    name: Option<Issuer>,
    /// Kind of its key [default: the old one's]
    #[arg(long)]
    key: Option<CaKey>,
    /// Token that makes and keeps its key, a PKCS#11 URI [default: where the old one's key is]
    #[arg(long, conflicts_with = "key_in_file")]
    token: Option<TokenUri>,
    /// Its key goes into a file, also when the old one's is in a token
    #[arg(long)]
    key_in_file: bool,
    /// From when on it issues [default: in a week]
    #[arg(long, conflicts_with = "now")]
    from: Option<Timestamp>,
    /// It issues at once: PCs and gateways that have not heard of it yet will stumble
    #[arg(long)]
    now: bool,
}

/// Makes a new issuing CA under a root whose key is here.
pub(super) async fn roll_over(args: RolloverArgs) -> Result<(), Failure> {
    let (common, dir) = (args.scoped.common.clone(), args.scoped.common.data_dir());
    let office = common.office()?;
    let passphrase = Passphrase::read(&common.settings()?.passphrase_file)?;
    let record = office.choose_service(args.scoped.service.as_ref())?;
    let registrar = Registrar::new(office.clone(), dir.keyring(&office, &passphrase)?);
    let service = registrar.keyring().service(&record.key).cloned().ok_or("no such service")?;
    let order = args.order(&service, office.now())?;
    let name = dir
        .roll_over(&registrar, &service, &order, &passphrase, &SystemEntropy, operator())
        .await?;
    let sentence = format!(
        "{name} is made and known; it issues from {}. What {} issued stays good, and its status \
         is published to the end.",
        order.issues_from,
        service.current(office.now()).name
    );
    let json = serde_json::json!({ "ca": name, "issues_from": order.issues_from });
    output::one(common.json, &json, &sentence)
}

impl RolloverArgs {
    fn order(
        &self,
        service: &Arc<tegata_registrar::Service>,
        now: Timestamp,
    ) -> Result<Rollover, Failure> {
        let current = service.current(now).authority.signer();
        if self.from.is_some_and(|from| from < now) {
            return Err("--from lies in the past; say --now if it is to issue at once".into());
        }
        Ok(Rollover {
            name: self.name.clone(),
            key: self.key.unwrap_or_else(|| CaKey::like(current)),
            home: match (&self.token, self.key_in_file) {
                (Some(token), _) => KeyHome::Token(token.clone()),
                (None, true) => KeyHome::File,
                (None, false) => KeyHome::AsBefore,
            },
            issues_from: match (self.now, self.from) {
                (true, _) => now,
                (false, Some(from)) => from.max(now),
                (false, None) => now + LEAD,
            },
        })
    }
}

/// Makes the key of a new issuing CA and a request for its certificate, for an offline root.
pub(super) async fn request(args: RolloverArgs) -> Result<(), Failure> {
    let (common, dir) = (args.scoped.common.clone(), args.scoped.common.data_dir());
    let office = common.office()?;
    let passphrase = Passphrase::read(&common.settings()?.passphrase_file)?;
    let record = office.choose_service(args.scoped.service.as_ref())?;
    let registrar = Registrar::new(office.clone(), dir.keyring(&office, &passphrase)?);
    let service = registrar.keyring().service(&record.key).cloned().ok_or("no such service")?;
    let order = args.order(&service, office.now())?;
    let (name, path) = dir.request_ca(&registrar, &service, &order, &passphrase, &SystemEntropy)?;
    let sentence = format!(
        "the request of {name} is in {}: have the root's ceremony sign it, then run\n  tegata ca \
         install --certificate {name}.cer --root ROOT.cer --dir {}",
        path.display(),
        dir.path().display()
    );
    let json = serde_json::json!({ "ca": name, "request": path, "issues_from": order.issues_from });
    output::one(common.json, &json, &sentence)
}

/// Every CA on record with what it does.
pub(super) fn list(common: &Common) -> Result<(), Failure> {
    let office = common.office()?;
    let (dir, authorities, now) = (common.data_dir(), office.authorities()?, office.now());
    let rows: Vec<serde_json::Value> =
        authorities.iter().map(|ca| row(ca, &authorities, &dir, now)).collect();
    output::list(common.json, &rows, &["NAME", "ROLE", "STATE", "ENDS", "KEY", "KEY IN"], |row| {
        ["name", "role", "state", "ends", "key", "key_in"]
            .map(|column| row[column].as_str().unwrap_or_default().to_owned())
            .to_vec()
    })
}

fn row(
    ca: &AuthorityRecord,
    all: &[AuthorityRecord],
    dir: &DataDir,
    now: Timestamp,
) -> serde_json::Value {
    let issues = |one: &AuthorityRecord| {
        one.service == ca.service && one.retired_at.is_none() && one.issues_from <= now
    };
    let newest = all.iter().filter(|one| issues(one)).max_by_key(|one| (one.issues_from, one.id));
    let key = dir.key(&ca.name);
    let key_in = match tegata_server::keyfile::token_of(&key) {
        Ok(Some(_)) => "token",
        _ if key.exists() => "file",
        _ => "elsewhere",
    };
    let state = match (ca.revoked_at, ca.retired_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("publishes status since {at}"),
        (None, None) if ca.service.is_some() && ca.issues_from > now => {
            format!("issues from {}", ca.issues_from)
        }
        (None, None) if ca.service.is_none() => "trusted".to_owned(),
        (None, None) if newest.is_some_and(|newest| newest.id == ca.id) => "issues".to_owned(),
        (None, None) => "publishes status".to_owned(),
    };
    let read = tegata_ca::CaCertificate::parse(&ca.certificate).ok();
    let spoken = Spoken::of(&ca.certificate);
    serde_json::json!({
        "name": ca.name,
        "role": if ca.service.is_some() { "issuing CA" } else { "root" },
        "state": state,
        "ends": read.as_ref().map(|read| read.validity().not_after.to_string()),
        "key": read.as_ref().map(|read| read.key().kind().to_string()),
        "key_in": key_in,
        "subject": read.as_ref().map(|read| read.subject()),
        "serial": read.as_ref().map(|read| read.serial()),
        "sha256": spoken.sha256,
        "words": spoken.words,
    })
}

/// Ends the issuing of a CA.
pub(super) async fn retire(name: &Issuer, common: &Common) -> Result<(), Failure> {
    let office = common.office()?;
    office.retire_ca(operator(), name).await?;
    let sentence = format!("{name} issues nothing any more; its status is published to the end");
    output::one(common.json, &serde_json::json!({ "ca": name, "state": "retired" }), &sentence)
}

/// Revokes the certificate of an issuing CA.
pub(super) async fn revoke(
    name: &Issuer,
    reason: Reason,
    yes: bool,
    common: &Common,
) -> Result<(), Failure> {
    let office = common.office()?;
    if !yes {
        return Err(format!(
            "revoking {name} ends every certificate that it issued, for good; say --yes to do it"
        )
        .into());
    }
    office.revoke_ca(operator(), name, reason).await?;
    let sentence = format!("{name} is revoked, and with it every certificate that it issued");
    output::one(common.json, &serde_json::json!({ "ca": name, "state": "revoked" }), &sentence)
}
