//! The proxy settings of the person who is signed in, and WinHTTP's proxy scripts.
//!
//! WinHTTP is called without a wrapper crate: three functions are needed, and the one that exists
//! (`winhttp` 0.1) brings a second copy of all bindings for them.

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::{GetLastError, GlobalFree};
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_AUTO_DETECT_TYPE_DHCP,
    WINHTTP_AUTO_DETECT_TYPE_DNS_A, WINHTTP_AUTOPROXY_AUTO_DETECT, WINHTTP_AUTOPROXY_CONFIG_URL,
    WINHTTP_AUTOPROXY_OPTIONS, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpCloseHandle, WinHttpGetIEProxyConfigForCurrentUser, WinHttpGetProxyForUrl, WinHttpOpen,
    WinHttpSetTimeouts,
};

/// Longest text that Windows hands out here, in UTF-16 units.
const MAX_TEXT: usize = 64 * 1024;

/// "Internet options" of the person who is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InternetSettings {
    /// "Automatically detect settings".
    pub auto_detect: bool,
    /// "Use automatic configuration script".
    pub script: Option<String>,
    /// Proxy list, such as `proxy:8080` or `http=a:1;https=b:2`.
    pub proxy: Option<String>,
    /// Hosts without proxy, such as `*.example.jp;<local>`.
    pub bypass: Option<String>,
}

/// Where a script comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// The network is asked for it, by DHCP and DNS (WPAD).
    Detect,
    /// From this address.
    Script(&'a str),
}

/// What a script answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Proxy list; `None` is directly.
    pub proxy: Option<String>,
}

/// Reads the settings.
///
/// # Errors
/// Whatever Windows says.
pub fn settings() -> io::Result<InternetSettings> {
    let mut config = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the structure is ours, initialised, and lives until the call returns.
    let has_succeeded = unsafe { WinHttpGetIEProxyConfigForCurrentUser(&mut config) };
    if has_succeeded == 0 {
        return Err(last_error());
    }
    Ok(InternetSettings {
        auto_detect: config.fAutoDetect != 0,
        script: take(config.lpszAutoConfigUrl),
        proxy: take(config.lpszProxy),
        bypass: take(config.lpszProxyBypass),
    })
}

/// Asks a script for the way to `url`. Takes as long as fetching it takes, at most about 20 s.
///
/// # Errors
/// When no script is found or fetched, or it fails.
pub fn for_url(url: &str, search: Search<'_>) -> io::Result<Found> {
    let agent = wide("tegata-app");
    // SAFETY: the agent's name is terminated and outlives the call; null stands for "no proxy".
    let session = unsafe {
        WinHttpOpen(agent.as_ptr(), WINHTTP_ACCESS_TYPE_NO_PROXY, ptr::null(), ptr::null(), 0)
    };
    if session.is_null() {
        return Err(last_error());
    }
    let session = Session(session);
    // SAFETY: the handle is open. Should this fail, the longer limits of Windows stay.
    unsafe { WinHttpSetTimeouts(session.0, 5_000, 5_000, 5_000, 5_000) };
    let (url, script) =
        (wide(url), if let Search::Script(at) = search { wide(at) } else { wide("") });
    let mut options = WINHTTP_AUTOPROXY_OPTIONS {
        // A script on a server that wants to know who asks gets the person who is signed in.
        fAutoLogonIfChallenged: 1,
        ..WINHTTP_AUTOPROXY_OPTIONS::default()
    };
    match search {
        Search::Detect => {
            options.dwFlags = WINHTTP_AUTOPROXY_AUTO_DETECT;
            options.dwAutoDetectFlags =
                WINHTTP_AUTO_DETECT_TYPE_DHCP | WINHTTP_AUTO_DETECT_TYPE_DNS_A;
        }
        Search::Script(_) => {
            options.dwFlags = WINHTTP_AUTOPROXY_CONFIG_URL;
            options.lpszAutoConfigUrl = script.as_ptr();
        }
    }
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: all texts are terminated and outlive the call, as do both structures.
    let has_succeeded =
        unsafe { WinHttpGetProxyForUrl(session.0, url.as_ptr(), &mut options, &mut info) };
    if has_succeeded == 0 {
        return Err(last_error());
    }
    let (proxy, _bypass) = (take(info.lpszProxy), take(info.lpszProxyBypass));
    let is_named = info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY;
    Ok(Found { proxy: proxy.filter(|_| is_named) })
}

struct Session(*mut core::ffi::c_void);

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by `for_url` and is closed once.
        unsafe { WinHttpCloseHandle(self.0) };
    }
}

fn wide(text: &str) -> Vec<u16> {
    // A NUL inside would end the text early and mean another address.
    let mut units = Vec::with_capacity(text.len() + 1);
    units.extend(text.encode_utf16().filter(|unit| *unit != 0).chain([0]));
    units
}

/// Takes over a text that Windows allocated for us.
fn take(text: *mut u16) -> Option<String> {
    if text.is_null() {
        return None;
    }
    let mut units = Vec::new();
    while units.len() < MAX_TEXT {
        // SAFETY: the text is terminated, and every unit before this one was not the end: this one
        // lies within it.
        let place = unsafe { text.add(units.len()) };
        // SAFETY: as above; units are read where Windows wrote them.
        let unit = unsafe { place.read() };
        if unit == 0 {
            break;
        }
        units.push(unit);
    }
    // SAFETY: WinHTTP allocates these with GlobalAlloc and leaves freeing to the caller.
    unsafe { GlobalFree(text.cast()) };
    Some(String::from_utf16_lossy(&units)).filter(|text| !text.is_empty())
}

fn last_error() -> io::Error {
    // SAFETY: takes nothing, reads this thread's value.
    let code = unsafe { GetLastError() };
    io::Error::from_raw_os_error(code.cast_signed())
}
