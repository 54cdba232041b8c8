//! Authenticode signatures of executables and MSI packages.
//!
//! Two ways: a command of the operator's, which may reach a token or a signing service; or a
//! PKCS#12 file through osslsigncode. Without either, packages stay unsigned, and Windows says so
//! to whoever runs them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use clap::Args;

use super::{stage, tool};
use crate::{Failure, say};

#[derive(Args)]
pub(super) struct SignArgs {
    /// Sign executables and MSI packages with this command: run by `sh`, the file's path behind
    /// it; it replaces the file by the signed one
    #[arg(long, env = "TEGATA_SIGN_COMMAND", value_name = "COMMAND")]
    sign_command: Option<String>,
    /// Sign with the certificate and key of a PKCS#12 file
    #[arg(long, value_name = "FILE", requires = "sign_password_file")]
    sign_pkcs12: Option<PathBuf>,
    /// File with the password of the PKCS#12 file
    #[arg(long, value_name = "FILE", requires = "sign_pkcs12")]
    sign_password_file: Option<PathBuf>,
    /// RFC 3161 time-stamping service: signatures then outlive the certificate
    #[arg(long, value_name = "URL", requires = "sign_pkcs12")]
    timestamp_url: Option<String>,
}

/// How files get signed.
pub(super) enum Signer {
    /// Not at all.
    None,
    /// By a command of the operator's.
    Command(String),
    /// By osslsigncode.
    Pkcs12 {
        file: PathBuf,
        password_file: PathBuf,
        timestamp_url: Option<String>,
        time: SystemTime,
    },
}

impl Signer {
    pub(super) fn of(args: SignArgs, time: SystemTime) -> Result<Self, Failure> {
        match (args.sign_command, args.sign_pkcs12, args.sign_password_file) {
            (None, None, _) => {
                say("package: executables and MSI packages stay unsigned (see --help)");
                Ok(Self::None)
            }
            (Some(command), None, _) => Ok(Self::Command(command)),
            (None, Some(file), Some(password_file)) => {
                Ok(Self::Pkcs12 { file, password_file, timestamp_url: args.timestamp_url, time })
            }
            _ => Err("sign with a command or with a PKCS#12 file, not with both".into()),
        }
    }

    /// Signs a file in place.
    pub(super) fn sign(&self, path: &Path) -> Result<(), Failure> {
        match self {
            Self::None => Ok(()),
            Self::Command(command) => {
                let mut shell = Command::new("sh");
                // The path is a parameter, never text of the script.
                shell.args(["-c", &format!("{command} \"$1\""), "sign"]).arg(path);
                tool::run(&mut shell, "dash").map(|_| ())
            }
            Self::Pkcs12 { file, password_file, timestamp_url, time } => {
                let signed = path.with_extension("signed");
                let mut sign = Command::new("osslsigncode");
                sign.args(["sign", "-h", "sha256", "-pkcs12"]).arg(file);
                sign.arg("-readpass").arg(password_file);
                match timestamp_url {
                    Some(url) => sign.args(["-ts", url]),
                    // Its own time says little: nobody vouches for it.
                    None => sign.args(["-time", &stage::seconds(*time).to_string()]),
                };
                sign.arg("-in").arg(path).arg("-out").arg(&signed);
                tool::run(&mut sign, "osslsigncode")?;
                tool::replace(&signed, path)
            }
        }
    }
}
