//! Named pipes, where a name says nothing of who made the pipe.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_PIPE_BUSY, ERROR_SUCCESS, HANDLE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{GetSecurityInfo, SE_KERNEL_OBJECT};
use windows_sys::Win32::Security::{
    EqualSid, GetTokenInformation, OWNER_SECURITY_INFORMATION, PSID, TOKEN_OWNER, TOKEN_QUERY,
    TokenOwner,
};
use windows_sys::Win32::Storage::FileSystem::SECURITY_IDENTIFICATION;
use windows_sys::Win32::System::Pipes::{NMPWAIT_USE_DEFAULT_WAIT, WaitNamedPipeW};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use crate::Refused;
use crate::wide::wide;

/// Who may use a pipe of ours, in Windows' security descriptor definition language: its owner and
/// the system, nobody else.
pub const FOR_ITS_OWNER: &str = "D:P(A;;FA;;;OW)(A;;FA;;;SY)";

/// Opens the pipe `name` for reading and writing, waiting while it is busy. Whoever is behind it
/// may know who we are, and cannot act as us.
///
/// # Errors
/// When there is no such pipe, or it stays busy.
pub fn open(name: &str) -> io::Result<File> {
    let path = format!(r"\\.\pipe\{name}");
    let wide = wide(&path);
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).security_qos_flags(SECURITY_IDENTIFICATION);
        match options.open(&path) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY.cast_signed()) => {
                // SAFETY: the name ends with a zero and outlives the call.
                if unsafe { WaitNamedPipeW(wide.as_ptr(), NMPWAIT_USE_DEFAULT_WAIT) } == 0 {
                    return Err(error);
                }
            }
            opened => return opened,
        }
    }
}

/// Whether what is behind `pipe` belongs to whom this process's own things belong to.
///
/// # Errors
/// When Windows does not say.
pub fn is_ours(pipe: &File) -> Result<bool, Refused> {
    let mut owner: PSID = null_mut();
    let mut descriptor: *mut c_void = null_mut();
    // SAFETY: the handle is open, and both places outlive the call.
    let status = unsafe {
        GetSecurityInfo(
            pipe.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if status != ERROR_SUCCESS {
        return Err(Refused { call: "GetSecurityInfo", code: status });
    }
    let ours = if owner.is_null() { Ok(false) } else { is_my_owner(owner) };
    // SAFETY: Windows made it for us, and nothing of it is used any more.
    unsafe { LocalFree(descriptor) };
    ours
}

/// Whether `owner` is who becomes the owner of what this process makes. (For an administrator that
/// may be the group of them; what the user alone owns is theirs in either case.)
fn is_my_owner(owner: PSID) -> Result<bool, Refused> {
    let mut token: HANDLE = null_mut();
    // SAFETY: it has no arguments and its answer need not be closed.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the place outlives the call.
    let opened = unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) };
    Refused::unless(opened, "OpenProcessToken")?;
    // Its first member points to the rest of it: aligned for pointers, and large enough for any SID.
    let mut own = [0_u64; 16];
    let (size, mut len) = (u32::try_from(size_of_val(&own)).unwrap_or_default(), 0);
    let place = own.as_mut_ptr().cast();
    // SAFETY: the token is open, and `size` is what there is at the place.
    let read = unsafe { GetTokenInformation(token, TokenOwner, place, size, &raw mut len) };
    let read = Refused::unless(read, "GetTokenInformation");
    // SAFETY: we opened it, and use it no more.
    unsafe { CloseHandle(token) };
    read?;
    // SAFETY: Windows filled the place with this structure.
    let mine = unsafe { (*own.as_ptr().cast::<TOKEN_OWNER>()).Owner };
    // SAFETY: both are SIDs that Windows made, and alive.
    Ok(unsafe { EqualSid(owner, mine) } != 0)
}
