//! The console of whoever started this program.

use windows_sys::Win32::System::Console::{ATTACH_PARENT_PROCESS, AttachConsole};

/// Joins the console that this program was started from, if there is one. A program with windows
/// has none of its own; where its input and output already lead, to a file or a pipe, stays.
pub fn attach() {
    // SAFETY: the argument is a constant; without a console there the call fails and changes
    // nothing.
    let _ = unsafe { AttachConsole(ATTACH_PARENT_PROCESS) };
}
