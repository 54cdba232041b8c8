//! Keys in CAPI.

use std::ptr;

use windows_sys::Win32::Security::Cryptography::{
    CALG_SHA_256, CRYPT_DELETEKEYSET, CRYPT_IMPL_HARDWARE, CRYPT_MACHINE_KEYSET, CRYPT_NEWKEYSET,
    CRYPT_SILENT, CryptAcquireContextW, CryptCreateHash, CryptDestroyHash, CryptDestroyKey,
    CryptExportKey, CryptGenKey, CryptGetProvParam, CryptGetUserKey, CryptReleaseContext,
    CryptSetHashParam, CryptSignHashW, HP_HASHVAL, PP_IMPTYPE, PRIVATEKEYBLOB, PUBLICKEYBLOB,
};

use crate::Refused;
use crate::key::{KeyName, Public};
use crate::wide::wide;

/// Room for what a provider answers: a signature or a public key of RSA with 8192 bits fits.
const ROOM: usize = 4096;

/// The length of a new key, in the upper half of the flags of `CryptGenKey`. Nothing in the
/// lower half: the key is not exportable.
const BITS_2048: u32 = 2048 << 16;

/// An open container, given back when dropped.
struct Container(usize);

impl Drop for Container {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else has it.
        unsafe { CryptReleaseContext(self.0, 0) };
    }
}

/// An open key, given back when dropped.
struct UserKey(usize);

impl Drop for UserKey {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else has it.
        unsafe { CryptDestroyKey(self.0) };
    }
}

/// A digest on its way into a signature, given back when dropped.
struct Hash(usize);

impl Drop for Hash {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else has it.
        unsafe { CryptDestroyHash(self.0) };
    }
}

/// A key with the container that keeps it.
pub struct Key {
    // Before its container: fields are dropped in their order.
    key: UserKey,
    container: Container,
    spec: u32,
}

impl Key {
    pub(crate) fn create(name: &KeyName) -> Result<Self, Refused> {
        let container = Container(acquire(name, CRYPT_NEWKEYSET)?);
        let mut key = 0;
        // SAFETY: the container is open, and the call writes one handle.
        let done = unsafe { CryptGenKey(container.0, name.spec, BITS_2048, &raw mut key) };
        if let Err(refused) = Refused::unless(done, "CryptGenKey") {
            drop(container);
            // An empty container is of no use to anybody.
            let _ = Self::delete(name);
            return Err(refused);
        }
        drop(UserKey(key));
        // Some providers write the key down only now.
        drop(container);
        Self::open(name)
    }

    pub(crate) fn open(name: &KeyName) -> Result<Self, Refused> {
        let container = Container(acquire(name, 0)?);
        let mut key = 0;
        // SAFETY: the container is open, and the call writes one handle.
        let done = unsafe { CryptGetUserKey(container.0, name.spec, &raw mut key) };
        Refused::unless(done, "CryptGetUserKey")?;
        Ok(Self { key: UserKey(key), container, spec: name.spec })
    }

    pub(crate) fn delete(name: &KeyName) -> Result<(), Refused> {
        // The handle that comes back is none.
        acquire(name, CRYPT_DELETEKEYSET).map(|_| ())
    }

    pub(crate) fn public(&self) -> Result<Public, Refused> {
        let mut octets = [0; ROOM];
        let len = self.export(PUBLICKEYBLOB, &mut octets)?;
        public_of(&octets[..len]).ok_or(Refused::unreadable("CryptExportKey"))
    }

    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Refused> {
        let mut hash = 0;
        // SAFETY: the container is open, and the call writes one handle.
        let done = unsafe { CryptCreateHash(self.container.0, CALG_SHA_256, 0, 0, &raw mut hash) };
        Refused::unless(done, "CryptCreateHash")?;
        let hash = Hash(hash);
        // SAFETY: the hash is open, and the call reads as many octets as SHA-256 has.
        let done = unsafe { CryptSetHashParam(hash.0, HP_HASHVAL, digest.as_ptr(), 0) };
        Refused::unless(done, "CryptSetHashParam")?;
        let (mut octets, mut len) = (vec![0; ROOM], ROOM as u32);
        // SAFETY: the hash is open, and the call writes at most `len` octets into a buffer that
        // has them.
        let done = unsafe {
            CryptSignHashW(hash.0, self.spec, ptr::null(), 0, octets.as_mut_ptr(), &raw mut len)
        };
        Refused::unless(done, "CryptSignHash")?;
        octets.truncate(len as usize);
        // CAPI gives numbers least significant octet first.
        octets.reverse();
        Ok(octets)
    }

