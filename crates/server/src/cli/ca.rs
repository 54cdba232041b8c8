use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use tegata_ca::{CaCertificate, MAX_CA_CERTIFICATE};
use tegata_domain::{Issuer, Reason};
use tegata_registrar::{PublishedList, Registrar};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::ceremony::pem_or_der;
use tegata_server::installation::DataDir;
use tegata_server::keyfile::Passphrase;

use super::spoken::Spoken;
use super::{Common, Failure, import, operator, output, rollover};

#[derive(Subcommand)]
pub(super) enum CaCommand {
    /// Finish an installation whose root is offline: take the issuing CA's certificate
    #[command(after_help = "Example:
  tegata ca install --certificate SB0001002C.cer --root SB0001001C.cer --dir D")]
    Install {
        /// Certificate that the root made for this installation's request, DER or PEM
        #[arg(long)]
        certificate: PathBuf,
        /// Certificate of the root, DER or PEM
        #[arg(long)]
        root: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// List the CAs of this installation
    #[command(after_help = "Example:
  tegata ca list --dir D")]
    List(Common),
    /// Make the next issuing CA of a service, before the present one gets too short
    Rollover(Box<rollover::RolloverArgs>),
    /// The same under a root whose key is elsewhere: make a request for its ceremony
    #[command(after_help = "Example:
  tegata ca request --dir D      then, with what the root signed: tegata ca install")]
    Request(Box<rollover::RolloverArgs>),
    /// Take in a CA from elsewhere, with its key, what it issued and what it revoked
    Import(Box<import::ImportArgs>),
    /// End the issuing of a CA whose successor issues; its status is published to the end
    #[command(after_help = "Example:
  tegata ca retire SB0001002C --dir D")]
    Retire {
        /// Name of the issuing CA
        name: Issuer,
        #[command(flatten)]
        common: Common,
    },
    /// Revoke an issuing CA's certificate, and with it everything that it issued
    #[command(after_help = "Example:
  tegata ca revoke SB0001002C --reason keyCompromise --yes --dir D")]
    Revoke {
        /// Name of the issuing CA
        name: Issuer,
        /// Why: keyCompromise, superseded, cessationOfOperation
        #[arg(long)]
        reason: String,
        /// Do it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Record and serve a CRL that an offline root made
    #[command(after_help = "Example:
  tegata ca publish-crl SB0001001C.crl --dir D")]
    PublishCrl {
        /// The CRL, DER or PEM
        file: PathBuf,
        /// What the list before revoked and this one leaves out has ended
        #[arg(long)]
        forget_ended: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// Most octets of an offline root's CRL: tens of thousands of revoked CAs.
const MAX_CRL: u64 = 4 * 1024 * 1024;

pub(super) async fn run(command: CaCommand) -> Result<(), Failure> {
    match command {
        CaCommand::Install { certificate, root, common } => {
            install(&certificate, &root, &common).await
        }
        CaCommand::List(common) => rollover::list(&common),
        CaCommand::Rollover(args) => rollover::roll_over(*args).await,
        CaCommand::Request(args) => rollover::request(*args).await,
        CaCommand::Import(args) => import::run(*args).await,
        CaCommand::Retire { name, common } => rollover::retire(&name, &common).await,
        CaCommand::Revoke { name, reason, yes, common } => {
            let reason = Reason::ALL.into_iter().find(|known| known.name() == reason);
            let reason = reason
                .ok_or("--reason is keyCompromise, superseded or another of RFC 5280 §5.3.1")?;
            rollover::revoke(&name, reason, yes, &common).await
        }
        CaCommand::PublishCrl { file, forget_ended, common } => {
            publish_crl(&file, forget_ended, &common).await
        }
    }
}

async fn install(certificate: &Path, root: &Path, common: &Common) -> Result<(), Failure> {
    let dir = common.data_dir();
    let passphrase = Passphrase::read(&common.settings()?.passphrase_file)?;
    let (root, certificate) = (read_certificate(root)?, read_certificate(certificate)?);
    if dir.is_founded()? {
        return install_another(&dir, &certificate, &passphrase, common).await;
    }
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let installed =
        dir.install(operator(), (&root, &certificate), &passphrase, clock, entropy).await?;
    common.new_office().await?;
    let (of_root, of_issuing) = (Spoken::of(root.der()), Spoken::of(certificate.der()));
    let dir = dir.path().display();
    let sentence = format!(
        "{dir} now holds issuing CA {issuing} under root {root}.

{root_lines}

{issuing_lines}

Next:
  tegata ca publish-crl {root}.crl --dir {dir}
  tegata branch add 950 --name \"Head Office\" --dir {dir}
  tegata serve --dir {dir}",
        issuing = installed.key.issuer,
        root = installed.root_name,
        root_lines = of_root.lines("root SHA-256"),
        issuing_lines = of_issuing.lines("issuing SHA-256"),
    );
    let json = serde_json::json!({
        "service": installed.key.to_string(),
        "root": installed.root_name,
        "root_sha256": of_root.sha256,
        "root_words": of_root.words,
        "issuing_sha256": of_issuing.sha256,
        "issuing_words": of_issuing.words,
    });
    output::one(common.json, &json, &sentence)
}

/// Takes the certificate of another issuing CA, for which `tegata ca request` asked.
async fn install_another(
    dir: &DataDir,
    certificate: &CaCertificate,
    passphrase: &Passphrase,
    common: &Common,
) -> Result<(), Failure> {
    let office = common.office()?;
    let registrar = Registrar::new(office.clone(), dir.keyring(&office, passphrase)?);
    let installed = dir.install_ca(&registrar, certificate, passphrase, operator()).await?;
    let Some((name, issues_from)) = installed else {
        return Err(format!(
            "{} waits for no such certificate ({}); `tegata ca request` makes a request",
            dir.path().display(),
            certificate.subject()
        )
        .into());
    };
    let sentence = format!("{name} is known now and issues from {issues_from}");
    output::one(
        common.json,
        &serde_json::json!({ "ca": name, "issues_from": issues_from }),
        &sentence,
    )
}

async fn publish_crl(file: &Path, forget_ended: bool, common: &Common) -> Result<(), Failure> {
    let office = common.office()?;
    let der = pem_or_der(read(file, MAX_CRL)?, "X509 CRL");
    let dir = common.data_dir();
    let is_here = |name: &tegata_domain::Issuer| dir.has_ca_key(name);
    let spoken = Spoken::of(&der);
    let PublishedList { ca: name, list: crl, revoked } =
        office.publish_list(operator(), der, is_here, forget_ended).await?;
    let (number, next_update) = (crl.number, crl.next_update);
    let mut sentence = format!(
        "CRL {} of {name} is published; the next one is needed by {}\n\n{}",
        number.unwrap_or_default(),
        next_update.map(|at| at.to_string()).unwrap_or_default(),
        spoken.lines("SHA-256"),
    );
    for ca in &revoked {
        sentence += &format!(
            "\n\n{ca} is revoked by it: it issues nothing any more, and gateways refuse what it issued"
        );
    }
    let json = serde_json::json!({
        "ca": name,
        "number": number,
        "this_update": crl.this_update,
        "next_update": next_update,
        "entries": crl.entries.len(),
        "revoked": revoked,
        "sha256": spoken.sha256,
        "words": spoken.words,
    });
    output::one(common.json, &json, &sentence)
}

fn read_certificate(path: &Path) -> Result<CaCertificate, Failure> {
    let der = pem_or_der(read(path, 2 * MAX_CA_CERTIFICATE as u64)?, "CERTIFICATE");
    CaCertificate::parse(&der).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(failed)?.len() > most {
        return Err(format!("{}: is too long to be what it should be", path.display()).into());
    }
    Ok(fs::read(path).map_err(failed)?)
}
