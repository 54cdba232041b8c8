//! Input methods.

use windows_sys::Win32::UI::Input::Ime::ImmDisableIME;

/// Every thread of the process.
const ALL_THREADS: u32 = u32::MAX;

/// Switches input methods off for this process, before it opens a window: then its fields take
/// letters and digits as typed, whatever is set elsewhere. Without an input method nothing
/// happens.
pub fn disable() {
    // SAFETY: the argument is a number and nothing is handed back that could dangle.
    let _ = unsafe { ImmDisableIME(ALL_THREADS) };
}
