//! Private keys that do not come out, in CNG (*Cryptography API: Next Generation*) and in CAPI,
//! its predecessor.
//!
//! A key is found by its [`KeyName`], the same that stands beside its certificate in a store.

use zeroize::Zeroizing;

use crate::{Refused, capi, cng};

/// The provider of keys in the TPM, in CNG.
pub const TPM_PROVIDER: &str = "Microsoft Platform Crypto Provider";
/// The provider of keys that Windows keeps in files, in CNG.
pub const SOFTWARE_PROVIDER: &str = "Microsoft Software Key Storage Provider";
/// The provider of keys that Windows keeps in files, in CAPI.
pub const CAPI_PROVIDER: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

/// `PROV_RSA_AES`: the type of [`CAPI_PROVIDER`].
const CAPI_TYPE: u32 = windows_sys::Win32::Security::Cryptography::PROV_RSA_AES;
/// `AT_KEYEXCHANGE`: the kind of CAPI key that Windows looks for when it authenticates in TLS.
const CAPI_SPEC: u32 = windows_sys::Win32::Security::Cryptography::AT_KEYEXCHANGE;

/// Where a private key is (`CRYPT_KEY_PROV_INFO`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The name of the provider.
    pub provider: String,
    /// The type of a CAPI provider; 0 for a provider of CNG.
    pub provider_type: u32,
    /// The name of the key.
    pub container: String,
    /// Which key of a CAPI container; 0 in CNG.
    pub spec: u32,
    /// Whether the key belongs to the machine and not to the user.
    pub machine: bool,
}

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA on the curve P-256.
    P256,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// The uncompressed point on P-256 (SEC 1 §2.3.3): 65 octets, the first of them 4.
    P256(Vec<u8>),
    /// Modulus and exponent, most significant octet first, without leading zeros.
    Rsa {
        /// The modulus.
        modulus: Vec<u8>,
        /// The public exponent.
        exponent: Vec<u8>,
    },
}

/// A private key that was found. It is closed when dropped.
pub enum Key {
    /// In CNG.
    Cng(cng::Key),
    /// In CAPI.
    Capi(capi::Key),
}

impl KeyName {
    /// A user's key of this name in a provider of CNG.
    pub fn cng(provider: &str, container: &str) -> Self {
        let (provider, container) = (provider.to_owned(), container.to_owned());
        Self { provider, provider_type: 0, container, spec: 0, machine: false }
    }

    /// A user's key of this name in [`CAPI_PROVIDER`].
    pub fn capi(container: &str) -> Self {
        let (provider, container) = (CAPI_PROVIDER.to_owned(), container.to_owned());
        Self { provider, provider_type: CAPI_TYPE, container, spec: CAPI_SPEC, machine: false }
    }

    /// Makes a key that cannot be exported. In CAPI it is of RSA, whatever `kind` says.
    ///
    /// The key is on the disk or in the TPM when this returns.
    ///
    /// # Errors
    /// When the provider does not make it, or has a key of this name.
    pub fn create(&self, kind: Kind) -> Result<Key, Refused> {
        if self.is_cng() {
            cng::Key::create(self, kind).map(Key::Cng)
        } else {
            capi::Key::create(self).map(Key::Capi)
        }
    }

    /// Finds the key; `None` when there is none of this name.
    ///
    /// # Errors
    /// When the provider does not answer, or not in this way.
    pub fn open(&self) -> Result<Option<Key>, Refused> {
        let found = if self.is_cng() {
            cng::Key::open(self).map(Key::Cng)
        } else {
            capi::Key::open(self).map(Key::Capi)
        };
        match found {
            Err(refused) if refused.is_missing() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Removes the key. That there is none is no error.
    ///
    /// # Errors
    /// When the provider keeps it.
    pub fn delete(&self) -> Result<(), Refused> {
        let gone = if self.is_cng() { cng::Key::delete(self) } else { capi::Key::delete(self) };
        match gone {
            Err(refused) if refused.is_missing() => Ok(()),
            other => other,
        }
    }

    fn is_cng(&self) -> bool {
        self.provider_type == 0
    }
}

impl Key {
    /// Its public half.
    ///
    /// # Errors
    /// When the provider does not say it, or the key is of another kind.
    pub fn public(&self) -> Result<Public, Refused> {
        match self {
            Self::Cng(key) => key.public(),
            Self::Capi(key) => key.public(),
        }
    }

    /// Signs a SHA-256 digest: P-256 gives the two numbers of ECDSA, 32 octets each; RSA gives
    /// RSASSA-PKCS1-v1_5.
    ///
    /// # Errors
    /// When the provider does not sign.
    pub fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Refused> {
        match self {
            Self::Cng(key) => key.sign(digest),
            Self::Capi(key) => key.sign(digest),
        }
    }

    /// Whether its provider says that keys are in hardware.
    pub fn is_hardware(&self) -> bool {
        match self {
            Self::Cng(key) => key.is_hardware(),
            Self::Capi(key) => key.is_hardware(),
        }
    }

    /// Tries to take the private half out, and forgets it where that works.
    pub fn is_exportable(&self) -> bool {
        let mut taken = Zeroizing::new([0; 8192]);
        match self {
            Self::Cng(key) => key.export_private(taken.as_mut()),
            Self::Capi(key) => key.export_private(taken.as_mut()),
        }
    }
}
