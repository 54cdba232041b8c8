//! The CAs of a running installation: another issuing CA, retiring and revoking one.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use tegata_ca::CaKey;
use tegata_domain::{Issuer, Reason};
use tegata_registrar::{LEAD, Registrar};
use tegata_server::ambient::SystemEntropy;
use tegata_server::installation::Rollover;
use tegata_server::keyfile::Passphrase;
use tegata_store::AuthorityRecord;
use tegata_token::TokenUri;

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
    /// Token that makes and keeps its key, a PKCS#11 URI
    #[arg(long)]
    token: Option<TokenUri>,
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
    let order = args.order(&service, office.now());
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
    fn order(&self, service: &Arc<tegata_registrar::Service>, now: Timestamp) -> Rollover {
        let current = service.current(now).authority.signer();
        Rollover {
            name: self.name.clone(),
            key: self.key.unwrap_or_else(|| CaKey::like(current)),
            token: self.token.clone(),
            issues_from: match (self.now, self.from) {
                (true, _) => now,
                (false, Some(from)) => from.max(now),
                (false, None) => now + LEAD,
            },
        }
    }
}

/// Every CA on record with what it does.
pub(super) fn list(common: &Common) -> Result<(), Failure> {
    let office = common.office()?;
    let rows: Vec<serde_json::Value> =
        office.authorities()?.iter().map(|ca| row(ca, office.now())).collect();
    output::list(common.json, &rows, &["NAME", "ROLE", "STATE", "ENDS", "KEY"], |row| {
        ["name", "role", "state", "ends", "key"]
            .map(|column| row[column].as_str().unwrap_or_default().to_owned())
            .to_vec()
    })
}

fn row(ca: &AuthorityRecord, now: Timestamp) -> serde_json::Value {
    let state = match (ca.revoked_at, ca.retired_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("retired {at}"),
        (None, None) if ca.service.is_some() && ca.issues_from > now => {
            format!("issues from {}", ca.issues_from)
        }
        (None, None) => "in use".to_owned(),
    };
    let read = tegata_ca::CaCertificate::parse(&ca.certificate).ok();
    serde_json::json!({
        "name": ca.name,
        "role": if ca.service.is_some() { "issuing CA" } else { "root" },
        "state": state,
        "ends": read.as_ref().map(|read| read.validity().not_after.to_string()),
        "key": read.as_ref().map(|read| read.key().kind().to_string()),
        "subject": read.as_ref().map(|read| read.subject()),
        "serial": read.as_ref().map(|read| read.serial()),
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
