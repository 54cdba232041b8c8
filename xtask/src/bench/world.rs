use std::path::Path;
use std::sync::Arc;

use tegata_ca::CaKey;
use tegata_domain::{Clock, Credential, CredentialState, Entropy, UserId};
use tegata_registrar::{Actor, Office, ServiceSettings};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_server::installation::{DataDir, Foundation};
use tegata_server::keyfile::Passphrase;
use tegata_store::{AuditEntry, CompanyRecord, CredentialRecord, ServiceRecord, StoreError, View};

use crate::Failure;

/// Free ports, and no limit that the driver would meet.
const SETTINGS: &str = r#"
[listen]
site = "127.0.0.1:0"
status = "127.0.0.1:0"
admin = "127.0.0.1:0"
[site]
names = ["127.0.0.1", "localhost"]
[limits]
per_address = 1000000000
per_user_id = 1000000000
"#;

const SERVICE: &str = r#"{
    "organisation": {"ja": "サンプル銀行", "en": "Sample Bank, Ltd."},
    "name": {"ja": "サンプルLite CMS", "en": "Sample Lite CMS"},
    "help": {"ja": "サンプル銀行 ヘルプデスク", "en": "Sample Bank help desk"},
    "service_url": "https://localhost/SAMPLE01/cms",
    "status_url": "http://localhost",
    "time_zone": "Asia/Tokyo",
    "user_id_example": "CMSM950-006-401"
}"#;

/// A new installation with one service, one branch and one company.
pub(super) struct World {
    pub(super) data: DataDir,
    pub(super) office: Office,
    pub(super) service: ServiceRecord,
    /// DER of the root certificate.
    pub(super) root: Vec<u8>,
    company: CompanyRecord,
}

impl World {
    pub(super) async fn found(within: &Path) -> Result<Self, Failure> {
        let data = DataDir::new(&within.join("data"));
        data.create()?;
        std::fs::write(data.path().join("tegata.toml"), SETTINGS)?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Passphrase::ensure(&data.passphrase(), &*entropy)?;
        let foundation = Foundation {
            key: "0001/SB0001002C".parse()?,
            root_name: "SB0001001C".parse()?,
            country: "JP".to_owned(),
            root_key: CaKey::P384,
            root_token: None,
            issuing_key: CaKey::P256,
            issuing_token: None,
            settings: ServiceSettings::from_json(SERVICE)?,
        };
        let passphrase = Passphrase::read(&data.passphrase())?;
        let office = data.found(&foundation, &passphrase, clock, entropy).await?;
        let service = office.choose_service(None)?;
        let actor = || Actor::Operator("bench".to_owned());
        office.add_branch(actor(), service.id, "950".parse()?, "Head Office".to_owned()).await?;
        let branch = office.branch(service.id, &"950".parse()?)?;
        let code = "CMSM950-006".parse()?;
        office.add_company(actor(), branch, code, "Sample Trading Co., Ltd.".to_owned()).await?;
        let company = office.company(service.id, &"CMSM950-006".parse()?)?;
        let authorities = office.store().read(|view: View<'_>| view.authorities())?;
        let root = authorities.into_iter().find(|authority| authority.service.is_none());
        let root = root.ok_or("the installation has no root")?.certificate;
        Ok(Self { data, office, service, root, company })
    }

    /// Adds seats whose credentials share one hash: hashing each would take the whole time.
    pub(super) async fn seats(
        &self,
        prefix: &str,
        count: usize,
        hash: &str,
        locked: bool,
    ) -> Result<Vec<UserId>, Failure> {
        let now = self.office.now();
        let policy = ServiceSettings::from_json(&self.service.settings)?.credential();
        let mut credential = Credential::new(now, &policy);
        if locked {
            credential.state = CredentialState::Locked { at: now };
        }
        let user_ids = (0..count)
            .map(|number| format!("{}-{prefix}-{number:06}", self.company.code).parse())
            .collect::<Result<Vec<UserId>, _>>()?;
        for part in user_ids.chunks(5_000) {
            let (part, company) = (part.to_vec(), self.company.clone());
            let record = CredentialRecord { hash: hash.to_owned(), credential };
            self.office
                .store()
                .write(move |tx| {
                    for user_id in &part {
                        let seat = tx.insert_seat(&company, user_id)?;
                        tx.put_credential(seat, &record)?;
                    }
                    tx.audit(&AuditEntry {
                        at: now,
                        actor: "operator bench".to_owned(),
                        action: "seat.created".to_owned(),
                        object: company.code.to_string(),
                        detail: serde_json::Value::Null,
                        reference: None,
                    })?;
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok(user_ids)
    }
}
