use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tegata_ca::{CaKey, ProvenKey};
use tegata_domain::{Entropy, Issuer, ServiceKey};
use tegata_registrar::{Profiles, ServiceSettings, Words};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::ceremony::pem_or_der;
use tegata_server::installation::{DataDir, Foundation};
use tegata_server::keyfile::Passphrase;
use tegata_server::offline::Branching;
use tegata_token::TokenUri;

use super::spoken::Spoken;
use super::{Common, Failure, operator, output, service_settings};

#[derive(Args)]
#[command(after_help = "Examples:
  tegata init --dir D --service 0001/SB0001002C --root SB0001001C --service-settings service.json
  tegata init --dir D --service 0001/SB0001002C --root SB0001001C --service-settings service.json \\
    --token 'pkcs11:token=tegata?module-path=/usr/lib/pkcs11.so&pin-source=file:/etc/pin'")]
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
    #[arg(long, default_value_t = CaKey::P384, value_parser = ca_key())]
    root_key: CaKey,
    /// Kind of the issuing CA's key
    #[arg(long, default_value_t = CaKey::P256, value_parser = ca_key())]
    issuing_key: CaKey,
    /// The root is elsewhere: make a request for the issuing CA and wait for `tegata ca install`
    #[arg(long, conflicts_with_all = ["root_key", "root_token"])]
    offline_root: bool,
    /// Make and keep the keys of both CAs in this token, a PKCS#11 address (RFC 7512)
    #[arg(long, value_name = "URI")]
    token: Option<TokenUri>,
    /// Another token for the root's key
    #[arg(long, value_name = "URI")]
    root_token: Option<TokenUri>,
    /// Another token for the issuing CA's key
    #[arg(long, value_name = "URI")]
    issuing_token: Option<TokenUri>,
}

pub(super) async fn run(args: InitArgs) -> Result<(), Failure> {
    let dir = args.common.data_dir();
    let settings = service_settings::read(&args.service_settings)?;
    if args.offline_root {
        return ask(args, dir, settings);
    }
    let foundation = Foundation {
        key: args.service,
        root_name: args.root,
        country: args.country,
        root_key: args.root_key,
        root_token: args.root_token.or_else(|| args.token.clone()),
        issuing_key: args.issuing_key,
        issuing_token: args.issuing_token.or(args.token),
        settings,
    };
    dir.create()?;
    let file = args.common.settings()?.passphrase_file;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    Passphrase::ensure(&file, &*entropy)?;
    let passphrase = Passphrase::read(&file)?;
    dir.found_by(operator(), &foundation, &passphrase, Arc::new(SystemClock), entropy).await?;
    let office = args.common.new_office().await?;
    let service = office.choose_service(Some(&foundation.key))?;
    let warnings = office.settings_warnings(service.id, &foundation.settings)?;
    let spoken = root_spoken(&dir)?;
    let sentence = format!(
        "{dir} now holds root {root} and issuing CA {issuing}.

  root certificate  {pem}
{fingerprint}

The SHA-256 is for the slips.

Next:
  tegata branch add 950 --name \"Head Office\" --dir {dir}
  tegata company add CODE --name NAME --branch 950 --dir {dir}
  tegata subscriber add --company CODE --count 10 --dir {dir}
  tegata serve --dir {dir}{warned}",
        dir = dir.path().display(),
        warned = output::warned(&warnings),
        root = foundation.root_name,
        issuing = foundation.key.issuer,
        pem = dir.root_pem().display(),
        fingerprint = spoken.lines("its SHA-256"),
    );
    let json = serde_json::json!({
        "service": foundation.key.to_string(),
        "root": foundation.root_name,
        "root_pem": dir.root_pem(),
        "root_sha256": spoken.sha256,
        "root_words": spoken.words,
        "warnings": warnings,
    });
    output::one(args.common.json, &json, &sentence)
}

/// Makes a request for the issuing CA, and the ceremony's file that would answer it.
fn ask(args: InitArgs, dir: DataDir, settings: ServiceSettings) -> Result<(), Failure> {
    dir.create()?;
    let file = args.common.settings()?.passphrase_file;
    let entropy = SystemEntropy;
    Passphrase::ensure(&file, &entropy)?;
    let passphrase = Passphrase::read(&file)?;
    let branching = Branching {
        key: args.service,
        root_name: args.root,
        country: args.country,
        issuing_key: args.issuing_key,
        issuing_token: args.issuing_token.or(args.token),
        settings,
    };
    let request = dir.ask(&branching, &passphrase, &entropy)?;
    let der = pem_or_der(std::fs::read(&request)?, "CERTIFICATE REQUEST");
    let spoken = Spoken::digest(ProvenKey::from_authority_request(&der)?.hash().0);
    let (root, name) = (&branching.root_name, &branching.key.issuer);
    // So that a first certificate fits however long the ceremony takes.
    let years = (branching.settings.lifecycle().reach().as_hours() / 24 / 365 + 2).max(10);
    let sentence = format!(
        "{dir} waits for the certificate of issuing CA {name}.

  request           {request}
{fingerprint}

The ceremony must say the same of its key. Next: take the request to the ceremony of root {root} (`tegata ceremony --example`), which names it

  [[issuing]]
  request = \"{name}.csr\"
  name = \"{name}\"
  organisation = {organisation:?}
  country = \"{country}\"
  years = {years}
  status_url = \"{status_url}\"

and bring back its certificates and CRL:
  tegata ca install --certificate {name}.cer --root {root}.cer --dir {dir}
  tegata ca publish-crl {root}.crl --dir {dir}",
        dir = dir.path().display(),
        request = request.display(),
        fingerprint = spoken.lines("key SHA-256"),
        years = years,
        organisation = branching.settings.organisation.en,
        country = branching.country,
        status_url = branching.settings.status_url,
    );
    let json = serde_json::json!({
        "service": branching.key.to_string(),
        "root": root,
        "request": request,
        "key_sha256": spoken.sha256,
        "key_words": spoken.words,
    });
    output::one(args.common.json, &json, &sentence)
}

/// Reads a kind of CA key and lists all of them in the help.
pub(crate) fn ca_key() -> impl TypedValueParser<Value = CaKey> {
    PossibleValuesParser::new(CaKey::ALL.map(CaKey::name)).try_map(|name| name.parse::<CaKey>())
}

/// SHA-256 of the root certificate.
fn root_spoken(dir: &DataDir) -> Result<Spoken, Failure> {
    let root = CertificateDer::from_pem_file(dir.root_pem())
        .map_err(|error| format!("{}: {error}", dir.root_pem().display()))?;
    Ok(Spoken::of(&root))
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
        site_url: String::new(),
        time_zone: "Asia/Tokyo".to_owned(),
        user_id_example: "CMSM950-006-401".to_owned(),
        lifetime_days: 365,
        renewal_window_days: 60,
        lapse_notice_days: 14,
        language: "ja".to_owned(),
        digest_at: "09:00".to_owned(),
        reminder_days: vec![30, 7],
        retire_after_days: 7,
        max_failures: 5,
        credential_days: 90,
        crl_shard_size: 65_536,
        profiles: Profiles::default(),
    }
}
