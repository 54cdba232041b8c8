//! Mails as they travel, written and signed one after the other on one processor, beside a process
//! of OpenSSL for each.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tegata_ca::{KeyKind, SoftwareKey};
use tegata_registrar::{HeaderText, Letter, Registrar};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::keyfile::{self, Passphrase};
use tegata_server::post::mark::MarkKey;
use tegata_server::post::signer::{SignerPlace, Signers};
use tegata_server::post::{Composer, PostConfig, Unsigned};

use super::world::World;
use crate::{Failure, say};

/// A kind of key that signs mails.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) kind: String,
    /// Mails a minute, from their texts to what is handed to the mail server.
    pub(super) per_minute: f64,
    /// The same octets signed by `openssl cms -sign`, a process each; none where it is missing.
    pub(super) openssl_per_minute: Option<f64>,
    /// Octets of the longest mail.
    pub(super) octets: usize,
}

pub(super) async fn measure(dir: &Path, period: Duration) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for kind in [KeyKind::EcP256, KeyKind::Rsa(2048)] {
        say(&format!("mails signed with {kind}"));
        let within = dir.join(format!("mails-{}", rows.len()));
        std::fs::create_dir(&within)?;
        rows.push(row(&within, kind, period).await?);
    }
    Ok(rows)
}

async fn row(dir: &Path, kind: KeyKind, period: Duration) -> Result<Row, Failure> {
    let World { data, office, service, .. } = World::found(dir).await?;
    let passphrase = Passphrase::read(&data.passphrase())?;
    // In the place where the service would make one of its own liking.
    let name = format!("mail-{}", service.key.to_string().replace('/', "-"));
    let key = keyfile::create(&data.key(name), kind, &passphrase, &SystemEntropy)?;
    let keyring = data.keyring(&office, &passphrase)?;
    let registrar = Registrar::new(office, keyring);
    let entropy = Arc::new(SystemEntropy);
    let mark = Arc::new(MarkKey::of(&data, &SystemEntropy)?);
    let signers =
        Signers::new(SignerPlace::Own, data, Arc::new(passphrase), entropy, registrar.clone());
    let config = PostConfig {
        url: "",
        authorities: None,
        from: "noreply@sample-bank.example",
        bounces_to: Some("bounces+{token}@sample-bank.example"),
        unsigned: Unsigned::Never,
    };
    let composer = Composer::new(&config, Arc::new(signers), mark, Arc::new(SystemClock))?;
    // Every kind of mail in both languages.
    let letters = || registrar.preview_mails(&service, None, None);
    let numbered = |number: usize, letter: Letter| Letter {
        message_id: HeaderText::new(&format!("{number}.reminder.1800000000")),
        ..letter
    };
    // The certificate is made before the clock runs.
    let mut octets = 0;
    for (number, sample) in letters()?.into_iter().enumerate() {
        octets = octets.max(composer.compose(numbered(number, sample.letter)).await?.octets.len());
    }
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < period {
        for sample in letters()? {
            count += 1;
            composer.compose(numbered(count, sample.letter)).await?;
        }
    }
    let per_minute = count as f64 / begun.elapsed().as_secs_f64() * 60.0;
    let openssl_per_minute = openssl(dir, &key, &registrar, period)?;
    Ok(Row { kind: kind.to_string(), per_minute, openssl_per_minute, octets })
}

fn openssl(
    dir: &Path,
    key: &SoftwareKey,
    registrar: &Registrar,
    period: Duration,
) -> Result<Option<f64>, Failure> {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let own = registrar.store().read(|view| view.own_certificate("mail"))?;
    let own = own.ok_or("no mail was signed")?;
    std::fs::write(dir.join("own.der"), &own.der)?;
    std::fs::write(dir.join("key.der"), &*key.to_pkcs8()?)?;
    let keyring = registrar.keyring();
    let ca = keyring.services().next().ok_or("no service")?.issuer_of(&own).to_vec();
    let pem = der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, &ca);
    std::fs::write(dir.join("ca.pem"), pem.map_err(|error| error.to_string())?)?;
    std::fs::write(dir.join("part"), "Content-Type: text/plain; charset=utf-8\r\n\r\n".repeat(16))?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < period {
        let signed = Command::new("openssl")
            .args(["cms", "-sign", "-binary", "-in", "part", "-signer", "own.der"])
            .args(["-inkey", "key.der", "-keyform", "DER", "-certfile", "ca.pem"])
            .args(["-outform", "SMIME", "-out", "out"])
            .current_dir(dir)
            .stderr(Stdio::null())
            .status()?;
        if !signed.success() {
            return Err("openssl cms -sign failed".into());
        }
        count += 1;
    }
    Ok(Some(f64::from(count) / begun.elapsed().as_secs_f64() * 60.0))
}

/// The rows as they are read.
pub(super) fn table(rows: &[Row], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\nMails written and signed, one processor                      a minute
  key             longest, octet      Tegata   openssl cms, a process each"
    )?;
    for Row { kind, per_minute, openssl_per_minute, octets } in rows {
        let peer = openssl_per_minute.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
        writeln!(out, "  {kind:<16}{octets:>13}{per_minute:>13.0}{peer:>18}")?;
    }
    Ok(())
}