    pub(crate) fn is_hardware(&self) -> bool {
        let (mut octets, mut len) = ([0; 4], 4);
        // SAFETY: the container is open, and the call writes at most the four octets it is given.
        let done = unsafe {
            CryptGetProvParam(self.container.0, PP_IMPTYPE, octets.as_mut_ptr(), &raw mut len, 0)
        };
        done != 0 && len == 4 && u32::from_le_bytes(octets) & CRYPT_IMPL_HARDWARE != 0
    }

    /// Whether the private half came out into `taken`.
    pub(crate) fn export_private(&self, taken: &mut [u8]) -> bool {
        self.export(PRIVATEKEYBLOB, taken).is_ok()
    }

    /// The key in this form, and how many octets it has.
    fn export(&self, form: u32, octets: &mut [u8]) -> Result<usize, Refused> {
        let mut len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        // SAFETY: the key is open, and the call writes at most `len` octets into a buffer that
        // has them.
        let done =
            unsafe { CryptExportKey(self.key.0, 0, form, 0, octets.as_mut_ptr(), &raw mut len) };
        Refused::unless(done, "CryptExportKey")?;
        Ok((len as usize).min(octets.len()))
    }
}

fn acquire(name: &KeyName, flags: u32) -> Result<usize, Refused> {
    let (container, provider) = (wide(&name.container), wide(&name.provider));
    let scope = if name.machine { CRYPT_MACHINE_KEYSET } else { 0 };
    let mut handle = 0;
    // SAFETY: both texts end in a zero, and the call writes one handle.
    let done = unsafe {
        CryptAcquireContextW(
            &raw mut handle,
            container.as_ptr(),
            provider.as_ptr(),
            name.provider_type,
            flags | scope | CRYPT_SILENT,
        )
    };
    Refused::unless(done, "CryptAcquireContext")?;
    Ok(handle)
}

/// Reads a `PUBLICKEYBLOB` of RSA: `BLOBHEADER` (8 octets), `RSAPUBKEY` (magic `RSA1`, bits,
/// exponent), modulus, all least significant octet first.
fn public_of(blob: &[u8]) -> Option<Public> {
    let number = |at: usize| Some(u32::from_le_bytes(blob.get(at..at + 4)?.try_into().ok()?));
    if number(8)? != u32::from_le_bytes(*b"RSA1") {
        return None;
    }
    let significant = |octets: &[u8]| {
        octets.iter().rev().copied().skip_while(|octet| *octet == 0).collect::<Vec<_>>()
    };
    let octets = number(12)?.div_ceil(8) as usize;
    Some(Public::Rsa {
        exponent: significant(blob.get(16..20)?),
        modulus: significant(blob.get(20..20_usize.checked_add(octets)?)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_blob_is_no_key() {
        let mut blob = vec![6, 2, 0, 0, 0, 0xa4, 0, 0];
        blob.extend(b"RSA1");
        blob.extend([16, 0, 0, 0, 1, 0, 1, 0, 0x34, 0x12]);
        let public = Public::Rsa { modulus: vec![0x12, 0x34], exponent: vec![1, 0, 1] };
        assert_eq!(public_of(&blob), Some(public));
        assert_eq!(public_of(&blob[..21]), None);
        blob[8] = b'D';
        assert_eq!(public_of(&blob), None);
    }

    #[test]
    fn a_key_is_found_again_signs_and_does_not_come_out() {
        let name = KeyName::capi(&format!("tegata-test-capi-{}", std::process::id()));
        assert!(name.open().unwrap().is_none());
        let made = Key::create(&name).unwrap();
        let public = made.public().unwrap();
        assert!(Key::create(&name).is_err(), "a name is given once");
        drop(made);
        let found = name.open().unwrap().unwrap();
        assert_eq!(found.public().unwrap(), public);
        assert!(matches!(&public, Public::Rsa { modulus, .. } if modulus.len() == 256));
        assert_eq!(found.sign(&[7; 32]).unwrap().len(), 256);
        assert!(!found.is_exportable());
        assert!(!found.is_hardware());
        drop(found);
        name.delete().unwrap();
        name.delete().unwrap();
        assert!(name.open().unwrap().is_none());
    }

    /// The look for a way out finds one where there is one.
    #[test]
    fn a_key_that_can_be_taken_out_is_told() {
        use windows_sys::Win32::Security::Cryptography::CRYPT_EXPORTABLE;
        let name = KeyName::capi(&format!("tegata-test-out-{}", std::process::id()));
        let container = Container(acquire(&name, CRYPT_NEWKEYSET).unwrap());
        let (mut key, flags) = (0, BITS_2048 | CRYPT_EXPORTABLE);
        // SAFETY: the container is open, and the call writes one handle.
        let done = unsafe { CryptGenKey(container.0, name.spec, flags, &raw mut key) };
        assert_ne!(done, 0);
        drop((UserKey(key), container));
        assert!(name.open().unwrap().unwrap().is_exportable());
        name.delete().unwrap();
    }
}
