//! Keys in CNG.

use std::ptr;

use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_ECCPRIVATE_BLOB, BCRYPT_ECCPUBLIC_BLOB, BCRYPT_ECDSA_PUBLIC_P256_MAGIC,
    BCRYPT_PAD_PKCS1, BCRYPT_PKCS1_PADDING_INFO, BCRYPT_RSAPRIVATE_BLOB, BCRYPT_RSAPUBLIC_BLOB,
    BCRYPT_RSAPUBLIC_MAGIC, BCRYPT_SHA256_ALGORITHM, NCRYPT_ECDSA_P256_ALGORITHM,
    NCRYPT_EXPORT_POLICY_PROPERTY, NCRYPT_IMPL_HARDWARE_FLAG, NCRYPT_IMPL_TYPE_PROPERTY,
    NCRYPT_LENGTH_PROPERTY, NCRYPT_MACHINE_KEY_FLAG, NCRYPT_RSA_ALGORITHM, NCRYPT_SILENT_FLAG,
    NCryptCreatePersistedKey, NCryptDeleteKey, NCryptExportKey, NCryptFinalizeKey,
    NCryptFreeObject, NCryptGetProperty, NCryptOpenKey, NCryptOpenStorageProvider,
    NCryptSetProperty, NCryptSignHash,
};
use windows_sys::core::PCWSTR;

use crate::Refused;
use crate::key::{KeyName, Kind, Public, TPM_PROVIDER};
use crate::wide::wide;

/// Room for what a provider answers: a signature or a public key of RSA with 8192 bits fits.
const ROOM: usize = 4096;

/// A handle of a provider or a key, given back when dropped.
struct Handle(usize);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else has it.
        unsafe { NCryptFreeObject(self.0) };
    }
}

/// A key with the provider that keeps it.
pub struct Key {
    // Before its provider: fields are dropped in their order.
    key: Handle,
    provider: Handle,
}

impl Key {
    pub(crate) fn create(name: &KeyName, kind: Kind) -> Result<Self, Refused> {
        let provider = open_provider(name)?;
        let algorithm = match kind {
            Kind::P256 => NCRYPT_ECDSA_P256_ALGORITHM,
            Kind::Rsa2048 => NCRYPT_RSA_ALGORITHM,
        };
        let (container, mut key) = (wide(&name.container), 0);
        let flags = scope(name);
        // SAFETY: the provider is open, both texts end in a zero, and the call writes one handle.
        let status = unsafe {
            NCryptCreatePersistedKey(
                provider.0,
                &raw mut key,
                algorithm,
                container.as_ptr(),
                0,
                flags,
            )
        };
        Refused::by(status, "NCryptCreatePersistedKey")?;
        let key = Handle(key);
        if kind == Kind::Rsa2048 {
            set_number(&key, NCRYPT_LENGTH_PROPERTY, 2048)?;
        }
        // A TPM never lets a key out, and its provider need not know the property.
        if name.provider != TPM_PROVIDER {
            set_number(&key, NCRYPT_EXPORT_POLICY_PROPERTY, 0)?;
        }
        // SAFETY: the key is open and not yet finished.
        let status = unsafe { NCryptFinalizeKey(key.0, NCRYPT_SILENT_FLAG) };
        Refused::by(status, "NCryptFinalizeKey")?;
        Ok(Self { key, provider })
    }

    pub(crate) fn open(name: &KeyName) -> Result<Self, Refused> {
        let provider = open_provider(name)?;
        let (container, mut key) = (wide(&name.container), 0);
        let flags = NCRYPT_SILENT_FLAG | scope(name);
        // SAFETY: the provider is open, the text ends in a zero, and the call writes one handle.
        let status = unsafe {
            NCryptOpenKey(provider.0, &raw mut key, container.as_ptr(), name.spec, flags)
        };
        Refused::by(status, "NCryptOpenKey")?;
        Ok(Self { key: Handle(key), provider })
    }

