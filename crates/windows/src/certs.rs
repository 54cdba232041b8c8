//! The user's certificate stores.

use std::ptr;

use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_DESCRIPTION_PROP_ID, CERT_FRIENDLY_NAME_PROP_ID, CERT_KEY_PROV_INFO_PROP_ID,
    CERT_STORE_ADD_REPLACE_EXISTING, CERT_STORE_CTRL_COMMIT, CERT_STORE_PROV_SYSTEM_W,
    CERT_SYSTEM_STORE_CURRENT_USER, CRYPT_INTEGER_BLOB, CRYPT_KEY_PROV_INFO, CRYPT_MACHINE_KEYSET,
    CertAddCertificateContextToStore, CertCloseStore, CertControlStore,
    CertCreateCertificateContext, CertDeleteCertificateFromStore, CertDuplicateCertificateContext,
    CertEnumCertificatesInStore, CertFreeCertificateContext, CertGetCertificateContextProperty,
    CertOpenStore, CertSetCertificateContextProperty, HCERTSTORE, X509_ASN_ENCODING,
};

use crate::Refused;
use crate::key::KeyName;
use crate::wide::{narrow_octets, wide};

/// Which store of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The user's own certificates (*Personal*).
    My,
    /// Intermediate certification authorities.
    Ca,
    /// Trusted roots: of the user, and of the machine as well. A root that is added to it or
    /// removed from it makes Windows ask the user.
    Root,
}

impl Name {
    fn as_str(self) -> &'static str {
        match self {
            Self::My => "MY",
            Self::Ca => "CA",
            Self::Root => "ROOT",
        }
    }
}

/// What stands beside a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// Under which name Windows shows it.
    pub friendly_name: Option<String>,
    /// Where its private key is.
    pub key: Option<KeyName>,
    /// What Windows shows as its description.
    pub description: Option<String>,
}

/// A certificate with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The certificate.
    pub der: Vec<u8>,
    /// What stands beside it.
    pub properties: Properties,
}

/// An open store, closed when dropped.
pub struct Store(HCERTSTORE);

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the store is open, and nobody else has it. Contexts keep what they need.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

impl Store {
    /// Opens a store of the user.
    ///
    /// # Errors
    /// When Windows does not open it.
    pub fn open(name: Name) -> Result<Self, Refused> {
        let name = wide(name.as_str());
        // SAFETY: for this kind of store the last parameter is a text that ends in a zero.
        let store = unsafe {
            CertOpenStore(
                CERT_STORE_PROV_SYSTEM_W,
                0,
                0,
                CERT_SYSTEM_STORE_CURRENT_USER,
                name.as_ptr().cast(),
            )
        };
        if store.is_null() { Err(Refused::last("CertOpenStore")) } else { Ok(Self(store)) }
    }

    /// All certificates in it.
    pub fn entries(&self) -> Vec<Entry> {
        self.contexts().iter().map(Context::entry).collect()
    }

    /// The certificate of these octets, when it is there.
    pub fn find(&self, der: &[u8]) -> Option<Entry> {
        self.contexts().iter().find(|context| context.der() == der).map(Context::entry)
    }

    /// Adds a certificate with all that stands beside it, in one step. It takes the place of the
    /// same certificate that was there.
    ///
    /// # Errors
    /// When Windows, or the user whom it asked, does not take it.
    pub fn add(&self, entry: &Entry) -> Result<(), Refused> {
        let context = Context::of(&entry.der)?;
        let Properties { friendly_name, key, description } = &entry.properties;
        if let Some(text) = friendly_name {
            context.set_text(CERT_FRIENDLY_NAME_PROP_ID, text)?;
        }
        if let Some(text) = description {
            context.set_text(CERT_DESCRIPTION_PROP_ID, text)?;
        }
        if let Some(key) = key {
            context.set_key(key)?;
        }
        // SAFETY: store and context are open; the context in the store is not asked for.
        let done = unsafe {
            CertAddCertificateContextToStore(
                self.0,
                context.0,
                CERT_STORE_ADD_REPLACE_EXISTING,
                ptr::null_mut(),
            )
        };
        Refused::unless(done, "CertAddCertificateContextToStore")?;
        self.commit();
        Ok(())
    }

    /// Removes the certificate of these octets. That it is not there is no error.
    ///
    /// # Errors
    /// When Windows, or the user whom it asked, keeps it.
    pub fn remove(&self, der: &[u8]) -> Result<(), Refused> {
        let found = self.contexts().into_iter().find(|context| context.der() == der);
        let Some(context) = found else { return Ok(()) };
        let raw = context.0;
        // The call frees the context, also when it fails.
        std::mem::forget(context);
        // SAFETY: the context is one of this open store, and nobody uses it afterwards.
        let done = unsafe { CertDeleteCertificateFromStore(raw) };
        Refused::unless(done, "CertDeleteCertificateFromStore")?;
        self.commit();
        Ok(())
    }

    /// Has changes written that wait for the store to be closed. Windows writes at once and may
    /// say that there is nothing to do; Wine waits.
    fn commit(&self) {
        // SAFETY: the store is open, and this request has no parameter.
        unsafe { CertControlStore(self.0, 0, CERT_STORE_CTRL_COMMIT, ptr::null()) };
    }

