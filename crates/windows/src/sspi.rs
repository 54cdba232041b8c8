//! Proving who is signed in, or who a person says to be, to another machine (SSPI).

use std::ffi::c_void;
use std::{io, ptr};

use windows_sys::Win32::Foundation::{
    SEC_E_OK, SEC_I_COMPLETE_AND_CONTINUE, SEC_I_COMPLETE_NEEDED, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, CompleteAuthToken, DeleteSecurityContext, FreeContextBuffer,
    FreeCredentialsHandle, ISC_REQ_ALLOCATE_MEMORY, InitializeSecurityContextW, SECBUFFER_TOKEN,
    SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc,
};
use windows_sys::Win32::Security::Credentials::SecHandle;
use windows_sys::Win32::System::Rpc::{SEC_WINNT_AUTH_IDENTITY_UNICODE, SEC_WINNT_AUTH_IDENTITY_W};

/// A name, a domain (may be empty) and a password.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// Name.
    pub user: &'a str,
    /// Domain of a Windows network; empty when there is none, or it stands in the name.
    pub domain: &'a str,
    /// Password.
    pub password: &'a str,
}

/// One side of an exchange of tokens.
pub struct Negotiation {
    credentials: SecHandle,
    context: Option<SecHandle>,
    target: Vec<u16>,
}

impl Negotiation {
    /// Begins with a package (`Negotiate`, `NTLM`) towards a service (`HTTP/proxy.example.jp`).
    /// Without an identity it is the person who is signed in.
    ///
    /// # Errors
    /// When the package is not there or does not take the identity.
    pub fn begin(package: &str, target: &str, identity: Option<Identity<'_>>) -> io::Result<Self> {
        let package = wide(package);
        let texts = identity.map(|given| [given.user, given.domain, given.password].map(wide));
        let length = |text: &[u16]| u32::try_from(text.len() - 1).unwrap_or(0);
        let identity = texts.as_ref().map(|[user, domain, password]| SEC_WINNT_AUTH_IDENTITY_W {
            User: user.as_ptr().cast_mut(),
            UserLength: length(user),
            Domain: domain.as_ptr().cast_mut(),
            DomainLength: length(domain),
            Password: password.as_ptr().cast_mut(),
            PasswordLength: length(password),
            Flags: SEC_WINNT_AUTH_IDENTITY_UNICODE,
        });
        let data = identity.as_ref().map_or(ptr::null(), |identity| ptr::from_ref(identity).cast());
        let (mut credentials, mut expiry) = (SecHandle::default(), 0i64);
        // SAFETY: every text is terminated and lives until the call returns, as does the identity;
        // the package only reads them. Both results are ours.
        let status = unsafe {
            AcquireCredentialsHandleW(
                ptr::null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                ptr::null(),
                data,
                None,
                ptr::null(),
                &mut credentials,
                &mut expiry,
            )
        };
        if let Some([.., mut password]) = texts {
            wipe(&mut password);
        }
        match status {
            SEC_E_OK => Ok(Self { credentials, context: None, target: wide(target) }),
            _ => Err(io::Error::from_raw_os_error(status)),
        }
    }

    /// The next token to send, after the other side's (`None` at the start).
    ///
    /// # Errors
    /// When the other side's token is not accepted, or nobody is signed in who could prove it.
    pub fn step(&mut self, token: Option<&[u8]>) -> io::Result<Vec<u8>> {
        let mut given = token.map(<[u8]>::to_vec).unwrap_or_default();
        let mut input = SecBuffer {
            cbBuffer: u32::try_from(given.len()).map_err(io::Error::other)?,
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: given.as_mut_ptr().cast(),
        };
        let input =
            SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: &mut input };
        let mut output =
            SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: ptr::null_mut() };
        let mut output_list =
            SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: &mut output };
        let mut next = self.context.unwrap_or_default();
        let (mut attributes, mut expiry) = (0u32, 0i64);
        let old = self.context.as_ref().map_or(ptr::null(), ptr::from_ref);
        let input = token.map_or(ptr::null(), |_| ptr::from_ref(&input));
        // SAFETY: the credentials are open; the context, where there is one, is of this exchange;
        // the buffers describe memory of ours that lives until the call returns; the output is
        // allocated by the system and freed below.
        let status = unsafe {
            InitializeSecurityContextW(
                &self.credentials,
                old,
                self.target.as_ptr(),
                ISC_REQ_ALLOCATE_MEMORY,
                0,
                SECURITY_NATIVE_DREP,
                input,
                0,
                &mut next,
                &mut output_list,
                &mut attributes,
                &mut expiry,
            )
        };
        let needs_completion = [SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE];
        if ![SEC_E_OK, SEC_I_CONTINUE_NEEDED].contains(&status)
            && !needs_completion.contains(&status)
        {
            return Err(io::Error::from_raw_os_error(status));
        }
        self.context = Some(next);
        if needs_completion.contains(&status) {
            // SAFETY: the context is open, the buffers are those of the call before.
            let status = unsafe { CompleteAuthToken(&next, &output_list) };
            if status != SEC_E_OK {
                return Err(io::Error::from_raw_os_error(status));
            }
        }
        Ok(take(&output))
    }
}

impl Drop for Negotiation {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            // SAFETY: the context was made by `step` and is closed once.
            unsafe { DeleteSecurityContext(&context) };
        }
        // SAFETY: the credentials were made by `begin` and are closed once.
        unsafe { FreeCredentialsHandle(&self.credentials) };
    }
}

/// Copies what the system allocated for us, and frees it.
fn take(buffer: &SecBuffer) -> Vec<u8> {
    if buffer.pvBuffer.is_null() {
        return Vec::new();
    }
    let length = usize::try_from(buffer.cbBuffer).unwrap_or(0);
    let mut octets = vec![0u8; length];
    // SAFETY: the system says that so many octets are there; ours has room for as many.
    unsafe { ptr::copy_nonoverlapping(buffer.pvBuffer.cast::<u8>(), octets.as_mut_ptr(), length) };
    // SAFETY: allocated by InitializeSecurityContextW at our request, freed once.
    unsafe { FreeContextBuffer(buffer.pvBuffer.cast::<c_void>()) };
    octets
}

/// A terminated text; made in one piece, so that no copy of a password stays behind.
fn wide(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len() + 1);
    units.extend(text.encode_utf16().filter(|unit| *unit != 0).chain([0]));
    units
}

fn wipe(text: &mut [u16]) {
    for unit in text {
        // SAFETY: the place is a valid unit of the slice; volatile, so that it is really written.
        unsafe { ptr::write_volatile(unit, 0) };
    }
}
