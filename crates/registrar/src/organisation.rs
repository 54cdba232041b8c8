use tegata_domain::{BranchCode, CompanyCode, Email, ServiceKey, UserId};
use tegata_store::{BranchRecord, CompanyRecord, ServiceId, ServiceRecord, StoreError, View};
use tegata_text::Lang;

use crate::office::entry;
use crate::{Actor, Office, TargetError};

impl Office {
    /// The service meant: the one named, or the only one there is.
    ///
    /// # Errors
    /// When there is none of this name, or several and none was named.
    pub fn choose_service(&self, named: Option<&ServiceKey>) -> Result<ServiceRecord, TargetError> {
        let mut services = self.store.read(|view: View<'_>| view.services())?;
        match named {
            Some(key) => services
                .into_iter()
                .find(|service| service.key == *key)
                .ok_or_else(|| TargetError::unknown("service", key)),
            None if services.len() == 1 => Ok(services.remove(0)),
            None => Err(TargetError::ServiceNotNamed(
                services.iter().map(|service| service.key.to_string()).collect(),
            )),
        }
    }

    /// The branch of this code.
    ///
    /// # Errors
    /// When there is none.
    pub fn branch(
        &self,
        service: ServiceId,
        code: &BranchCode,
    ) -> Result<BranchRecord, TargetError> {
        let mut branches = self.store.read(|view: View<'_>| view.branches(service))?;
        match branches.iter().position(|branch| branch.code == *code) {
            Some(found) => Ok(branches.swap_remove(found)),
            None => Err(TargetError::unknown("branch", code)
                .or_nearest(branches.iter().map(|branch| &branch.code))),
        }
    }

    /// The company of this code.
    ///
    /// # Errors
    /// When there is none.
    pub fn company(
        &self,
        service: ServiceId,
        code: &CompanyCode,
    ) -> Result<CompanyRecord, TargetError> {
        let mut companies = self.store.read(|view: View<'_>| view.companies(service))?;
        match companies.iter().position(|company| company.code == *code) {
            Some(found) => Ok(companies.swap_remove(found)),
            None => Err(TargetError::unknown("company", code)
                .or_nearest(companies.iter().map(|company| &company.code))),
        }
    }

    /// Adds a branch.
    ///
    /// # Errors
    /// When the code is taken.
    pub async fn add_branch(
        &self,
        actor: Actor,
        service: ServiceId,
        code: BranchCode,
        name: String,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                tx.insert_branch(service, &code, &name)?;
                tx.audit(&entry(now, &actor, "branch.created", code))
            })
            .await
    }

    /// Sets where the digest of a branch goes, if anywhere.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_branch_email(
        &self,
        actor: Actor,
        branch: BranchRecord,
        email: Option<Email>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                tx.set_branch_email(branch.id, email.as_ref())?;
                let mut entry = entry(now, &actor, "branch.changed", &branch.code);
                entry.detail = serde_json::json!({ "email": email });
                tx.audit(&entry)
            })
            .await
    }

    /// Sets the language of a seat's mails.
    ///
    /// # Errors
    /// When there is no such seat.
    pub async fn set_lang(
        &self,
        actor: Actor,
        service: ServiceId,
        user_id: UserId,
        lang: Lang,
    ) -> Result<(), TargetError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let seat = tx
                    .seat(service, &user_id)?
                    .ok_or_else(|| TargetError::unknown("user ID", &user_id))?;
                tx.set_lang(seat.id, lang.code())?;
                let mut entry = entry(now, &actor, "seat.changed", &user_id);
                entry.detail = serde_json::json!({ "lang": lang.code() });
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Adds a company.
    ///
    /// # Errors
    /// When the code is taken.
    pub async fn add_company(
        &self,
        actor: Actor,
        branch: BranchRecord,
        code: CompanyCode,
        name: String,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                tx.insert_company(&branch, &code, &name)?;
                let mut entry = entry(now, &actor, "company.created", code);
                entry.detail = serde_json::json!({ "branch": branch.code });
                tx.audit(&entry)
            })
            .await
    }
}