    pub(crate) fn delete(name: &KeyName) -> Result<(), Refused> {
        let Self { key, provider: _provider } = Self::open(name)?;
        // SAFETY: the key is open, and nobody else has its handle.
        let status = unsafe { NCryptDeleteKey(key.0, NCRYPT_SILENT_FLAG) };
        Refused::by(status, "NCryptDeleteKey")?;
        // It took the handle with the key.
        std::mem::forget(key);
        Ok(())
    }

    pub(crate) fn public(&self) -> Result<Public, Refused> {
        let mut octets = [0; ROOM];
        let point = self.export(BCRYPT_ECCPUBLIC_BLOB, &mut octets);
        let len = match point {
            Ok(len) => len,
            Err(_) => self.export(BCRYPT_RSAPUBLIC_BLOB, &mut octets)?,
        };
        public_of(&octets[..len]).ok_or(Refused::unreadable("NCryptExportKey"))
    }

    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Refused> {
        let pkcs1 = BCRYPT_PKCS1_PADDING_INFO { pszAlgId: BCRYPT_SHA256_ALGORITHM };
        let (padding, flags) = match self.public()? {
            Public::P256(_) => (ptr::null(), NCRYPT_SILENT_FLAG),
            Public::Rsa { .. } => {
                (ptr::from_ref(&pkcs1).cast(), NCRYPT_SILENT_FLAG | BCRYPT_PAD_PKCS1)
            }
        };
        let (mut octets, mut len) = (vec![0; ROOM], 0);
        // SAFETY: the key is open; the padding is what the flags say or nothing; lengths are
        // those of the buffers, which outlive the call.
        let status = unsafe {
            NCryptSignHash(
                self.key.0,
                padding,
                digest.as_ptr(),
                32,
                octets.as_mut_ptr(),
                ROOM as u32,
                &raw mut len,
                flags,
            )
        };
        Refused::by(status, "NCryptSignHash")?;
        octets.truncate(len as usize);
        Ok(octets)
    }

    pub(crate) fn is_hardware(&self) -> bool {
        let (mut octets, mut len) = ([0; 4], 0);
        // SAFETY: the provider is open, and the call writes at most the four octets it is given.
        let status = unsafe {
            NCryptGetProperty(
                self.provider.0,
                NCRYPT_IMPL_TYPE_PROPERTY,
                octets.as_mut_ptr(),
                4,
                &raw mut len,
                0,
            )
        };
        status >= 0 && len == 4 && u32::from_le_bytes(octets) & NCRYPT_IMPL_HARDWARE_FLAG != 0
    }

    /// Whether the private half came out into `taken`.
    pub(crate) fn export_private(&self, taken: &mut [u8]) -> bool {
        let forms =
            [BCRYPT_ECCPRIVATE_BLOB, BCRYPT_RSAPRIVATE_BLOB, windows_sys::w!("PKCS8_PRIVATEKEY")];
        forms.into_iter().any(|form| self.export(form, taken).is_ok())
    }

    /// The key in this form, and how many octets it has.
    fn export(&self, form: PCWSTR, octets: &mut [u8]) -> Result<usize, Refused> {
        let (room, mut len) = (u32::try_from(octets.len()).unwrap_or(u32::MAX), 0);
        // SAFETY: the key is open, the form is a constant text, and the call writes at most
        // `room` octets into a buffer that has them.
        let status = unsafe {
            NCryptExportKey(
                self.key.0,
                0,
                form,
                ptr::null(),
                octets.as_mut_ptr(),
                room,
                &raw mut len,
                NCRYPT_SILENT_FLAG,
            )
        };
        Refused::by(status, "NCryptExportKey")?;
        Ok((len as usize).min(octets.len()))
    }
}

fn open_provider(name: &KeyName) -> Result<Handle, Refused> {
    let (provider, mut handle) = (wide(&name.provider), 0);
    // SAFETY: the text ends in a zero, and the call writes one handle.
    let status = unsafe { NCryptOpenStorageProvider(&raw mut handle, provider.as_ptr(), 0) };
    Refused::by(status, "NCryptOpenStorageProvider")?;
    Ok(Handle(handle))
}

