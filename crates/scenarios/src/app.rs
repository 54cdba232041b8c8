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
    roots: Option<PathBuf>,
}

impl Pc {
    /// A PC with its home at `home`.
    pub fn new(home: &Path) -> Self {
        fs::create_dir_all(home).expect("the directory can be written");
        Self { home: home.to_owned(), roots: None }
    }

    /// The same PC, whose system trusts the roots in this file, PEM, and no others.
    pub fn trusting(self, roots: &Path) -> Self {
        Self { roots: Some(roots.to_owned()), ..self }
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
        run_command(self.issuing(demo, seat, store).args(more))
    }

    /// The same through another address of the site.
    pub fn issue_at(
        &self,
        site: &str,
        demo: &Demo,
        seat: &Seat,
        store: &str,
        more: &[&str],
    ) -> Ran {
        let mut app = self.program();
        app.args(["issue", "--site", site, "--root-sha256", &demo.ready.root_sha256]);
        app.args(["--json", "--store", store]);
        run_command(self.seat(&mut app, seat).args(more))
    }

    /// The command that issues a certificate into `store`.
    pub fn issuing(&self, demo: &Demo, seat: &Seat, store: &str) -> Command {
        let mut app = self.app("issue", demo, store);
        self.seat(&mut app, seat);
        app
    }

    fn seat<'a>(&self, app: &'a mut Command, seat: &Seat) -> &'a mut Command {
        let password = self.file("initial-password");
        let _ = fs::remove_file(&password);
        let mut file = fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password)
            .expect("home can be written");
        writeln!(file, "{}", seat.password).expect("home can be written");
        app.args(["--user", &seat.user_id, "--mail", MAIL, "--password-file"]).arg(&password)
    }

    /// Trusts the demo's root in `store`.
    pub fn trust(&self, demo: &Demo, store: &str) -> Ran {
        run_command(&mut self.app("trust", demo, store))
    }

    /// Runs `tegata-app … --json`.
    pub fn run(&self, args: &[&str]) -> Ran {
        run_command(self.program().arg("--json").args(args))
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

    fn app(&self, command: &str, demo: &Demo, store: &str) -> Command {
        let mut app = self.program();
        app.args([command, "--site", &demo.ready.site, "--root-sha256", &demo.ready.root_sha256]);
        app.args(["--json", "--store", store]);
        app
    }

    fn program(&self) -> Command {
        let mut app = Command::new(place::program("tegata-app"));
        app.current_dir(&self.home);
        app.env_clear().env("HOME", &self.home).env("LANG", "en_US.UTF-8");
        // The tools of NSS are found by it.
        app.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if let Some(roots) = &self.roots {
            app.env("SSL_CERT_FILE", roots);
        }
        app
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
