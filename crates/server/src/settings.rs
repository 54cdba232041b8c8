//! `tegata.toml`: one table of what may stand there, from which reading, checking and the
//! settings reference all follow.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use tegata_domain::Email;
use toml::{Table, Value};

use crate::limits::Rates;
use crate::post::Unsigned;
use crate::post::signer::SignerPlace;

/// One setting.
struct Setting {
    key: &'static str,
    default: &'static str,
    kind: Kind,
    doc: &'static str,
}

impl Setting {
    /// Its default as it would stand in the file.
    fn example(&self) -> String {
        match self.kind {
            Kind::Address | Kind::File | Kind::Text => format!("\"{}\"", self.default),
            Kind::Count | Kind::Flag => self.default.to_owned(),
            Kind::Names => {
                let quoted: Vec<_> =
                    self.default.split(' ').map(|name| format!("\"{name}\"")).collect();
                format!("[{}]", quoted.join(", "))
            }
        }
    }
}

/// What a setting may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Address,
    File,
    Count,
    Flag,
    Names,
    Text,
}

const SETTINGS: &[Setting] = &[
    Setting {
        key: "listen.site",
        default: "127.0.0.1:8443",
        kind: Kind::Address,
        doc: "Issuing site and application interface, over TLS.",
    },
    Setting {
        key: "listen.status",
        default: "127.0.0.1:8080",
        kind: Kind::Address,
        doc: "CRL, CA certificates and revocation feed, over plain HTTP: everything there is signed.",
    },
    Setting {
        key: "listen.admin",
        default: "127.0.0.1:9190",
        kind: Kind::Address,
        doc: "`/healthz` and `/readyz`. Keep it away from the public.",
    },
    Setting {
        key: "keys.passphrase_file",
        default: "secrets/ca-passphrase",
        kind: Kind::File,
        doc: "File with the passphrase of the CA keys. The variable `TEGATA_CA_PASSPHRASE` goes before it.",
    },
    Setting {
        key: "audit.anchor_dir",
        default: "anchor",
        kind: Kind::File,
        doc: "Directory of the audit log's anchor, by which an old copy of the database is noticed. Put it on other media than the database, and never restore it with it.",
    },
    Setting {
        key: "ca.automatic_rollover",
        default: "true",
        kind: Kind::Flag,
        doc: "Whether a new issuing CA is made by itself, about five weeks before the present one gets too short for full lifetimes, where the root's key is at hand. It is known for a week before it issues.",
    },
    Setting {
        key: "site.names",
        default: "localhost 127.0.0.1",
        kind: Kind::Names,
        doc: "Host names and IP addresses in the site's own TLS certificate.",
    },
    Setting {
        key: "mail.url_file",
        default: "secrets/smtp-url",
        kind: Kind::File,
        doc: "File with the address of the mail server: `smtps://user:password@host:465`, `smtp://host:587?tls=required` for STARTTLS, `smtp://127.0.0.1:25` for a server on this machine. Without the file mails wait.",
    },
    Setting {
        key: "mail.from",
        default: "noreply@localhost",
        kind: Kind::Text,
        doc: "Sender of every mail. The certificate that signs mails is made out to it.",
    },
    Setting {
        key: "mail.server_ca_file",
        default: "",
        kind: Kind::Text,
        doc: "File with the authorities, PEM, one of which the TLS certificate of the mail server must be from. Empty: those that this system trusts.",
    },
    Setting {
        key: "mail.signer",
        default: "own",
        kind: Kind::Text,
        doc: "What signs mails (S/MIME): `own`, a certificate that each service makes for itself by its profile `mail_signer` and renews; `pkcs12:FILE`; or the address of a key in a token, `pkcs11:…`.",
    },
    Setting {
        key: "mail.signer_passphrase_file",
        default: "secrets/mail-signer-passphrase",
        kind: Kind::File,
        doc: "File with the passphrase of that PKCS#12 file.",
    },
    Setting {
        key: "mail.signer_chain",
        default: "mail-signer.pem",
        kind: Kind::File,
        doc: "Certificates of that key in a token, PEM, its own first.",
    },
    Setting {
        key: "mail.unsigned",
        default: "never",
        kind: Kind::Text,
        doc: "What becomes of a mail that cannot be signed: `never` lets it wait until it can be, `fallback` sends it without a signature.",
    },
    Setting {
        key: "mail.bounces_to",
        default: "",
        kind: Kind::Text,
        doc: "Where mail servers send reports of undeliverable mails, such as `bounces+{token}@example.jp`; `{token}`, which may be left out, becomes different for every mail. Empty: to the sender.",
    },
    Setting {
        key: "mail.bounces_maildir",
        default: "mail-bounces",
        kind: Kind::File,
        doc: "Maildir in which those reports arrive. Without it none are read.",
    },
    Setting {
        key: "limits.per_address",
        default: "600",
        kind: Kind::Count,
        doc: "Requests that one address may send at once, and in a minute. An IPv6 address counts as its /64 network.",
    },
    Setting {
        key: "limits.per_user_id",
        default: "20",
        kind: Kind::Count,
        doc: "Issuances that may be tried for one user ID at once, and in a minute; as often its holder may renew.",
    },
];

