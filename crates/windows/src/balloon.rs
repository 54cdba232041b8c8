//! A balloon at the clock, from a program without a window.

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_INFO, NIF_TIP, NIIF_INFO, NIM_ADD, NIM_DELETE, NOTIFYICONDATAW, Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, HWND_MESSAGE, IDI_INFORMATION, LoadIconW,
};

use crate::Refused;
use crate::wide::wide;

/// A balloon that is shown until this is dropped, or its time is over.
#[derive(Debug)]
pub struct Balloon(HWND);

/// Shows a balloon.
///
/// # Errors
/// When there is no desktop to show it on. `body` is cut after 255 units, `title` after 63.
pub fn show(title: &str, body: &str) -> Result<Balloon, Refused> {
    let class = wide("STATIC");
    // SAFETY: the class is one of the system's, the text ends with zero and outlives the call.
    let window = unsafe {
        CreateWindowExW(
            0,
            class.as_ptr(),
            null(),
            0,
            0,
            0,
            0,
            0,
            HWND_MESSAGE,
            null_mut(),
            null_mut(),
            null(),
        )
    };
    if window.is_null() {
        return Err(Refused::last("CreateWindowEx"));
    }
    let balloon = Balloon(window);
    let mut data = balloon.data();
    data.uFlags = NIF_ICON | NIF_INFO | NIF_TIP;
    data.dwInfoFlags = NIIF_INFO;
    // SAFETY: an icon of the system's, which is never freed.
    data.hIcon = unsafe { LoadIconW(null_mut(), IDI_INFORMATION) };
    fill(&mut data.szTip, title);
    fill(&mut data.szInfoTitle, title);
    fill(&mut data.szInfo, body);
    // SAFETY: the structure says its own size and outlives the call.
    let shown = unsafe { Shell_NotifyIconW(NIM_ADD, &raw const data) };
    Refused::unless(shown, "Shell_NotifyIcon")?;
    Ok(balloon)
}

impl Balloon {
    /// What names the icon.
    fn data(&self) -> NOTIFYICONDATAW {
        let size = size_of::<NOTIFYICONDATAW>();
        NOTIFYICONDATAW {
            cbSize: u32::try_from(size).unwrap_or_default(),
            hWnd: self.0,
            uID: 1,
            ..Default::default()
        }
    }
}

impl Drop for Balloon {
    fn drop(&mut self) {
        let data = self.data();
        // SAFETY: the structure says its own size and outlives the call.
        unsafe { Shell_NotifyIconW(NIM_DELETE, &raw const data) };
        // SAFETY: the window is ours, made by this thread or never shown.
        unsafe { DestroyWindow(self.0) };
    }
}

/// Fills a field with as much of a text as fits before its zero, whole characters only.
fn fill(field: &mut [u16], text: &str) {
    let (mut at, last) = (0, field.len().saturating_sub(1));
    for c in text.chars() {
        let Some(place) = field[..last].get_mut(at..at + c.len_utf16()) else { break };
        at += c.encode_utf16(place).len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_ends_with_a_whole_character() {
        let mut field = [0; 4];
        fill(&mut field, "aé😀b");
        assert_eq!(field, [0x61, 0xe9, 0, 0]);
        let mut field = [0; 4];
        fill(&mut field, "abc");
        assert_eq!(field, [0x61, 0x62, 0x63, 0]);
        fill(&mut field, "xyzw");
        assert_eq!(field[3], 0);
    }
}
