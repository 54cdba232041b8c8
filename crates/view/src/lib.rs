//! What the window of the issuing application looks like: the files of `ui/`, compiled by Slint,
//! and the fonts that the executable carries.
//!
//! It knows kinds of blocks (a field, a notice, a card), not screens: what stands on a screen is
//! `app`'s business. A crate of its own because generated code has lints of its own, and so that
//! it is compiled only when a `.slint` file changes.

#![allow(missing_docs, reason = "generated: the `.slint` files say what it is")]

pub use slint;

slint::include_modules!();
