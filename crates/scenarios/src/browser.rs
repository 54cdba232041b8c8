//! Chromium, with a certificate database and policies of its own, steered over WebDriver.
//!
//! Policies are read from `/etc/chromium` only. So the browser runs in a mount namespace where
//! another directory stands there, and nothing on the machine changes; in a process namespace
//! too, so that it ends whole.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http;

/// Time to start, and for every command.
const BOUND: Duration = Duration::from_secs(60);

/// Where Chromium looks for policies.
const ETC: &str = "/etc/chromium";

/// A running browser. Ends when dropped.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    files: TempDir,
}

/// A width for which pages are made.
#[derive(Clone, Copy, Debug)]
pub enum Screen {
    /// A PC.
    Wide,
    /// A phone.
    Narrow,
}

impl Browser {
    /// Starts a browser of the user whose home is `home`, which presents certificates of
    /// `issuer` to the demo's servers without asking.
    ///
    /// # Panics
    /// When Chromium, its driver or `unshare` is not there or not permitted.
    pub fn start(home: &Path, issuer: &str) -> Self {
        let files = tempfile::tempdir().expect("a directory can be made");
        let etc = files.path().join("etc");
        policies(&etc, issuer);
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.arg("--map-root-user");
        }
        let mut driver = unshare
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"])
            .arg(format!("mount --bind \"$0\" {ETC} && exec chromedriver --port=0"))
            .arg(&etc)
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("unshare (util-linux) is installed");
        let (said, port) = mpsc::channel();
        let stdout = driver.stdout.take().expect("piped");
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            for port in lines.filter_map(|line| port_in(&line)) {
                let _ = said.send(port);
            }
        });
        let port = port.recv_timeout(BOUND).unwrap_or_else(|_| {
            let _ = driver.kill();
            panic!("chromedriver does not start (Debian: chromium-driver, util-linux)")
        });
        let mut browser = Self { driver, port, session: String::new(), files };
        browser.open();
        browser
    }

    fn open(&mut self) {
        let profile = self.files.path().join("profile");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "pageLoad": 30_000, "script": 10_000 },
        }}});
        let session = self.command("POST", "/session", &wanted);
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}"));
        self.session = format!("/session/{id}");
    }

    /// Which languages pages are asked for in, for example `ja`.
    pub fn speak(&self, languages: &str) {
        self.devtools("Network.enable", &json!({}));
        let headers = json!({ "headers": { "Accept-Language": languages } });
        self.devtools("Network.setExtraHTTPHeaders", &headers);
    }

    /// As which browser pages are asked for, by its `User-Agent` and the system it names.
    pub fn pretend(&self, agent: &str, platform: &str) {
        let metadata = json!({
            "platform": platform, "platformVersion": "", "architecture": "", "model": "",
            "mobile": false,
        });
        let agent = json!({ "userAgent": agent, "userAgentMetadata": metadata });
        self.devtools("Network.setUserAgentOverride", &agent);
    }

    /// Opens an address and returns the status of the answer.
    #[track_caller]
    pub fn visit(&self, address: &str) -> u64 {
        self.command("POST", &format!("{}/url", self.session), &json!({ "url": address }));
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.script(status).as_u64().expect("a status")
    }

    /// What the page shows as text.
    pub fn text(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// What the browser complained about since it was asked last, apart from the status of a
    /// page: broken policies, scripts, missing files.
    pub fn complaints(&self) -> Vec<String> {
        let path = format!("{}/se/log", self.session);
        let log = self.command("POST", &path, &json!({ "type": "browser" }));
        let lines = log.as_array().into_iter().flatten().map(|line| line["message"].to_string());
        lines.filter(|line| !line.contains("the server responded with a status of 40")).collect()
    }

    /// What a script in the page returns.
    #[track_caller]
    pub fn script(&self, script: &str) -> Value {
        let path = format!("{}/execute/sync", self.session);
        self.command("POST", &path, &json!({ "script": script, "args": [] }))
    }

    /// The whole page as a PNG image.
    pub fn screenshot(&self, screen: Screen) -> Vec<u8> {
        let (width, height, mobile) = match screen {
            Screen::Wide => (1280, 800, false),
            Screen::Narrow => (390, 844, true),
        };
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": {
            "x": 0, "y": 0, "scale": 1, "width": width,
            "height": self.devtools("Page.getLayoutMetrics", &json!({}))["cssContentSize"]["height"],
        }});
        let image = self.devtools("Page.captureScreenshot", &whole);
        STANDARD.decode(image["data"].as_str().expect("an image")).expect("base64")
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let path = format!("{}/goog/cdp/execute", self.session);
        self.command("POST", &path, &json!({ "cmd": command, "params": parameters }))
    }

    #[track_caller]
    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/json"), ("connection", "close")];
        let request = http::request(method, path, &headers, body.to_string().as_bytes());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver runs");
        stream.set_read_timeout(Some(BOUND)).expect("a socket");
        let answer = http::exchange(&mut stream, &request).expect("the driver answers");
        let mut json = answer.json();
        assert_eq!(answer.status, 200, "{path} {body}: {json}");
        json["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The first process of its namespace: the browser ends with it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A copy of the machine's settings with our policy.
fn policies(etc: &Path, issuer: &str) {
    let managed = etc.join("policies/managed");
    fs::create_dir_all(&managed).expect("a directory can be made");
    for entry in fs::read_dir(ETC).unwrap_or_else(|error| panic!("{ETC}: {error}")).flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::copy(entry.path(), etc.join(entry.file_name())).expect("a file can be copied");
        }
    }
    let choice =
        json!({ "pattern": "https://127.0.0.1", "filter": { "ISSUER": { "CN": issuer } } });
    let policy = json!({ "AutoSelectCertificateForUrls": [choice.to_string()] });
    fs::write(managed.join("tegata.json"), policy.to_string()).expect("a file can be written");
}

/// `… started successfully on port 12345.`
fn port_in(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
}
