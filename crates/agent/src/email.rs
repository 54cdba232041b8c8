//! Another e-mail address, asked for with the key of the present certificate. It counts once the link
//! in a mail to it was followed.

use jiff::Timestamp;
use tegata_domain::Email;
use tegata_wire::Der;
use tegata_wire::api::{EmailAsked, EmailRequest};

use crate::cert::Cert;
use crate::error::Error;
use crate::issue::{self, Person, read};
use crate::key::SeatKey;
use crate::site::Site;
use crate::store::{Held, KeyStore};
use crate::transport::{Network, Transport};
use crate::{Fingerprint, authorise};

/// Asks for `email` in the place of the address of the seat that `current` belongs to, whose key is
/// `key`. Returns what the server took up.
///
/// # Errors
/// [`Error::KeySilent`] when the key does not sign, [`Error::Refused`] when the server says no,
/// otherwise when no usable answer comes.
pub fn ask(
    transport: &dyn Transport,
    site: &Site,
    (current, key): (&Cert, &dyn SeatKey),
    email: &Email,
) -> Result<EmailAsked, Error> {
    let request = authorise::email(current, key, site.service(), email).ok_or(Error::KeySilent)?;
    let body = EmailRequest { email: email.to_string(), request: Der(request) };
    let body = serde_json::to_vec(&body).map_err(|_| Error::KeySilent)?;
    let asked: EmailAsked = read(&transport.post_json(&site.api("email"), &body)?)?;
    if asked.email != email.as_str() {
        return Err(Error::BadAnswer("another address was taken up"));
    }
    Ok(asked)
}

/// Does the same over `network`, for a certificate in `store`.
///
/// # Errors
/// As [`ask`], and when the site is not believed.
pub fn ask_over(
    network: &dyn Network,
    (store, held): (&dyn KeyStore, &Held),
    (site, pin): (&Site, Option<Fingerprint>),
    email: &Email,
    (person, now): (&mut dyn Person, Timestamp),
) -> Result<EmailAsked, Error> {
    let key = store.key(held)?;
    let trusted = issue::believe(site, pin, network, person, now)?;
    ask(&*network.believe(&trusted)?, site, (&held.certificate, &*key), email)
}
