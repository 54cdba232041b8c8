//! What the application remembers of a certificate that the certificate itself does not say.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tegata_domain::Serial;

use crate::files::{self, Access, Existing};
use crate::issue::Outcome;
use crate::site::Site;

/// Longest receipt that is read, in octets.
const MAX_LEN: u64 = 64 * 1024;

/// Written after an issuance. It holds nothing secret and no e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The issuing site, for renewal.
    pub site: String,
    /// Address of the protected service.
    pub service_url: String,
    /// First moment at which renewal is possible.
    pub renewable_from: Timestamp,
    /// Fingerprint of the root.
    pub root_sha256: String,
    /// IANA name of the service's time zone.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Whether the gateway let this certificate through: only then is what it replaces not needed
    /// any more.
    #[serde(default)]
    pub proven: bool,
}

/// The folder of receipts, one JSON file a certificate.
pub struct Receipts {
    folder: PathBuf,
}

impl Receipts {
    /// Receipts in `folder`, which need not exist yet.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps what `outcome` told.
    ///
    /// # Errors
    /// When the folder cannot be written. The certificate is installed all the same.
    pub fn keep(&self, site: &Site, outcome: &Outcome) -> std::io::Result<()> {
        let receipt = Receipt {
            site: site.to_string(),
            service_url: outcome.service_url.clone(),
            renewable_from: outcome.renewable_from,
            root_sha256: outcome.root.to_string(),
            time_zone: Some(outcome.time_zone.clone()),
            proven: outcome.proof.is_accepted(),
        };
        self.write(outcome.serial, &receipt)
    }

    /// Keeps that the gateway let this certificate through.
    ///
    /// # Errors
    /// When the folder cannot be written. Without a receipt there is nothing to note.
    pub fn proven(&self, serial: Serial) -> std::io::Result<()> {
        match self.find(serial) {
            Some(receipt) => self.write(serial, &Receipt { proven: true, ..receipt }),
            None => Ok(()),
        }
    }

    fn write(&self, serial: Serial, receipt: &Receipt) -> std::io::Result<()> {
        files::make_private_folder(&self.folder)?;
        let json = serde_json::to_vec_pretty(receipt)?;
        files::write(&self.path(serial), &json, Access::Private, Existing::Replace)
    }

    /// Notes from when the site renews a certificate, where it says another date than before: its
    /// settings may have changed since. Without a receipt there is nothing to note it in.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn learn(&self, serial: Serial, renewable_from: Timestamp) -> std::io::Result<()> {
        match self.find(serial) {
            Some(receipt) => self.write(serial, &Receipt { renewable_from, ..receipt }),
            None => Ok(()),
        }
    }

    /// The receipt of a certificate, when there is a readable one.
    pub fn find(&self, serial: Serial) -> Option<Receipt> {
        let json = files::read(&self.path(serial), MAX_LEN).ok()??;
        serde_json::from_slice(&json).ok()
    }

    /// Forgets a certificate that is no longer here.
    ///
    /// # Errors
    /// When the file cannot be removed. One that is not there is no error.
    pub fn forget(&self, serial: Serial) -> std::io::Result<()> {
        files::remove(&self.path(serial))
    }

    /// The serial numbers of all readable receipts, each with its own.
    pub fn all(&self) -> Vec<(Serial, Receipt)> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let serials = files.filter_map(|file| {
            file.file_name().to_str()?.strip_suffix(".json")?.parse::<Serial>().ok()
        });
        serials.filter_map(|serial| Some((serial, self.find(serial)?))).collect()
    }

    fn path(&self, serial: Serial) -> PathBuf {
        self.folder.join(format!("{serial}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_date_is_learned_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        let receipts = Receipts::at(folder.path().to_owned());
        let serial: Serial = "0a1b".parse().unwrap();
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        receipts.learn(serial, moment("2027-01-01T00:00:00Z")).unwrap();
        assert_eq!(receipts.find(serial), None, "there is nothing to note it in");
        let receipt = Receipt {
            site: "https://issue.example.jp/issueweb/0001/SB0001002C/".to_owned(),
            service_url: "https://gateway.example.jp/SAMPLE01/cms".to_owned(),
            renewable_from: moment("2027-09-24T15:00:00Z"),
            root_sha256: "00".repeat(32),
            time_zone: Some("Asia/Tokyo".to_owned()),
            proven: true,
        };
        let json = serde_json::to_vec(&receipt).unwrap();
        std::fs::write(folder.path().join(format!("{serial}.json")), json).unwrap();
        let renewable_from = moment("2027-10-24T15:00:00Z");
        receipts.learn(serial, renewable_from).unwrap();
        assert_eq!(receipts.find(serial), Some(Receipt { renewable_from, ..receipt }));
    }
}
