//! `tegata-app` on a PC of its own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::{Demo, Seat};
use crate::https::Identity;
use crate::place;
use crate::run::{Ran, run_command};

/// Registered with every certificate.
pub const MAIL: &str = "taro@example.co.jp";

/// A PC: a home directory.
pub struct Pc {
    home: PathBuf,
}

impl Pc {
    /// A PC with its home at `home`.
    pub fn new(home: &Path) -> Self {
        fs::create_dir_all(home).expect("the directory can be written");
        Self { home: home.to_owned() }
    }

    /// A file at home.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Issues a certificate into `store`, a place at home, for example `pem:certificate`.
    pub fn issue(&self, demo: &Demo, seat: &Seat, store: &str, more: &[&str]) -> Ran {
        let password = self.file("initial-password");
        let _ = fs::remove_file(&password);
        let mut file = fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password)
            .expect("home can be written");
        writeln!(file, "{}", seat.password).expect("home can be written");
        self.app(&["issue", "--site", &demo.ready.site])
            .args(["--root-sha256", &demo.ready.root_sha256])
            .args(["--user", &seat.user_id, "--mail", MAIL, "--store", store, "--json"])
            .args(more)
            .arg("--password-file")
            .arg(&password)
            .ran()
    }

    /// Trusts the demo's root in `store`.
    pub fn trust(&self, demo: &Demo, store: &str) -> Ran {
        self.app(&["trust", "--site", &demo.ready.site, "--root-sha256", &demo.ready.root_sha256])
            .args(["--store", store, "--json"])
            .ran()
    }

    /// What `pem:{folder}` holds of a seat.
    pub fn pem(&self, folder: &str, user_id: &str) -> PemFiles {
        let file = |name: &str| self.home.join(folder).join(name);
        PemFiles {
            certificate: file(&format!("{user_id}.crt.pem")),
            chain: file(&format!("{user_id}.chain.pem")),
            key: file(&format!("{user_id}.key.pem")),
            root: file("root.crt.pem"),
        }
    }

    fn app(&self, args: &[&str]) -> Invocation {
        let mut command = Command::new(place::program("tegata-app"));
        command.args(args).current_dir(&self.home).env_clear();
        command.env("HOME", &self.home).env("LANG", "en_US.UTF-8");
        // NSS tools are found by it.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Invocation(command)
    }
}

/// The files of a `pem:` store.
pub struct PemFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// The certificate and what leads to the root.
    pub chain: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// The root.
    pub root: PathBuf,
}

impl PemFiles {
    /// For a connection of ours.
    pub fn identity(&self) -> Identity {
        Identity::read(&self.chain, &self.key)
    }
}

struct Invocation(Command);

impl Invocation {
    fn args(mut self, args: &[impl AsRef<std::ffi::OsStr>]) -> Self {
        self.0.args(args);
        self
    }

    fn arg(mut self, arg: &Path) -> Self {
        self.0.arg(arg);
        self
    }

    fn ran(mut self) -> Ran {
        run_command(&mut self.0)
    }
}
