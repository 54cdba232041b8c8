//! `tegata demo` with its directory, and the administration commands on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::https::{Https, Identity};
use crate::place;
use crate::run::{Ran, run, run_command};
use crate::server::Server;
use crate::token::{DRIVER, SoftToken};

/// A running demo. Ends when dropped.
pub struct Demo {
    /// Its line of JSON.
    pub ready: Ready,
    /// The process.
    pub server: Server,
}

/// The line of JSON that a demo prints when everything is ready.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// Home of the sample service on the issuing site.
    pub site: String,
    /// The gateway.
    pub gateway: String,
    /// The status addresses.
    pub status: String,
    /// Administration.
    pub admin: String,
    /// File of the root certificate.
    pub root_pem: PathBuf,
    /// SHA-256 of the root certificate, hexadecimal.
    pub root_sha256: String,
    /// A seat whose credential is ready.
    pub user_id: String,
    /// Its initial password.
    pub password: String,
    /// The protected page.
    pub service_url: String,
    /// The data directory.
    pub data_dir: PathBuf,
}

/// A seat and its initial password.
#[derive(Clone, Debug, Deserialize)]
pub struct Seat {
    /// User ID.
    pub user_id: String,
    /// Initial password.
    pub password: String,
}

impl Demo {
    /// Starts a demo whose data are in `base`, on free ports, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start(base: &Path) -> Self {
        Self::start_command(&mut command(base, [0; 4]), base)
    }

    /// Starts a demo whose CA keys are in this token.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start_with_token(base: &Path, token: &SoftToken) -> Self {
        let mut command = command(base, [0; 4]);
        command.args(["--token", &token.uri(DRIVER)]);
        Self::start_command(token.environment(&mut command), base)
    }

    /// Starts a demo whose root and issuing CA have keys of these kinds.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start_with_keys(base: &Path, root: &str, issuing: &str) -> Self {
        let mut command = command(base, [0; 4]);
        command.args(["--root-key", root, "--issuing-key", issuing]);
        Self::start_command(&mut command, base)
    }

    fn start_command(command: &mut Command, base: &Path) -> Self {
        let (server, line) = Server::start(command, &base.join("demo.err"));
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { ready, server }
    }

    /// Runs a demo on these ports (site, gateway, status, admin) that is expected to end at once.
    pub fn fails_to_start(base: &Path, ports: [u16; 4]) -> Ran {
        run_command(&mut command(base, ports))
    }

    /// The data directory of a demo started in `base`.
    pub fn data_dir(base: &Path) -> PathBuf {
        base.join("data")
    }

    /// Runs `tegata … --dir D --json` on the demo's directory.
    pub fn tegata(&self, args: &[&str]) -> Ran {
        tegata(&self.ready.data_dir, args)
    }

    /// Adds seats to the sample company.
    #[track_caller]
    pub fn seats(&self, count: usize) -> Vec<Seat> {
        let count = count.to_string();
        let add = ["subscriber", "add", "--company", "CMSM950-006", "--count", &count];
        serde_json::from_value(self.tegata(&add).ok().json()).expect("a list of seats")
    }

    /// Adds one seat to the sample company.
    #[track_caller]
    pub fn seat(&self) -> Seat {
        self.seats(1).remove(0)
    }

    /// The rows of `tegata certificate list`, of one user ID or of all.
    #[track_caller]
    pub fn certificates(&self, user_id: Option<&str>) -> Vec<Value> {
        let mut args = vec!["certificate", "list"];
        args.extend(user_id.iter().flat_map(|user_id| ["--user-id", user_id]));
        serde_json::from_value(self.tegata(&args).ok().json()).expect("a list of certificates")
    }

    /// A client of the issuing site and the application interface.
    pub fn site(&self) -> Https {
        Https::new(&self.ready.site, &self.ready.root_pem, None)
    }

    /// A client of the gateway, with or without a certificate.
    pub fn gateway(&self, identity: Option<Identity>) -> Https {
        Https::new(&self.ready.gateway, &self.ready.root_pem, identity)
    }

    /// The application interface.
    pub fn api(&self) -> Api {
        Api::new(self.site(), &self.ready.site)
    }

    /// The link of the button that starts the application on a page of the site, `issue` or
    /// `renew`, in this language. Each can be used once, and soon.
    #[track_caller]
    pub fn link(&self, page: &str, language: &str) -> String {
        // With an installer to offer, the page shows the steps with the button.
        let downloads = self.ready.data_dir.join("downloads");
        fs::create_dir_all(&downloads).expect("it is ours");
        fs::write(downloads.join("tegata-app-1.0.0-x86_64.msi"), b"an installer")
            .expect("it is ours");
        let page = format!("{}{page}", self.ready.site);
        let root = self.ready.root_pem.to_str().expect("a path of ours is text");
        let language = format!("Accept-Language: {language}");
        let get = ["--silent", "--fail", "--cacert", root, "-H", &language, &page];
        let page = run("curl", get).ok().text();
        let link = page.split("href=\"").find(|part| part.starts_with("tegata:"));
        let link = link.unwrap_or_else(|| panic!("no button on {page}"));
        link.split('"').next().expect("a first part").replace("&#38;", "&")
    }

    /// From now on every certificate of the sample service can be renewed at once: the window for
    /// it opens earlier than they began.
    #[track_caller]
    pub fn open_renewal(&self) {
        let mut settings = self.tegata(&["service", "show"]).ok().json();
        (settings["lifetime_days"], settings["renewal_window_days"]) = (500.into(), 400.into());
        let file = self.ready.data_dir.with_file_name("renewal.json");
        fs::write(&file, settings.to_string()).expect("it is ours");
        let file = file.to_str().expect("a path of ours is text");
        self.tegata(&["service", "change", "--service-settings", file]).ok();
    }

    /// Fetches a file from the status address, for example `crl/SB0001002C.crl`.
    #[track_caller]
    pub fn status_file(&self, path: &str) -> Vec<u8> {
        let url = format!("{}/{path}", self.ready.status);
        run("curl", ["--silent", "--show-error", "--fail", &url]).ok().stdout
    }
}

/// Runs `tegata … --dir D --json`.
pub fn tegata(dir: &Path, args: &[&str]) -> Ran {
    let dir = dir.to_str().expect("a path of ours is text");
    run(place::program("tegata"), [args, &["--dir", dir, "--json"]].concat())
}

fn command(base: &Path, ports: [u16; 4]) -> Command {
    let mut command = Command::new(place::program("tegata"));
    command.args(["demo", "--json", "--dir"]).arg(Demo::data_dir(base));
    for (option, port) in ["site", "gateway", "status", "admin"].into_iter().zip(ports) {
        command.args([format!("--{option}-port"), port.to_string()]);
    }
    command.env_remove("TEGATA_LOG").env_remove("TEGATA_CA_PASSPHRASE");
    command
}
