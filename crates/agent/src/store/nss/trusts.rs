//! For what a root is trusted in the database: an object of its own beside the certificate.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use md5::Md5;
use sha1::{Digest, Sha1};

use super::vendor::{self, NSS, TRUST, number, octets};
use crate::cert::Cert;

/// `CKA_TRUST` and what is counted from it.
const CKA_TRUST: u64 = NSS + 0x2000;
const SERVER_AUTH: u64 = CKA_TRUST + 8;
const CLIENT_AUTH: u64 = CKA_TRUST + 9;
const CODE_SIGNING: u64 = CKA_TRUST + 10;
const EMAIL_PROTECTION: u64 = CKA_TRUST + 11;
const STEP_UP_APPROVED: u64 = CKA_TRUST + 16;
const SHA1_HASH: u64 = CKA_TRUST + 100;
const MD5_HASH: u64 = CKA_TRUST + 101;

/// `CKT_NSS_TRUSTED_DELEGATOR`: a root.
const TRUSTED_ROOT: u64 = NSS + 2;
/// `CKT_NSS_MUST_VERIFY_TRUST`: as far as its issuer.
const AS_ITS_ISSUER: u64 = NSS + 3;

/// Lets a root vouch for servers, such as the gateway, and for the user's own certificate, which
/// browsers check before they offer it: `CT,,` in the words of `certutil`.
pub(super) fn trust(session: &Session, root: &Cert) -> Result<(), Error> {
    let trusted = [number(SERVER_AUTH, TRUSTED_ROOT), number(CLIENT_AUTH, TRUSTED_ROOT)];
    if let Some(there) = find(session, root)? {
        return session.update_attributes(there, &trusted);
    }
    let mut template = names(root);
    template.extend(trusted);
    template.extend([
        Attribute::Token(true),
        // Where the object is found by them; they guard nothing.
        octets(SHA1_HASH, Sha1::digest(root.der()).to_vec()),
        octets(MD5_HASH, Md5::digest(root.der()).to_vec()),
        number(CODE_SIGNING, AS_ITS_ISSUER),
        number(EMAIL_PROTECTION, AS_ITS_ISSUER),
        octets(STEP_UP_APPROVED, vec![0]),
    ]);
    session.create_object(&template).map(drop)
}

/// Takes back what [`trust`] gave: the whole object where it was made for a root that is added,
/// else only the two purposes.
pub(super) fn withdraw(session: &Session, root: &Cert, is_added: bool) -> Result<(), Error> {
    let Some(there) = find(session, root)? else { return Ok(()) };
    if is_added {
        return session.destroy_object(there);
    }
    let taken = [number(SERVER_AUTH, AS_ITS_ISSUER), number(CLIENT_AUTH, AS_ITS_ISSUER)];
    session.update_attributes(there, &taken)
}

/// Whether a root may vouch for servers.
pub(super) fn is_trusted(session: &Session, root: &Cert) -> Result<bool, Error> {
    let Some(there) = find(session, root)? else { return Ok(false) };
    let found = session.get_attributes(there, &[AttributeType::VendorDefined(SERVER_AUTH)])?;
    // Numbers of the database come back in the width that they were stored in: compared as such.
    Ok(found.contains(&number(SERVER_AUTH, TRUSTED_ROOT)))
}

fn find(session: &Session, root: &Cert) -> Result<Option<ObjectHandle>, Error> {
    Ok(session.find_objects(&names(root))?.first().copied())
}

fn names(root: &Cert) -> Vec<Attribute> {
    vec![
        vendor::class(TRUST),
        Attribute::Issuer(root.issuer()),
        Attribute::SerialNumber(root.serial_der()),
    ]
}
