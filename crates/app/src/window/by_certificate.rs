//! What the key of a certificate on this PC authorises: its renewal, and another e-mail address.

use tegata_agent::email;
use tegata_agent::issue::Right;
use tegata_agent::site::Site;
use tegata_agent::store::{Held, KeyStore};
use tegata_agent::{Error, Explanation, Fingerprint};
use tegata_domain::Email;

use super::model::Report;
use super::model::email::Asked;
use super::worker::{Asks, Bench, Context, list, open};
use crate::stores;

/// A certificate, the store that has it, and where it was issued.
struct Found {
    store: Box<dyn KeyStore>,
    held: Held,
    site: Site,
    root: Fingerprint,
}

impl Bench {
    /// By the certificate with this serial number, and what its receipt remembers of the site.
    pub(super) fn renew(&self, context: &Context, serial: &str) -> Report {
        let Found { mut store, held, site, root } = match found(context, serial) {
            Ok(found) => found,
            Err(explanation) => return Report::Failed(explanation),
        };
        let key = match store.key(&held) {
            Ok(key) => key,
            Err(error) => return Report::Failed(Error::from(error).explain(context.text)),
        };
        let right = Right::Certificate { current: Box::new(held.certificate), key };
        let order = self.order((&site, root), held.user, right, context.text);
        self.carry_out(context, order, &mut *store)
    }

    /// Asks for another address of the seat that the certificate with this serial number belongs to.
    pub(super) fn change_email(&self, context: &Context, serial: &str, new: &Email) -> Report {
        let text = context.text;
        let found = found(context, serial).and_then(|found| Ok((found, self.network(context)?)));
        let (Found { store, held, site, root }, network) = match found {
            Ok(found) => found,
            Err(explanation) => return Report::Failed(explanation),
        };
        let now = self.around.clock.now();
        let (held, site) = ((&*store, &held), (&site, Some(root)));
        match email::ask_over(&network, held, site, new, (&mut Asks(self), now)) {
            Ok(asked) => Report::EmailAsked(Asked { user: asked.user_id, email: asked.email }),
            Err(error) => {
                let mut explanation = error.explain(text);
                if self.stop().is_set() {
                    // Nothing is lost by stopping: the address of before stays.
                    explanation.detail = String::new();
                }
                match self.failed(explanation, text) {
                    Report::Cancelled(why) => {
                        let title = text.window_email_cancelled();
                        Report::Cancelled(Explanation { title, ..why })
                    }
                    other => other,
                }
            }
        }
    }
}

fn found(context: &Context, serial: &str) -> Result<Found, Explanation> {
    let text = context.text;
    let none = |code: &str, title: String| {
        let (code, detail, reference) = (code.to_owned(), String::new(), String::new());
        Explanation { code, title, detail, reference }
    };
    let store = open(context, None)?;
    let held = list(&*store, text)?.into_iter().find(|held| held.serial.to_string() == serial);
    let held = held.ok_or_else(|| none("nothing_to_renew", text.app_nothing_to_renew()))?;
    let receipt = stores::receipts().and_then(|receipts| receipts.find(held.serial));
    let known = receipt.and_then(|receipt| {
        Some((receipt.site.parse::<Site>().ok()?, receipt.root_sha256.parse().ok()?))
    });
    let (site, root) = known.ok_or_else(|| none("site_unknown", text.app_site_unknown()))?;
    Ok(Found { store, held, site, root })
}
