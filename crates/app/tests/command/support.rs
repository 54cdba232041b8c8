//! A site of the sample service on loopback, and the real binary as a person runs it.

#[path = "../../../agent/src/testing/authority.rs"]
#[expect(dead_code, reason = "the agent's own tests use the rest")]
mod authority;
#[path = "../../../agent/src/testing/server.rs"]
mod server;
#[path = "../../../agent/src/testing/squid.rs"]
#[expect(dead_code, reason = "the agent's own tests use the rest")]
pub(crate) mod squid;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use tegata_wire::api::{Bilingual, EnrollRequest, ServiceInfo};
use tegata_wire::{Problem, problem};
use tempfile::TempDir;

use authority::Authority;
pub(crate) use server::Answer;
use server::{Request, Server};

pub(crate) const USER: &str = "CMSM950-006-401";
pub(crate) const PASSWORD: &str = "01AB-CDEF-GHJK-MNPQ";
pub(crate) const MAIL: &str = "taro@example.co.jp";

/// What the site does at the next enrolment; it issues when nothing is scripted.
pub(crate) enum Script {
    Problem(u16, &'static str, &'static str),
    Cut,
    Do(Box<dyn Fn() + Send>),
}

/// What a site has beside the interface, by the end of its path in lower case.
type Files = Arc<Mutex<Vec<(String, Box<dyn Fn(&Request) -> Answer + Send>)>>>;

/// The issuing site.
pub(crate) struct Site {
    server: Server,
    script: Arc<Mutex<VecDeque<Script>>>,
    files: Files,
    host: String,
    pub(crate) root_sha256: String,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::named("localhost")
    }

    /// A site whose certificate is for `host`.
    pub(crate) fn named(host: &str) -> Self {
        let authority = Authority::new();
        let root_sha256 = Sha256::digest(&authority.trust().root.0);
        let root_sha256 = root_sha256.iter().map(|octet| format!("{octet:02x}")).collect();
        let script = Arc::new(Mutex::new(VecDeque::new()));
        let (tls, next) = (authority.server(host), script.clone());
        let files: Files = Arc::default();
        let here = files.clone();
        let server = Server::start(tls, move |request| {
            let files = here.lock().unwrap();
            match files.iter().rfind(|(path, _)| request.path.ends_with(path)) {
                Some((_, file)) => file(request),
                None => answer(&authority, &next, request),
            }
        });
        Self { server, script, files, host: host.to_owned(), root_sha256 }
    }

    pub(crate) fn then(&self, script: Script) -> &Self {
        self.script.lock().unwrap().push_back(script);
        self
    }

    /// Answers requests for `path` by `file`.
    pub(crate) fn serve(&self, path: &str, file: impl Fn(&Request) -> Answer + Send + 'static) {
        self.files.lock().unwrap().push((path.to_lowercase(), Box::new(file)));
    }

    /// `Range` of every request for a path with this in it.
    pub(crate) fn ranges(&self, part: &str) -> Vec<Option<String>> {
        let requests = self.server.requests();
        let found = requests.iter().filter(|request| request.path.contains(part));
        let range = |request: &Request| {
            let line = request.headers.lines().find_map(|line| line.strip_prefix("range: "));
            line.map(str::to_owned)
        };
        found.map(range).collect()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}:{}/issueweb/0001/SB0001002C/", self.host, self.port())
    }

    /// Method and last part of the path of every request.
    pub(crate) fn asked(&self) -> Vec<String> {
        let path = |request: &Request| {
            let operation = request.path.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{} {operation}", request.method)
        };
        self.server.requests().iter().map(path).collect()
    }

    /// The enrolments, in order.
    pub(crate) fn enrolments(&self) -> Vec<EnrollRequest> {
        let requests = self.server.requests();
        let posts = requests.iter().filter(|request| request.method == "post");
        posts.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }

    /// The headers of the last request, in lower case.
    pub(crate) fn last_headers(&self) -> String {
        self.server.requests().last().unwrap().headers.clone()
    }
}