/// Settings of a node, each checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `listen.site`
    pub site: SocketAddr,
    /// `listen.status`
    pub status: SocketAddr,
    /// `listen.admin`
    pub admin: SocketAddr,
    /// `keys.passphrase_file`
    pub passphrase_file: PathBuf,
    /// `ca.automatic_rollover`
    pub automatic_rollover: bool,
    /// `audit.anchor_dir`
    pub anchor_dir: PathBuf,
    /// `site.names`
    pub site_names: Vec<String>,
    /// `mail.url_file`
    pub mail_url_file: PathBuf,
    /// `mail.from`
    pub mail_from: String,
    /// `mail.server_ca_file`
    pub mail_authorities: Option<PathBuf>,
    /// `mail.signer`
    pub mail_signer: SignerPlace,
    /// `mail.unsigned`
    pub mail_unsigned: Unsigned,
    /// `mail.bounces_to`
    pub mail_bounces_to: Option<String>,
    /// `mail.bounces_maildir`
    pub mail_bounces_maildir: PathBuf,
    /// Whether somebody set it, so that it must be there.
    pub mail_bounces_maildir_is_set: bool,
    /// `limits.…`
    pub rates: Rates,
}

/// Everything that is wrong with a settings file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SettingsErrors(pub Vec<String>);

impl Settings {
    /// Reads the settings file `named`, which must be there, or else `tegata.toml` in the data
    /// directory, without which the defaults hold. Relative paths count from the data directory.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key.
    pub fn read(named: Option<&Path>, data_dir: &Path) -> Result<Self, SettingsErrors> {
        let (settings, errors) = Self::examine(named, data_dir)?;
        if errors.is_empty() { Ok(settings) } else { Err(SettingsErrors(errors)) }
    }

    /// As [`Settings::read`], but with everything that is wrong beside the settings, in which the
    /// defaults stand for what is wrong.
    ///
    /// # Errors
    /// When there is no telling what the settings are.
    pub fn examine(
        named: Option<&Path>,
        data_dir: &Path,
    ) -> Result<(Self, Vec<String>), SettingsErrors> {
        let usual = data_dir.join("tegata.toml");
        let path = named.unwrap_or(&usual);
        let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(error) => return Err(SettingsErrors(vec![in_file(&error)])),
        };
        let placed = |errors: &[String]| errors.iter().map(|error| in_file(error)).collect();
        match Self::parse_with_errors(&text, data_dir) {
            Ok((settings, errors)) => Ok((settings, placed(&errors))),
            Err(SettingsErrors(errors)) => Err(SettingsErrors(placed(&errors))),
        }
    }

    /// Reads settings from their text.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key.
    pub fn parse(text: &str, base: &Path) -> Result<Self, SettingsErrors> {
        let (settings, errors) = Self::parse_with_errors(text, base)?;
        if errors.is_empty() { Ok(settings) } else { Err(SettingsErrors(errors)) }
    }

    fn parse_with_errors(text: &str, base: &Path) -> Result<(Self, Vec<String>), SettingsErrors> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| SettingsErrors(vec![error.to_string()]))?;
        let mut reader = Reader { found: flatten(&table), errors: Vec::new() };
        reader.refuse_unknown();
        let settings = Self {
            site: reader.address("listen.site"),
            status: reader.address("listen.status"),
            admin: reader.address("listen.admin"),
            passphrase_file: base.join(reader.text("keys.passphrase_file")),
            automatic_rollover: reader.flag("ca.automatic_rollover"),
            anchor_dir: base.join(reader.text("audit.anchor_dir")),
            site_names: reader.names("site.names"),
            mail_url_file: base.join(reader.text("mail.url_file")),
            mail_from: reader.text("mail.from"),
            mail_authorities: reader.optional("mail.server_ca_file").map(|path| base.join(path)),
            mail_signer: reader.signer(base),
            mail_unsigned: reader.unsigned(),
            mail_bounces_to: reader.optional("mail.bounces_to"),
            mail_bounces_maildir: base.join(reader.text("mail.bounces_maildir")),
            mail_bounces_maildir_is_set: reader.value("mail.bounces_maildir").is_some(),
            rates: Rates {
                per_address: reader.count("limits.per_address"),
                per_user_id: reader.count("limits.per_user_id"),
            },
        };
        reader.check_together(&settings);
        Ok((settings, reader.errors))
    }
}

