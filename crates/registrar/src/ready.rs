use std::sync::PoisonError;

use jiff::Timestamp;
use tegata_domain::Issuer;
use tegata_store::{CrlScope, StoreError, View};

use crate::{IssuingCa, Keyring, OfflineCa, Registrar};

impl Registrar {
    /// What keeps this node from doing its work, each as a sentence; none when it is ready.
    pub fn troubles(&self) -> Vec<String> {
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut troubles: Vec<String> = self.distrusted().into_iter().chain(behind).collect();
        let keyring = self.keyring();
        for ca in keyring.authorities().filter(|ca| self.lives(ca)) {
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
            let is_missing = match crl {
                Ok(Some(crl)) => self.now() >= crl.next_update && self.has_living(&keyring, root),
                Ok(None) => self.founds_issuing(&keyring, root),
                Err(_) => true,
            };
            if is_missing {
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
        let issuing = keyring.services().flat_map(|service| &service.issuing);
        for ca in issuing.filter(|ca| self.lives(ca)) {
            let responder = self.responders.of(ca.id);
            if responder.is_none_or(|responder| self.now() >= responder.validity().not_after) {
                troubles.push(format!("{} has no OCSP responder", ca.name));
            }
        }
        troubles
    }

    /// The CAs whose newest CRL is from the future, and from when it is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lists_ahead(&self) -> Result<Vec<(Issuer, Timestamp)>, StoreError> {
        let (now, keyring) = (self.now(), self.keyring());
        let at_hand = keyring.authorities().map(|ca| (ca.id, &ca.name));
        let offline = keyring.offline().iter().map(|ca| (ca.id, &ca.name));
        let mut ahead = Vec::new();
        self.store().read(|view: View<'_>| {
            for (authority, name) in at_hand.chain(offline) {
                let mut newest = None;
                for shard in [vec![0], view.crl_shards(authority, now)?].concat() {
                    for delta in [false, true] {
                        let crl = view.published_crl_head(CrlScope { authority, shard }, delta)?;
                        newest = newest.max(crl.map(|crl| crl.this_update));
                    }
                }
                ahead.extend(newest.filter(|at| *at > now).map(|at| (name.clone(), at)));
            }
            Ok(ahead)
        })
    }

    /// Whether a CA under this root has not ended.
    fn has_living(&self, keyring: &Keyring, root: &OfflineCa) -> bool {
        let mut issuing = keyring.services().flat_map(|service| &service.issuing);
        issuing.any(|ca| ca.parent == Some(root.id) && self.lives(ca))
    }

    /// Whether a service began under this root, and a CA under it issues. Below a root that came
    /// in with an import, nobody has ever asked here for its first CRL: the import says what to
    /// do, and the node works without.
    fn founds_issuing(&self, keyring: &Keyring, root: &OfflineCa) -> bool {
        keyring.services().any(|service| {
            let mut below = service.issuing.iter().filter(|ca| ca.parent == Some(root.id));
            let is_founding = below.clone().any(|ca| ca.name == service.key.issuer);
            is_founding && below.any(|ca| !ca.retired && self.lives(ca))
        })
    }

    fn lives(&self, ca: &IssuingCa) -> bool {
        self.now() < ca.authority.validity().not_after
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