fn answer(authority: &Authority, script: &Mutex<VecDeque<Script>>, request: &Request) -> Answer {
    match request.path.as_str() {
        "/api/v1/0001/sb0001002c/trust" => json(&authority.trust()),
        "/api/v1/0001/sb0001002c/service" => json(&service()),
        "/api/v1/0001/sb0001002c/enroll" | "/api/v1/0001/sb0001002c/renew" => {
            let next = script.lock().unwrap().pop_front();
            match next {
                None => json(&issue(authority, &request.body)),
                Some(Script::Cut) => Answer::Cut,
                Some(Script::Do(action)) => {
                    action();
                    Answer::Cut
                }
                Some(Script::Problem(status, code, headers)) => {
                    let (title, detail) = ("It was refused.".into(), "Ask the branch.".into());
                    let problem = Problem::new(code, status, title, detail, "R-20261123".into());
                    let headers = format!("content-type: {}\r\n{headers}", problem::CONTENT_TYPE);
                    Answer::Whole(status, headers, serde_json::to_vec(&problem).unwrap())
                }
            }
        }
        _ => Answer::Whole(404, "content-type: text/html\r\n".to_owned(), b"<html>".to_vec()),
    }
}

fn issue(authority: &Authority, body: &[u8]) -> tegata_wire::api::Issued {
    let asked: EnrollRequest = serde_json::from_slice(body).unwrap();
    authority.issued(&asked.user_id, &asked.email, &public_key(&asked.request.0), 7)
}

/// The subject public key info of a PKCS#10 request.
pub(crate) fn public_key(request: &[u8]) -> Vec<u8> {
    let request = x509_cert::request::CertReq::from_der(request).unwrap();
    request.info.public_key.to_der().unwrap()
}

fn service() -> ServiceInfo {
    let text = |text: &str| Bilingual { ja: text.to_owned(), en: text.to_owned() };
    ServiceInfo {
        tenant: "0001".to_owned(),
        issuer: "SB0001002C".to_owned(),
        organisation: text("Sample Bank, Ltd."),
        name: text("Sample Lite CMS"),
        service_url: "https://gateway.example.jp/SAMPLE01/cms".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        user_id_example: USER.to_owned(),
        minimum_app_version: "0.1.0".to_owned(),
    }
}

fn json(value: &impl serde::Serialize) -> Answer {
    let headers = "content-type: application/json\r\n".to_owned();
    Answer::Whole(200, headers, serde_json::to_vec(value).unwrap())
}

/// A PC with an empty home folder.
pub(crate) struct Pc {
    pub(crate) home: TempDir,
    environment: Vec<(String, String)>,
    input: String,
}

impl Pc {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        std::fs::write(home.path().join("password.txt"), format!("\u{feff}{PASSWORD}\r\n"))
            .unwrap();
        Self { home, environment: Vec::new(), input: String::new() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The names in a folder, sorted.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with an environment of this PC only.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.path("tmp"))
            .env("LANG", "en_GB.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path());
        command
    }

    /// Runs `tegata-app` without a terminal. Whatever it does, it never shows the password and
    /// leaves no temporary file.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_program(env!("CARGO_BIN_EXE_tegata-app").as_ref(), arguments)
    }

    /// As [`Self::run`], with a program that stands somewhere else.
    pub(crate) fn run_program(&self, program: &OsStr, arguments: &[&str]) -> Ran {
        let mut child = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(self.input.as_bytes()).unwrap_or_default();
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(self.files("tmp"), [""; 0]);
        ran
    }

    /// Runs `issue` with everything given.
    pub(crate) fn issue(&self, site: &Site, store: &str, more: &[&str]) -> Ran {
        let url = site.url();
        let mut arguments = vec!["issue", "--site", &url, "--root-sha256", &site.root_sha256];
        arguments.extend(["--user", USER, "--password-file", "password.txt", "--mail", MAIL]);
        arguments.extend(["--store", store]);
        arguments.extend(more);
        self.run(&arguments)
    }
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for shown in [&ran.stdout, &ran.stderr] {
            let shown = shown.to_uppercase().replace('-', "");
            assert!(!shown.contains(&PASSWORD.replace('-', "")), "the password is shown: {ran:?}");
        }
        ran
    }

    /// The one line on stdout.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Fails unless the exit code is `code`; hands itself on.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// What a program of the system says; it has to succeed.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