/// Whose keys are meant.
fn scope(name: &KeyName) -> u32 {
    if name.machine { NCRYPT_MACHINE_KEY_FLAG } else { 0 }
}

fn set_number(key: &Handle, property: PCWSTR, number: u32) -> Result<(), Refused> {
    let octets = number.to_le_bytes();
    // SAFETY: the key is open, the name is a constant text, and four octets are read.
    let status =
        unsafe { NCryptSetProperty(key.0, property, octets.as_ptr(), 4, NCRYPT_SILENT_FLAG) };
    Refused::by(status, "NCryptSetProperty")
}

/// Reads `BCRYPT_ECCKEY_BLOB` with a point on P-256, and `BCRYPT_RSAKEY_BLOB`.
fn public_of(blob: &[u8]) -> Option<Public> {
    let number = |index: usize| {
        let octets = blob.get(4 * index..4 * index + 4)?;
        Some(u32::from_le_bytes(octets.try_into().ok()?))
    };
    match number(0)? {
        BCRYPT_ECDSA_PUBLIC_P256_MAGIC if number(1)? == 32 => {
            let mut point = vec![4];
            point.extend_from_slice(blob.get(8..72)?);
            Some(Public::P256(point))
        }
        BCRYPT_RSAPUBLIC_MAGIC => {
            // Magic, bits, lengths of exponent and modulus, and of two primes that are not there.
            let (exponent, modulus) = (number(2)? as usize, number(3)? as usize);
            let numbers = blob.get(24..)?;
            let significant = |octets: &[u8]| {
                octets.iter().copied().skip_while(|octet| *octet == 0).collect::<Vec<_>>()
            };
            Some(Public::Rsa {
                exponent: significant(numbers.get(..exponent)?),
                modulus: significant(numbers.get(exponent..exponent.checked_add(modulus)?)?),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SOFTWARE_PROVIDER;

    #[test]
    fn a_cut_blob_is_no_key() {
        let mut point = BCRYPT_ECDSA_PUBLIC_P256_MAGIC.to_le_bytes().to_vec();
        point.extend([32, 0, 0, 0]);
        point.extend([7; 64]);
        assert_eq!(public_of(&point), Some(Public::P256([vec![4], vec![7; 64]].concat())));
        assert_eq!(public_of(&point[..71]), None);
        let mut rsa = BCRYPT_RSAPUBLIC_MAGIC.to_le_bytes().to_vec();
        for number in [2048_u32, 4, 3, 0, 0] {
            rsa.extend(number.to_le_bytes());
        }
        rsa.extend([0, 1, 0, 1, 0, 9, 9]);
        let public = Public::Rsa { modulus: vec![9, 9], exponent: vec![1, 0, 1] };
        assert_eq!(public_of(&rsa), Some(public));
        assert_eq!(public_of(&rsa[..30]), None);
        assert_eq!(public_of(&[]), None);
    }

    /// What Wine can do of CNG, and Windows anyway.
    #[test]
    fn the_software_provider_makes_and_uses_a_key() {
        let container = format!("tegata-test-cng-{}", std::process::id());
        let name = KeyName::cng(SOFTWARE_PROVIDER, &container);
        let key = Key::create(&name, Kind::Rsa2048).unwrap();
        let Public::Rsa { modulus, exponent } = key.public().unwrap() else { panic!() };
        assert_eq!((modulus.len(), exponent), (256, vec![1, 0, 1]));
        let signature = key.sign(&[7; 32]).unwrap();
        assert_eq!(signature.len(), 256);
        assert_ne!(signature, key.sign(&[8; 32]).unwrap());
        assert!(!key.is_hardware());
        drop(key);
        // Wine neither finds it again nor removes it, since it never kept it.
        let _ = name.delete();
    }
}
