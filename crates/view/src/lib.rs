//! What the window of the issuing application looks like: the files of `ui/`, compiled by Slint,
//! and the fonts that the executable carries.
//!
//! It knows kinds of blocks (a field, a notice, a card), not screens: what stands on a screen is
//! `app`'s business. A crate of its own because generated code has lints of its own, and so that
//! it is compiled only when a `.slint` file changes.

#![allow(missing_docs, reason = "generated: the `.slint` files say what it is")]

use std::sync::Arc;

pub use slint;
use slint::fontique_011::{fontique, shared_collection};

slint::include_modules!();

/// The fonts, packed by the build script (RFC 1951).
const FONTS: [&[u8]; 2] = [
    include_bytes!(concat!(env!("OUT_DIR"), "/Regular.deflate")),
    include_bytes!(concat!(env!("OUT_DIR"), "/Bold.deflate")),
];

/// Largest font that is unpacked, in octets.
const LARGEST: usize = 8 * 1024 * 1024;

/// Makes the window with the fonts that it needs.
///
/// # Errors
/// When the system has no place for windows.
pub fn window() -> Result<AppWindow, slint::PlatformError> {
    // First the window: asking for the fonts of a toolkit that cannot run is a panic.
    let window = AppWindow::new()?;
    let mut fonts = shared_collection();
    for packed in FONTS {
        // A damaged executable still has the fonts of the system.
        if let Ok(font) = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, LARGEST) {
            let known = fonts.register_fonts(fontique::Blob::new(Arc::new(font)), None);
            // The toolkit also measures what is no longer in the window, and there asks for any
            // font: on a system without one of its own it would end the program.
            let families = known.iter().map(|(family, _)| *family);
            for generic in [fontique::GenericFamily::SansSerif, fontique::GenericFamily::SystemUi] {
                fonts.append_generic_families(generic, families.clone());
            }
        }
    }
    Ok(window)
}
