//! The service that installers are made for.

use std::path::Path;

use tegata_domain::{Issuer, ServiceKey};
use tegata_text::Lang;
use tegata_wire::brand::Brand as Written;

use crate::Failure;

/// A brand, read and checked, with its file as it is packed.
pub(super) struct Brand {
    written: Written,
    service: ServiceKey,
    host: String,
    /// The file's octets: packages hold what was given, unchanged.
    pub(super) json: Vec<u8>,
}

impl Brand {
    /// Reads a brand.
    ///
    /// # Errors
    /// When there is none, or the application would refuse it.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let json = std::fs::read(path).map_err(|error| failed(&error))?;
        Self::parse(json).map_err(|error| failed(&error).into())
    }

    fn parse(json: Vec<u8>) -> Result<Self, Failure> {
        let written: Written = serde_json::from_slice(&json)?;
        let address = written.site.strip_prefix("https://").unwrap_or_default();
        let (host, service) = address.split_once("/issueweb/").unwrap_or_default();
        let service = service.strip_suffix('/').unwrap_or_default().parse();
        let (Ok(service), false) = (service, host.is_empty()) else {
            return Err("`site` is not https://HOST/issueweb/TENANT/ISSUER/".into());
        };
        let root = written.root_sha256.as_bytes();
        if root.len() != 64 || !root.iter().all(u8::is_ascii_hexdigit) {
            return Err("`root_sha256` is not 64 hexadecimal digits".into());
        }
        if written.update_keys.iter().any(|key| key.0.len() != 32) {
            return Err("`update_keys` are Ed25519 public keys of 32 octets in base64".into());
        }
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
        let brand = Self { service, host, written, json };
        for lang in [Lang::Ja, Lang::En] {
            for name in [brand.service(lang), brand.organisation(lang)] {
                // They become one line of a desktop file, a control file and a shortcut's name.
                if name.trim().is_empty() || name.chars().any(char::is_control) {
                    return Err("a name is empty or holds a control character".into());
                }
            }
        }
        Ok(brand)
    }

    /// The service's first issuing CA: part of the names of files, folders and products.
    pub(super) fn issuer(&self) -> &Issuer {
        &self.service.issuer
    }

    /// [`Self::issuer`] in small letters, as Debian wants names.
    pub(super) fn slug(&self) -> String {
        self.service.issuer.as_str().to_ascii_lowercase()
    }

    /// The host of the issuing site, without a port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The service's own name.
    pub(super) fn service(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.written.name.ja,
            Lang::En => &self.written.name.en,
        }
    }

    /// The organisation that offers it.
    pub(super) fn organisation(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.written.organisation.ja,
            Lang::En => &self.written.organisation.en,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A brand's file.
    pub(in super::super) const JSON: &str = r#"{
  "site": "https://cms.example.jp:8443/issueweb/0001/SB0001002C/",
  "root_sha256": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  "organisation": { "ja": "株式会社サンプル銀行", "en": "Sample Bank, Ltd." },
  "name": { "ja": "サンプルLite CMS", "en": "Sample Lite CMS" }
}"#;

    #[test]
    fn the_brand_names_service_and_host() {
        let brand = Brand::parse(JSON.into()).unwrap();
        assert_eq!((brand.issuer().as_str(), brand.slug().as_str()), ("SB0001002C", "sb0001002c"));
        assert_eq!(brand.host(), "cms.example.jp");
        assert_eq!(brand.service(Lang::Ja), "サンプルLite CMS");
    }

    #[test]
    fn what_the_application_would_refuse_is_not_packed() {
        for (good, bad) in [
            ("https:", "http:"),
            ("/SB0001002C/", "/SB0001002C/issue"),
            ("cms.example.jp:8443", ""),
            ("00112233", "0011223"),
            ("Sample Lite CMS", "two\\nlines"),
            ("\"name\"", "\"nick\": 1, \"name\""),
            ("\"name\"", r#""help": { "ja": "two\nlines", "en": "" }, "name""#),
        ] {
            assert!(Brand::parse(JSON.replace(good, bad).into()).is_err(), "{bad}");
        }
    }
}
