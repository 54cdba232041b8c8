//! How NSS's softoken, `libsoftokn3`, is started as a PKCS#11 driver.
//!
//! Softoken is what Chromium and Firefox keep keys and certificates with. As a driver it does not
//! start without parameters, and takes them through a pointer that PKCS#11 reserves (NSS's
//! `CK_C_INITIALIZE_ARGS`, pkcs11t.h). That pointer needs `unsafe`, so it stands in a crate of
//! its own with nothing else: a constant without any database. Databases are opened afterwards,
//! as objects of the class `CKO_NSS_NEWSLOT`, which is safe Rust and `agent`'s business.

use std::ffi::CStr;
use std::ptr::NonNull;

use cryptoki::context::{CInitializeArgs, CInitializeFlags};

/// No database at all: neither the user's own nor the system's is touched by starting.
const PARAMETERS: &CStr =
    c"configdir='' certPrefix='' keyPrefix='' secmod='' flags=noCertDB,noModDB,forceOpen,optimizeSpace";

/// The arguments with which softoken starts, for `C_Initialize` of that driver only: others take
/// a reserved pointer for a mistake.
pub fn arguments() -> CInitializeArgs {
    let parameters = NonNull::from(PARAMETERS).cast();
    // SAFETY: the pointer leads to a text of this program that ends in NUL and is never freed.
    // Softoken only reads it: `nsc_CommonInitialize` hands it to `sftk_parseParameters`, which
    // copies what it wants. Of the arguments it reads nothing behind this pointer's place.
    unsafe { CInitializeArgs::new_with_reserved(CInitializeFlags::OS_LOCKING_OK, parameters) }
}
