use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tegata_ca::KeyKind;
use tegata_domain::{Entropy, Issuer, ServiceKey};
use tegata_registrar::{Profiles, ServiceSettings, Words};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::installation::{DataDir, Foundation};
use tegata_server::keyfile::Passphrase;

use super::{Common, Failure, output};

#[derive(Args)]
#[command(after_help = "Example:
  tegata init --dir D --service 0001/SB0001002C --root SB0001001C --service-settings service.json")]
pub(super) struct InitArgs {
    #[command(flatten)]
    common: Common,
    /// First service, as TENANT/ISSUER, for example 0001/SB0001002C
    #[arg(long)]
    service: ServiceKey,
    /// Name of the root CA, for example SB0001001C
    #[arg(long)]
    root: Issuer,
    /// Settings of the service, a JSON file (see docs/operations.md)
    #[arg(long)]
    service_settings: PathBuf,
    /// Country in the names of both CAs
    #[arg(long, default_value = "JP")]
    country: String,
    /// Kind of the root's key
    #[arg(long, value_enum, default_value_t = CaKey::P384)]
    root_key: CaKey,
    /// Kind of the issuing CA's key
    #[arg(long, value_enum, default_value_t = CaKey::P256)]
    issuing_key: CaKey,
}

#[derive(Clone, Copy, ValueEnum)]
enum CaKey {
    /// ECDSA P-256
    P256,
    /// ECDSA P-384
    P384,
    /// RSA 3072
    Rsa3072,
    /// RSA 4096
    Rsa4096,
}

impl From<CaKey> for KeyKind {
    fn from(key: CaKey) -> Self {
        match key {
            CaKey::P256 => Self::EcP256,
            CaKey::P384 => Self::EcP384,
            CaKey::Rsa3072 => Self::Rsa(3072),
            CaKey::Rsa4096 => Self::Rsa(4096),
        }
    }
}

pub(super) async fn run(args: InitArgs) -> Result<(), Failure> {
    let dir = args.common.data_dir();
    let text = std::fs::read_to_string(&args.service_settings)
        .map_err(|error| format!("{}: {error}", args.service_settings.display()))?;
    let foundation = Foundation {
        key: args.service,
        root_name: args.root,
        country: args.country,
        root_key: args.root_key.into(),
        issuing_key: args.issuing_key.into(),
        settings: ServiceSettings::from_json(&text)?,
    };
    dir.create()?;
    let file = args.common.settings()?.passphrase_file;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    Passphrase::ensure(&file, &*entropy)?;
    let passphrase = Passphrase::read(&file)?;
    dir.found(&foundation, &passphrase, Arc::new(SystemClock), entropy).await?;
    let root_sha256 = root_sha256(&dir)?;
    let sentence = format!(
        "{dir} now holds root {root} and issuing CA {issuing}.

  root certificate  {pem}
  its SHA-256       {root_sha256}   (for the slips)

Next:
  tegata branch add 950 --name \"Head Office\" --dir {dir}
  tegata company add CODE --name NAME --branch 950 --dir {dir}
  tegata subscriber add --company CODE --count 10 --dir {dir}
  tegata serve --dir {dir}",
        dir = dir.path().display(),
        root = foundation.root_name,
        issuing = foundation.key.issuer,
        pem = dir.root_pem().display(),
    );
    let json = serde_json::json!({
        "service": foundation.key.to_string(),
        "root": foundation.root_name,
        "root_pem": dir.root_pem(),
        "root_sha256": root_sha256,
    });
    output::one(args.common.json, &json, &sentence)
}

/// SHA-256 of the root certificate, as people compare it.
pub(super) fn root_sha256(dir: &DataDir) -> Result<String, Failure> {
    let root = CertificateDer::from_pem_file(dir.root_pem())
        .map_err(|error| format!("{}: {error}", dir.root_pem().display()))?;
    Ok(hex::encode(Sha256::digest(&root)))
}

/// Sample settings of a service, for the demo and as a pattern.
pub(crate) fn sample_settings(service_url: String, status_url: String) -> ServiceSettings {
    let words = |ja: &str, en: &str| Words { ja: ja.to_owned(), en: en.to_owned() };
    ServiceSettings {
        organisation: words("株式会社サンプル銀行", "Sample Bank, Ltd."),
        name: words("サンプルLite CMS", "Sample Lite CMS"),
        help: words(
            "サンプル銀行 ヘルプデスク 0120-000-000（平日 9:00～17:00）",
            "Sample Bank help desk, 0120-000-000 (weekdays 9:00 to 17:00 JST)",
        ),
        service_url,
        status_url,
        time_zone: "Asia/Tokyo".to_owned(),
        user_id_example: "CMSM950-006-401".to_owned(),
        lifetime_days: 365,
        renewal_window_days: 60,
        reminder_days: vec![30, 7],
        max_failures: 5,
        credential_days: 90,
        profiles: Profiles::default(),
    }
}
