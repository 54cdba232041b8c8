use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tegata_ca::KeyKind;
use tegata_domain::{Entropy, Issuer, ServiceKey};
use tegata_registrar::{ServiceSettings, Words};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::installation::Foundation;
use tegata_server::keyfile::Passphrase;

use super::{Common, Failure, output};

#[derive(Args)]
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
    if dir.is_founded() {
        return Err(format!("{} holds an installation already", dir.path().display()).into());
    }
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
    let sentence = format!(
        "{} now holds root {} and issuing CA {}.\nNext: tegata branch add, company add, \
         subscriber add; then tegata serve --dir {}",
        dir.path().display(),
        foundation.root_name,
        foundation.key.issuer,
        dir.path().display(),
    );
    let json = serde_json::json!({
        "service": foundation.key.to_string(),
        "root": foundation.root_name,
    });
    output::one(args.common.json, &json, &sentence)
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
    }
}