struct Reader {
    found: Vec<(String, Value)>,
    errors: Vec<String>,
}

impl Reader {
    fn refuse_unknown(&mut self) {
        for (key, _) in &self.found {
            if SETTINGS.iter().all(|setting| setting.key != key) {
                let nearest = SETTINGS
                    .iter()
                    .min_by_key(|setting| strsim::damerau_levenshtein(setting.key, key));
                let hint = nearest.map_or("", |setting| setting.key);
                self.errors.push(format!("{key}: there is no such setting; did you mean {hint}?"));
            }
        }
    }

    /// What each setting allows but not all of them together, and what its type cannot tell.
    fn check_together(&mut self, settings: &Settings) {
        let listeners = [
            ("listen.site", settings.site),
            ("listen.status", settings.status),
            ("listen.admin", settings.admin),
        ];
        for (i, (key, address)) in listeners.iter().enumerate() {
            let earlier = listeners[..i].iter().find(|(_, other)| other == address);
            if let Some((other, _)) = earlier.filter(|_| address.port() != 0) {
                self.errors.push(format!("{key}: {address} is {other} already"));
            }
        }
        if settings.mail_from.parse::<Email>().is_err()
            && settings.mail_from != default("mail.from")
        {
            self.wrong("mail.from", "an e-mail address");
        }
        if !settings.site_names.iter().all(|name| is_host(name)) {
            self.wrong("site.names", "a list of host names and IP addresses");
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.found.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn wrong(&mut self, key: &str, wanted: &str) {
        let example = SETTINGS.iter().find(|setting| setting.key == key).map(Setting::example);
        let example = example.unwrap_or_default();
        self.errors.push(format!("{key}: must be {wanted}, for example {example}"));
    }

    fn text(&mut self, key: &str) -> String {
        match self.value(key) {
            None => default(key).to_owned(),
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(_) => {
                self.wrong(key, "a text");
                default(key).to_owned()
            }
        }
    }

    fn optional(&mut self, key: &str) -> Option<String> {
        match self.value(key) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => {
                self.wrong(key, "a text");
                None
            }
        }
    }

    fn signer(&mut self, base: &Path) -> SignerPlace {
        let passphrase = base.join(self.text("mail.signer_passphrase_file"));
        let chain = base.join(self.text("mail.signer_chain"));
        let text = self.text("mail.signer");
        match (text.strip_prefix("pkcs12:"), text.parse()) {
            _ if text == default("mail.signer") => SignerPlace::Own,
            (Some(file), _) if !file.is_empty() => {
                SignerPlace::Pkcs12 { file: base.join(file), passphrase }
            }
            (_, Ok(key)) => SignerPlace::Token { key, chain },
            (_, Err(error)) if text.starts_with("pkcs11:") => {
                self.errors.push(format!("mail.signer: {error}"));
                SignerPlace::Own
            }
            _ => {
                self.wrong("mail.signer", "own, pkcs12:FILE or pkcs11:ADDRESS");
                SignerPlace::Own
            }
        }
    }

    fn unsigned(&mut self) -> Unsigned {
        match self.text("mail.unsigned").as_str() {
            "fallback" => Unsigned::Fallback,
            "never" => Unsigned::Never,
            _ => {
                self.wrong("mail.unsigned", "never or fallback");
                Unsigned::Never
            }
        }
    }

    fn address(&mut self, key: &str) -> SocketAddr {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| {
            self.wrong(key, "an IP address and a port");
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn count(&mut self, key: &str) -> NonZeroU32 {
        let number = match self.value(key) {
            None => default(key).parse().ok(),
            Some(Value::Integer(number)) => u32::try_from(*number).ok(),
            Some(_) => None,
        };
        number.and_then(NonZeroU32::new).unwrap_or_else(|| {
            self.wrong(key, "a whole number from 1");
            NonZeroU32::MIN
        })
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.value(key) {
            None => default(key) == "true",
            Some(Value::Boolean(flag)) => *flag,
            Some(_) => {
                self.wrong(key, "true or false");
                false
            }
        }
    }

    fn names(&mut self, key: &str) -> Vec<String> {
        let names: Option<Vec<String>> = match self.value(key) {
            None => Some(default(key).split(' ').map(str::to_owned).collect()),
            Some(Value::Array(list)) => {
                list.iter().map(|name| name.as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        };
        names.filter(|names| !names.is_empty()).unwrap_or_else(|| {
            self.wrong(key, "a list of host names and IP addresses");
            Vec::new()
        })
    }
}

/// An IP address or a host name (RFC 1123 §2.1).
pub fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label))
}

fn default(key: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.key == key).map_or("", |setting| setting.default)
}

/// `section.key` for every value of a table of tables.
fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (section, value) in table {
        match value {
            Value::Table(inner) => {
                flat.extend(inner.iter().map(|(k, v)| (format!("{section}.{k}"), v.clone())));
            }
            other => flat.push((section.clone(), other.clone())),
        }
    }
    flat
}

