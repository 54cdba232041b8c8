//! The window without a display: every page drawn in every language, scheme and size, and what a
//! person does with keys and mouse.

mod contact;
mod font;
mod keys;
pub(super) mod samples;
mod screens;
mod scroll;
mod stage;
mod theme;
