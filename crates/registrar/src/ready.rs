use std::sync::PoisonError;

use tegata_store::{CrlScope, StoreError, View};

use crate::{IssuingCa, Registrar};

impl Registrar {
    /// What keeps this node from doing its work, each as a sentence; none when it is ready.
    pub fn troubles(&self) -> Vec<String> {
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut troubles: Vec<String> = self.distrusted().into_iter().chain(behind).collect();
        let keyring = self.keyring();
        for ca in keyring.authorities().filter(|ca| self.now() < ca.authority.validity().not_after)
        {
            match self.crl_is_current(ca) {
                Ok(true) => {}
                Ok(false) => troubles.push(format!("{} has no current CRL", ca.name)),
                Err(error) => troubles.push(error.to_string()),
            }
            if let Err(error) = ca.authority.signer().ready() {
                troubles.push(format!("{}: {error}", ca.name));
            }
        }
        for root in keyring.offline() {
            let scope = CrlScope { authority: root.id, shard: 0 };
            let crl = self.store().read(|view: View<'_>| view.published_crl_head(scope, false));
            if !matches!(crl, Ok(Some(crl)) if self.now() < crl.next_update) {
                let name = &root.name;
                troubles.push(format!(
                    "{name} has no current CRL: have its ceremony make one and run `tegata ca \
                     publish-crl`"
                ));
            }
        }
        for service in keyring.services().filter(|one| one.issuer(self.now()).is_none()) {
            troubles.push(format!("no CA of service {} issues", service.key));
        }
        for ca in keyring.services().flat_map(|service| &service.issuing) {
            let responder = self.responders.of(ca.id);
            if responder.is_none_or(|responder| self.now() >= responder.validity().not_after) {
                troubles.push(format!("{} has no OCSP responder", ca.name));
            }
        }
        troubles
    }

    fn crl_is_current(&self, ca: &IssuingCa) -> Result<bool, StoreError> {
        let now = self.now();
        self.store().read(|view: View<'_>| {
            let shards = view.crl_shards(ca.id, now)?;
            let scopes = ca.complete_crl.then_some(0).into_iter().chain(shards);
            for shard in scopes {
                let scope = CrlScope { authority: ca.id, shard };
                let crl = view.published_crl_head(scope, false)?;
                if crl.is_none_or(|crl| now >= crl.next_update) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}