/// The settings reference, Markdown; docs/settings.md is held to it by a test.
pub fn reference() -> String {
    let mut out = String::from(
        "# Settings\n\nOne file, `tegata.toml`, in the data directory or named by `--config`. \
         Relative paths count from the data directory. Unknown keys are refused. `tegata config check` says everything that is wrong. \
         Secrets never stand here, only the files that hold them.\n\n\
         This page is made by `tegata config reference`.\n\n\
         | setting | default | meaning |\n|---|---|---|\n",
    );
    for setting in SETTINGS {
        let _ = writeln!(out, "| `{}` | `{}` | {} |", setting.key, setting.example(), setting.doc);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        let settings = Settings::parse("", Path::new("/d")).unwrap();
        assert_eq!(settings.site.to_string(), "127.0.0.1:8443");
        assert_eq!(settings.passphrase_file, Path::new("/d/secrets/ca-passphrase"));
        assert_eq!(settings.rates, Rates::default());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let text =
            "[listen]\nsit = \"x\"\nstatus = 5\nadmin = \"nowhere\"\n[limits]\nper_address = 0\n";
        let SettingsErrors(errors) = Settings::parse(text, Path::new("/d")).unwrap_err();
        assert_eq!(errors.len(), 4, "{errors:?}");
        assert!(errors[0].contains("did you mean listen.site?"), "{errors:?}");
        assert!(errors.iter().any(|error| error.starts_with("limits.per_address: must be")));
    }

    #[test]
    fn what_only_serve_would_notice_is_said_too() {
        let text = "[listen]\nsite = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:1\"\n\
                    [mail]\nfrom = \"nobody\"\n[site]\nnames = [\"bad host!\"]\n";
        let SettingsErrors(errors) = Settings::parse(text, Path::new("/d")).unwrap_err();
        let keys: Vec<_> = errors.iter().filter_map(|error| error.split(':').next()).collect();
        assert_eq!(keys, ["listen.admin", "mail.from", "site.names"]);
    }

    #[test]
    fn the_example_in_an_error_is_taken() {
        for (key, text) in [
            ("per_address", "[limits]\nper_address = \"x\"\n"),
            ("names", "[site]\nnames = \"x\"\n"),
        ] {
            let SettingsErrors(errors) = Settings::parse(text, Path::new("/d")).unwrap_err();
            let (_, example) = errors[0].split_once("for example ").unwrap();
            let section = text.lines().next().unwrap();
            let right = format!("{section}\n{key} = {example}\n");
            assert!(Settings::parse(&right, Path::new("/d")).is_ok(), "{errors:?}");
        }
    }

    #[test]
    fn a_signer_is_read_from_each_place() {
        let read = |text: &str| Settings::parse(text, Path::new("/d"));
        let signer = |text| read(&format!("[mail]\nsigner = \"{text}\"\n")).map(|s| s.mail_signer);
        assert_eq!(signer("own").unwrap(), SignerPlace::Own);
        let SignerPlace::Pkcs12 { file, passphrase } = signer("pkcs12:mail.p12").unwrap() else {
            panic!("not PKCS#12");
        };
        assert_eq!(file, Path::new("/d/mail.p12"));
        assert_eq!(passphrase, Path::new("/d/secrets/mail-signer-passphrase"));
        let token = "pkcs11:token=T;object=mail?module-path=/usr/lib/driver.so";
        assert!(matches!(signer(token).unwrap(), SignerPlace::Token { .. }));
        for wrong in ["none", "pkcs12:", "pkcs11:object=x", "Own"] {
            assert!(signer(wrong).is_err(), "{wrong}");
        }
        assert!(read("[mail]\nunsigned = \"always\"\n").is_err());
    }

    #[test]
    fn a_named_file_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Settings::read(None, dir.path()).is_ok());
        assert!(Settings::read(Some(&dir.path().join("x.toml")), dir.path()).is_err());
    }

    #[test]
    fn the_reference_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(page, reference(), "run `tegata config reference > docs/settings.md`");
    }
}
