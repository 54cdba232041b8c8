//! Harness of the scenarios: the real programs, run as people run them, and the real programs
//! of others (curl, openssl, Chromium, NSS, pkilint) to judge what they do.
//!
//! | module | what it is |
//! |---|---|
//! | [`place`] | where programs, tools and results are |
//! | [`mod@run`] | a program run to its end within a time |
//! | [`server`] | a program that runs until it is told to end |
//! | [`wait`] | waiting for a condition; printing a figure |
//! | [`demo`] | `tegata demo` with its directory, and the administration commands on it |
//! | [`desktop`] | the window on a screen of its own, driven by keys |
//! | [`desk`] | a person at a PC with a browser and what an installer left there; counted |
//! | [`token`] | a PKCS#11 token |
//! | [`app`] | `tegata-app` on a PC of its own |
//! | [`wine`] | a Windows PC, as far as Wine is one |
//! | [`mail`] | mails, opened |
//! | [`postfix`] | a mail server |
//! | [`office`] | the proxy of an office, which asks and can hold back |
//! | [`packages`] | installers of the application |
//! | [`installed`] | a Windows on which they are installed |
//! | [`key`] | keys and requests of a client that we steer |
//! | [`lint`] | pkilint and zlint |
//! | [`api`] | the application interface, spoken directly |
//! | [`http`], [`https`] | one request at a time on a connection that we hold |
//! | [`browser`] | Chromium, with a certificate database and policies of its own |

#![expect(clippy::expect_used, clippy::panic, reason = "a harness fails by panicking")]

pub mod api;
pub mod app;
pub mod browser;
pub mod demo;
pub mod desk;
pub mod desktop;
pub mod http;
pub mod https;
pub mod inspector;
pub mod installed;
pub mod key;
pub mod lint;
pub mod mail;
pub mod office;
pub mod packages;
pub mod place;
pub mod postfix;
pub mod run;
pub mod server;
pub mod token;
pub mod wait;
pub mod wine;

pub use app::Pc;
pub use demo::{Demo, Seat};
pub use run::{Ran, run};
pub use wait::{eventually, figure};
