use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tegata_registrar::{ServiceSettings, Words};
use tegata_store::{AuthorityRecord, ServiceId, View};
use tegata_wire::Der;
use tegata_wire::api::Bilingual;
use tegata_wire::brand::{Brand, HelpDesk, HelpText, one_line};

use super::{Failure, Scoped, output};

#[derive(Args)]
pub(super) struct BrandArgs {
    #[command(flatten)]
    scoped: Scoped,
    /// Address of the issuing site as users type it, https://HOST or https://HOST:PORT
    /// [default: the first of `site.names`, with the port of `listen.site`]
    #[arg(long)]
    site: Option<String>,
    /// The service's key colour, #rrggbb
    #[arg(long, value_name = "COLOUR")]
    key_colour: Option<String>,
    /// Ed25519 public key that may sign updates, as `tegata update keygen` prints it; can be
    /// repeated. Without one the application does not update itself
    #[arg(long = "update-key", value_name = "KEY")]
    update_keys: Vec<String>,
}

/// Prints what the installers of a service say of it.
pub(super) fn run(args: &BrandArgs) -> Result<(), Failure> {
    let common = &args.scoped.common;
    let office = common.office()?;
    let service = office.choose_service(args.scoped.service.as_ref())?;
    let settings = ServiceSettings::on_record(&service.settings)?;
    let authorities = office.store().read(|view: View<'_>| view.authorities())?;
    let root = root(&authorities, service.id).ok_or("the service has no issuing CA yet")?;
    let origin = match &args.site {
        Some(origin) => origin.trim_end_matches('/').to_owned(),
        None => {
            let settings = common.settings()?;
            let name = settings.site_names.first().ok_or("`site.names` is empty: give --site")?;
            // An IPv6 address stands in brackets (RFC 3986 §3.2.2).
            let host = if name.contains(':') { format!("[{name}]") } else { name.clone() };
            match settings.site.port() {
                443 => format!("https://{host}"),
                port => format!("https://{host}:{port}"),
            }
        }
    };
    let host = origin.strip_prefix("https://").filter(|host| !host.is_empty());
    if host.is_none_or(|host| host.contains(['/', '?', '#', '@', '%', '\\', ' '])) {
        return Err("--site is https://HOST or https://HOST:PORT, nothing more".into());
    }
    let brand = Brand {
        site: format!("{origin}/issueweb/{}/", service.key),
        root_sha256: hex::encode(Sha256::digest(&root.certificate)),
        organisation: both(settings.organisation),
        name: both(settings.name),
        help: help_desk(&settings.help)?,
        key_colour: args.key_colour.clone().map(colour).transpose()?,
        update_keys: args
            .update_keys
            .iter()
            .map(|key| public_key(key))
            .collect::<Result<_, _>>()?,
    };
    output::one(common.json, &brand, &pretty(&brand)?)
}

/// The root that the service's site shows: the one above the CA that was made last and still
/// issues.
fn root(authorities: &[AuthorityRecord], service: ServiceId) -> Option<&AuthorityRecord> {
    let of_service = || authorities.iter().rev().filter(|ca| ca.service == Some(service));
    let newest = of_service().find(|ca| ca.retired_at.is_none()).or_else(|| of_service().next())?;
    authorities.iter().find(|ca| Some(ca.id) == newest.parent)
}

fn both(words: Words) -> Bilingual {
    Bilingual { ja: words.ja, en: words.en }
}

/// Whom to call, as the site and the mails say it too. Settings that say it in one language only
/// would leave the users of the other without.
fn help_desk(words: &Words) -> Result<Option<HelpDesk>, Failure> {
    let (ja, en) = (one_line(&words.ja), one_line(&words.en));
    if ja.is_empty() && en.is_empty() {
        return Ok(None);
    }
    let parse = |lang: &str, text: String| {
        let wrong = |error| format!("`help.{lang}` of the service's settings: {error}");
        text.parse::<HelpText>().map_err(wrong)
    };
    Ok(Some(HelpDesk { ja: parse("ja", ja)?, en: parse("en", en)? }))
}

fn colour(text: String) -> Result<String, Failure> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text);
    }
    Err("--key-colour is #rrggbb".into())
}

/// Base64, as `tegata update keygen` prints it and a brand holds it, or hexadecimal.
fn public_key(text: &str) -> Result<Der, Failure> {
    let octets = hex::decode(text).or_else(|_| STANDARD.decode(text)).ok();
    let octets = octets.filter(|octets| octets.len() == 32).ok_or(
        "--update-key is an Ed25519 public key, as `tegata update keygen` prints it: 44 signs of \
         Base64, or 64 hexadecimal digits",
    )?;
    Ok(Der(octets))
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_call_becomes_one_line_and_what_cannot_be_shown_is_named() {
        let help = |ja: &str, en: &str| {
            help_desk(&Words { ja: ja.to_owned(), en: en.to_owned() })
                .map_err(|error| error.to_string())
        };
        let desk = help("サンプル銀行\n  0120-000-000 \n", "Sample Bank 0120-000-000").unwrap();
        assert_eq!(desk.unwrap().ja.as_str(), "サンプル銀行 0120-000-000");
        assert_eq!(help("", " \n").unwrap(), None);
        assert!(help("ヘルプデスク", "").unwrap_err().contains("`help.en`"));
        assert!(help(&"あ".repeat(201), "Help desk").unwrap_err().contains("`help.ja`"));
    }

    #[test]
    fn an_update_key_is_read_in_both_forms() {
        let key = [0xa7; 32];
        for text in [hex::encode(key), STANDARD.encode(key)] {
            assert_eq!(public_key(&text).unwrap(), Der(key.to_vec()), "{text}");
        }
        for text in ["", "a7a7", &STANDARD.encode([1; 31]), &hex::encode([1; 33])] {
            assert!(public_key(text).is_err(), "{text}");
        }
    }
}
