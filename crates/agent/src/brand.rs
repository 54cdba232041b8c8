//! What an installer says of the service that it was made for.
//!
//! A file `brand.json` beside the executable. It came the way the executable came and is believed
//! as far: whoever can change it can change the program, too. With it nobody has to type an
//! address or compare a fingerprint.

use std::path::Path;

use tegata_wire::Der;
use tegata_wire::api::Bilingual;
use tegata_wire::brand::Brand as Written;
pub use tegata_wire::brand::{HelpDesk, HelpText};

use crate::Fingerprint;
use crate::files;
use crate::site::Site;

/// Name of the file beside the executable.
pub const FILE: &str = "brand.json";

/// Longest file that is read, in octets. Ours have about 1,000, more with a logo.
pub(crate) const MAX_LEN: u64 = 256 * 1024;

/// The service of an installer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The issuing site.
    pub site: Site,
    /// The root that the site has to show.
    pub root: Fingerprint,
    /// The organisation that offers the service.
    pub organisation: Bilingual,
    /// The service's own name.
    pub name: Bilingual,
    /// Whom users call, where the installer says it.
    pub help: Option<HelpDesk>,
    /// The service's key colour, `#rrggbb`.
    pub key_colour: Option<String>,
    /// Ed25519 public keys (RFC 8032, 32 octets) that may sign update manifests. Without one the
    /// application does not update itself.
    pub update_keys: Vec<[u8; 32]>,
}

/// Not a brand.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    /// The file is there and cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Another form.
    #[error("not a brand: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that makes no sense.
    #[error("the brand's {0} is not valid")]
    Value(&'static str),
}

impl Brand {
    /// The brand in `folder`, where the executable is; `None` when there is none.
    ///
    /// # Errors
    /// When there is one that cannot be used: better to say so than to work for nobody.
    pub fn beside(folder: &Path) -> Result<Option<Self>, BrandError> {
        files::read(&folder.join(FILE), MAX_LEN)?.map(|json| Self::from_json(&json)).transpose()
    }

    /// Reads one from JSON.
    ///
    /// # Errors
    /// When a part is missing, unknown or senseless.
    pub fn from_json(json: &[u8]) -> Result<Self, BrandError> {
        let written: Written = serde_json::from_slice(json)?;
        let keys = written.update_keys.into_iter().map(|key| key.0.try_into());
        Ok(Self {
            site: written.site.parse().map_err(|_| BrandError::Value("site"))?,
            root: written.root_sha256.parse().map_err(|_| BrandError::Value("root_sha256"))?,
            organisation: written.organisation,
            name: written.name,
            help: written.help,
            key_colour: colour(written.key_colour)?,
            update_keys: keys
                .collect::<Result<_, _>>()
                .map_err(|_| BrandError::Value("update_keys"))?,
        })
    }

    /// The brand as JSON for people and programs.
    ///
    /// # Errors
    /// Never for a brand that was read; what JSON cannot say is reported, not lost.
    pub fn to_json(&self) -> Result<Vec<u8>, BrandError> {
        Ok(serde_json::to_vec_pretty(&Written {
            site: self.site.to_string(),
            root_sha256: self.root.to_string(),
            organisation: self.organisation.clone(),
            name: self.name.clone(),
            help: self.help.clone(),
            key_colour: self.key_colour.clone(),
            update_keys: self.update_keys.iter().map(|key| Der(key.to_vec())).collect(),
        })?)
    }
}

fn colour(written: Option<String>) -> Result<Option<String>, BrandError> {
    let is_colour = |text: &String| {
        let digits = text.strip_prefix('#').unwrap_or_default();
        digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    match written {
        Some(text) if !is_colour(&text) => Err(BrandError::Value("key_colour")),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Brand {
        Brand {
            site: "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
            root: Fingerprint::of(b"root"),
            organisation: Bilingual {
                ja: "サンプル銀行".to_owned(),
                en: "Sample Bank, Ltd.".to_owned(),
            },
            name: Bilingual {
                ja: "サンプルライトCMS".to_owned(),
                en: "Sample Lite CMS".to_owned(),
            },
            help: Some(HelpDesk {
                ja: "ヘルプデスク 0120-000-000".parse().unwrap(),
                en: "Help desk 0120-000-000".parse().unwrap(),
            }),
            key_colour: Some("#0017c1".to_owned()),
            update_keys: vec![[7; 32]],
        }
    }

    #[test]
    fn a_brand_reads_back() {
        let json = sample().to_json().unwrap();
        assert_eq!(Brand::from_json(&json).unwrap(), sample());
        let folder = tempfile::tempdir().unwrap();
        assert!(Brand::beside(folder.path()).unwrap().is_none());
        std::fs::write(folder.path().join(FILE), json).unwrap();
        assert_eq!(Brand::beside(folder.path()).unwrap(), Some(sample()));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let json = String::from_utf8(sample().to_json().unwrap()).unwrap();
        for (good, bad, value) in [
            ("https://", "http://", "site"),
            ("#0017c1", "blue", "key_colour"),
            ("#0017c1", "#0017c", "key_colour"),
            ("BwcH", "", "update_keys"),
        ] {
            let error = Brand::from_json(json.replace(good, bad).as_bytes()).unwrap_err();
            assert!(matches!(error, BrandError::Value(named) if named == value), "{error}");
        }
        for (good, bad) in
            [("\"site\"", "\"sight\": 1, \"site\""), ("Help desk ", "Help\\u0007desk ")]
        {
            let error = Brand::from_json(json.replace(good, bad).as_bytes()).unwrap_err();
            assert!(matches!(error, BrandError::Json(_)), "{error}");
        }
    }
}