    fn contexts(&self) -> Vec<Context> {
        let mut found = Vec::new();
        let mut last = ptr::null_mut();
        loop {
            // SAFETY: the store is open; the call frees the context it gave last.
            last = unsafe { CertEnumCertificatesInStore(self.0, last) };
            if last.is_null() {
                return found;
            }
            // SAFETY: the context was just given and is not freed before the next round.
            let own = unsafe { CertDuplicateCertificateContext(last) };
            found.push(Context(own));
        }
    }
}

/// A certificate in the memory of Windows, freed when dropped.
struct Context(*const CERT_CONTEXT);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: this reference to the context is ours.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

impl Context {
    fn of(der: &[u8]) -> Result<Self, Refused> {
        let len = u32::try_from(der.len()).unwrap_or(u32::MAX);
        // SAFETY: the call copies `len` octets of a buffer that has them.
        let context = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), len) };
        if context.is_null() {
            return Err(Refused::last("CertCreateCertificateContext"));
        }
        Ok(Self(context))
    }

    fn der(&self) -> &[u8] {
        // SAFETY: the context lives as long as `self`, and Windows never changes it.
        let context = unsafe { &*self.0 };
        if context.pbCertEncoded.is_null() {
            return &[];
        }
        // SAFETY: the context says where its octets are and how many; they live as long as it.
        unsafe { std::slice::from_raw_parts(context.pbCertEncoded, context.cbCertEncoded as usize) }
    }

    fn entry(&self) -> Entry {
        let properties = Properties {
            friendly_name: self.text(CERT_FRIENDLY_NAME_PROP_ID),
            key: self.key(),
            description: self.text(CERT_DESCRIPTION_PROP_ID),
        };
        Entry { der: self.der().to_vec(), properties }
    }

    /// A property that is a text.
    fn text(&self, property: u32) -> Option<String> {
        let (words, len) = self.property(property)?;
        Some(narrow_octets(&octets(&words, len)))
    }

    /// A property in words, so that a structure in it is aligned, and how many octets it has.
    fn property(&self, property: u32) -> Option<(Vec<u64>, usize)> {
        let mut len = 0;
        // SAFETY: the context is open; without a buffer only the length is written.
        let done = unsafe {
            CertGetCertificateContextProperty(self.0, property, ptr::null_mut(), &raw mut len)
        };
        if done == 0 {
            return None;
        }
        let mut words = vec![0_u64; (len as usize).div_ceil(8)];
        // SAFETY: the context is open, and the call writes at most `len` octets into a buffer
        // that has them.
        let done = unsafe {
            CertGetCertificateContextProperty(
                self.0,
                property,
                words.as_mut_ptr().cast(),
                &raw mut len,
            )
        };
        (done != 0).then_some((words, len as usize))
    }

    fn key(&self) -> Option<KeyName> {
        let (words, len) = self.property(CERT_KEY_PROV_INFO_PROP_ID)?;
        if len < size_of::<CRYPT_KEY_PROV_INFO>() {
            return None;
        }
        // SAFETY: the buffer is aligned and long enough, and holds what Windows says it holds.
        let info = unsafe { &*words.as_ptr().cast::<CRYPT_KEY_PROV_INFO>() };
        let text = |at: *const u16| {
            // The texts follow the structure in the same buffer.
            let from = at.addr().checked_sub(words.as_ptr().addr())?;
            let text = narrow_octets(octets(&words, len).get(from..)?);
            Some(text).filter(|text| !text.is_empty())
        };
        Some(KeyName {
            provider: text(info.pwszProvName)?,
            provider_type: info.dwProvType,
            container: text(info.pwszContainerName)?,
            spec: info.dwKeySpec,
            machine: info.dwFlags & CRYPT_MACHINE_KEYSET != 0,
        })
    }

    fn set_text(&self, property: u32, text: &str) -> Result<(), Refused> {
        let mut octets: Vec<_> = wide(text).into_iter().flat_map(u16::to_le_bytes).collect();
        let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let blob = CRYPT_INTEGER_BLOB { cbData: len, pbData: octets.as_mut_ptr() };
        // SAFETY: the context is open; a property that is a text takes its octets with their
        // length, and the
        // call copies them.
        let done = unsafe {
            CertSetCertificateContextProperty(self.0, property, 0, ptr::from_ref(&blob).cast())
        };
        Refused::unless(done, "CertSetCertificateContextProperty")
    }

    fn set_key(&self, key: &KeyName) -> Result<(), Refused> {
        let (mut container, mut provider) = (wide(&key.container), wide(&key.provider));
        let info = CRYPT_KEY_PROV_INFO {
            pwszContainerName: container.as_mut_ptr(),
            pwszProvName: provider.as_mut_ptr(),
            dwProvType: key.provider_type,
            dwFlags: if key.machine { CRYPT_MACHINE_KEYSET } else { 0 },
            cProvParam: 0,
            rgProvParam: ptr::null_mut(),
            dwKeySpec: key.spec,
        };
        // SAFETY: the context is open; this property takes such a structure, whose texts end in
        // a zero, and the call copies all of it.
        let done = unsafe {
            CertSetCertificateContextProperty(
                self.0,
                CERT_KEY_PROV_INFO_PROP_ID,
                0,
                ptr::from_ref(&info).cast(),
            )
        };
        Refused::unless(done, "CertSetCertificateContextProperty")
    }
}

/// The first `len` octets of what Windows wrote into words.
fn octets(words: &[u64], len: usize) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).take(len).collect()
}
