//! Whether a store has anything that renewal could ever be for: a store named by mistake would
//! look like one where nothing is due.

use tegata_agent::inventory::{Item, Own, State};
use tegata_agent::receipt::Receipts;
use tegata_agent::store::StoreUri;
use tegata_text::Text;

use crate::output::Failure;
use crate::{args, stores};

/// Nothing of this service is in the store.
const NONE: &str = "no_certificate";
/// All of this service that is in the store is over.
const EXPIRED: &str = "certificates_expired";

/// Says so when none of `items`, those of this service in the store, can be renewed now or later.
pub(crate) fn check(items: &[Item], uri: &StoreUri, text: Text) -> Result<(), Failure> {
    if items.iter().any(Item::is_live) {
        return Ok(());
    }
    let store = uri.to_string();
    if items.iter().any(|item| item.state == State::Expired) {
        let title = text.app_all_expired(&store);
        return Err(Failure::usage(EXPIRED, title, text.app_all_expired_do()));
    }
    let detail = match stores::is_own(uri) {
        true => text.app_own_store_do(),
        false => text.app_none_of_service_do(&args::program()),
    };
    Err(Failure::usage(NONE, text.app_none_of_service(&store), detail))
}

/// As [`check`], for a run that a schedule started. One that was set up with the program runs for
/// everybody who signs in: whoever never had a certificate in the system's own store is left alone.
pub(crate) fn check_unattended(
    items: &[Item],
    uri: &StoreUri,
    (receipts, own): (Option<&Receipts>, Option<&Own>),
    text: Text,
) -> Result<(), Failure> {
    let is_ours = |site: &str| own.is_none_or(|own| own.site.is_at(site));
    let had_one = receipts
        .is_some_and(|receipts| receipts.all().iter().any(|(_, receipt)| is_ours(&receipt.site)));
    if items.is_empty() && !had_one && stores::is_own(uri) {
        return Ok(());
    }
    check(items, uri, text)
}

/// Whether it is said by [`check`], with the step that helps.
pub(crate) fn is_said(failure: &Failure) -> bool {
    [NONE, EXPIRED].contains(&failure.explanation.code.as_str())
}
