use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::super::StoreError;
use crate::cert::Cert;
use crate::files::{self, Access, Existing};

const CERTUTIL: &str = "certutil";
const PK12UTIL: &str = "pk12util";

/// A certificate's name in the database and its trust flags, such as `u,u,u`.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) trust: String,
}

/// Checks that both tools are there.
pub(in super::super) fn check() -> Result<(), StoreError> {
    // What they say to this is of no interest, as long as they can be started.
    [CERTUTIL, PK12UTIL].iter().try_for_each(|tool| run(tool, &[OsStr::new("-V")], b"").map(drop))
}

/// The NSS tools on one database.
///
/// Passwords travel in files of mode 0600 in a folder of mode 0700 that is removed at the end.
/// The file is always given, empty when there is no password: otherwise the tools would ask on
/// the terminal.
pub(super) struct Tools {
    database: String,
    private: TempDir,
    password: PathBuf,
}

impl Tools {
    pub(super) fn new(folder: &Path, password: Option<&str>) -> Result<Self, StoreError> {
        let private = tempfile::Builder::new().prefix("tegata-").tempdir();
        let private = private.map_err(StoreError::io(&std::env::temp_dir()))?;
        let file = private.path().join("password");
        write_private(&file, password.unwrap_or_default().as_bytes())?;
        Ok(Self { database: format!("sql:{}", folder.display()), private, password: file })
    }

    /// Makes a database, with an empty password when none was given.
    pub(super) fn create(&self) -> Result<(), StoreError> {
        let is_empty = std::fs::metadata(&self.password).is_ok_and(|file| file.len() == 0);
        let output = if is_empty {
            let arguments = ["-N", "-d", &self.database, "--empty-password"];
            run(CERTUTIL, arguments.map(OsStr::new).as_slice(), b"")?
        } else {
            self.certutil(&[OsStr::new("-N")], b"")?
        };
        succeeded(CERTUTIL, output).map(drop)
    }

    /// Checks that the password is the right one.
    pub(super) fn check_password(&self) -> Result<(), StoreError> {
        let output = self.certutil(&[OsStr::new("-K")], b"")?;
        // A database without keys is told by a failure, too.
        if said(&output).contains("no keys found") {
            return Ok(());
        }
        succeeded(CERTUTIL, output).map(drop)
    }

    /// Imports a PKCS#12 file.
    pub(super) fn import(&self, file: &[u8], password: &str) -> Result<(), StoreError> {
        let (path, guard) = (self.private.path().join("in.p12"), self.private.path().join("guard"));
        write_private(&path, file)?;
        write_private(&guard, password.as_bytes())?;
        let arguments = [
            OsStr::new("-i"),
            path.as_os_str(),
            OsStr::new("-d"),
            OsStr::new(&self.database),
            OsStr::new("-w"),
            guard.as_os_str(),
            OsStr::new("-k"),
            self.password.as_os_str(),
        ];
        let output = run(PK12UTIL, &arguments, b"");
        for path in [&path, &guard] {
            files::remove(path).map_err(StoreError::io(path))?;
        }
        succeeded(PK12UTIL, output?).map(drop)
    }

    /// Adds a CA certificate under `name`.
    pub(super) fn add(
        &self,
        name: &str,
        trust: &str,
        certificate: &Cert,
    ) -> Result<(), StoreError> {
        let arguments = ["-A", "-n", name, "-t", trust].map(OsStr::new);
        succeeded(CERTUTIL, self.certutil(&arguments, certificate.der())?).map(drop)
    }

    /// Gives the newest certificate of a name another one.
    pub(super) fn rename(&self, name: &str, to: &str) -> Result<(), StoreError> {
        let arguments = ["--rename", "-n", name, "--new-n", to].map(OsStr::new);
        succeeded(CERTUTIL, self.certutil(&arguments, b"")?).map(drop)
    }

    /// The names in the database, each once.
    pub(super) fn names(&self) -> Result<Vec<Named>, StoreError> {
        let listing = succeeded(CERTUTIL, self.certutil(&[OsStr::new("-L")], b"")?)?;
        let mut names = Vec::<Named>::new();
        for named in String::from_utf8_lossy(&listing).lines().filter_map(named) {
            match names.iter_mut().find(|known| known.name == named.name) {
                // Of a name given twice the flags that say more are kept.
                Some(known) if known.trust.len() < named.trust.len() => *known = named,
                Some(_) => {}
                None => names.push(named),
            }
        }
        Ok(names)
    }

    /// PEM of every certificate under `name`.
    pub(super) fn pem(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let arguments = ["-L", "-n", name, "-a"].map(OsStr::new);
        succeeded(CERTUTIL, self.certutil(&arguments, b"")?)
    }

    /// A PKCS#10 request signed by the key with this hexadecimal id.
    pub(super) fn request(&self, key_id: &str) -> Result<Vec<u8>, StoreError> {
        let arguments = ["-R", "-k", key_id, "-s", "CN=proof"].map(OsStr::new);
        succeeded(CERTUTIL, self.certutil(&arguments, b"")?)
    }

    fn certutil(&self, arguments: &[&OsStr], input: &[u8]) -> Result<Output, StoreError> {
        let mut all = arguments.to_vec();
        all.extend([
            OsStr::new("-d"),
            OsStr::new(&self.database),
            OsStr::new("-f"),
            self.password.as_os_str(),
        ]);
        run(CERTUTIL, &all, input)
    }
}

/// A line of `certutil -L`: the name, spaces, three comma-separated groups of flags.
fn named(line: &str) -> Option<Named> {
    let (name, trust) = line.trim_end().rsplit_once(' ')?;
    let flags = |group: &str| group.chars().all(|c| "pPcCTugw".contains(c));
    let is_trust = trust.split(',').count() == 3 && trust.split(',').all(flags);
    let name = name.trim();
    (is_trust && !name.is_empty()).then(|| Named { name: name.to_owned(), trust: trust.to_owned() })
}

fn run(tool: &'static str, arguments: &[&OsStr], input: &[u8]) -> Result<Output, StoreError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::ToolMissing(tool),
        _ => StoreError::ToolFailed { tool, said: error.to_string() },
    };
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A tool that ends without reading its input says why by its status.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().map_err(failed)
}

fn succeeded(tool: &'static str, output: Output) -> Result<Vec<u8>, StoreError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = said(&output);
    if said.contains("SEC_ERROR_BAD_PASSWORD") {
        return Err(StoreError::PasswordNeeded);
    }
    Err(StoreError::ToolFailed { tool, said })
}

/// The tools put their complaints on either output.
fn said(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|out| String::from_utf8_lossy(out));
    format!("{stderr}{stdout}")
}

fn write_private(path: &Path, octets: &[u8]) -> Result<(), StoreError> {
    files::write(path, octets, Access::Private, Existing::Replace).map_err(StoreError::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_and_commas_are_told_from_their_flags() {
        let parsed = |line| named(line).map(|named| (named.name, named.trust));
        let pair = |name: &str, trust: &str| Some((name.to_owned(), trust.to_owned()));
        assert_eq!(
            parsed("CMSM950-006-401 (until 2027-02-16)                           u,u,u"),
            pair("CMSM950-006-401 (until 2027-02-16)", "u,u,u")
        );
        assert_eq!(parsed("Sample Bank, Ltd.    C,,  "), pair("Sample Bank, Ltd.", "C,,"));
        assert_eq!(parsed("SB0001002C   ,,   "), pair("SB0001002C", ",,"));
        for line in [
            "",
            "Certificate Nickname                                         Trust Attributes",
            "                                                             SSL,S/MIME,JAR/XPI",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
