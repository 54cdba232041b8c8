//! Installers, made by `xtask package` as `make package` makes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::demo::Demo;
use crate::place;
use crate::run::{Ran, run, run_command, run_within};
use crate::wine;

/// Time to pack a program that was built without optimisation, on a busy machine.
const PACKING: Duration = Duration::from_secs(300);

/// The time that every package here carries.
pub const EPOCH: &str = "1790000000";

/// A folder in which packages of one service are made.
pub struct Packages {
    dir: PathBuf,
    issuer: String,
}

impl Packages {
    /// Of a service of this issuer, in a folder of its own below `dir`.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn of(dir: &Path, issuer: &str) -> Self {
        let brand = json!({
            "site": format!("https://cms.example.jp:8443/issueweb/0001/{issuer}/"),
            "root_sha256": "00112233445566778899aabbccddeeff".repeat(2),
            "organisation": { "ja": "株式会社サンプル銀行", "en": "Sample Bank, Ltd." },
            "name": { "ja": format!("サンプル〜{issuer}"), "en": format!("Sample {issuer}") },
        });
        Self::of_brand(dir, issuer, brand.to_string().as_bytes())
    }

    /// Of the service of a demo, as its operator makes them.
    pub fn of_demo(dir: &Path, demo: &Demo) -> Self {
        let (origin, service) = demo.ready.site.split_once("/issueweb/").expect("the site's path");
        let brand = demo.tegata(&["service", "brand", "--site", origin]).ok();
        let issuer = service.trim_end_matches('/').rsplit('/').next().expect("tenant, issuer");
        Self::of_brand(dir, issuer, &brand.stdout)
    }

    fn of_brand(dir: &Path, issuer: &str, brand: &[u8]) -> Self {
        let packages = Self { dir: dir.join(issuer), issuer: issuer.to_owned() };
        fs::create_dir_all(&packages.dir).expect("the directory can be written");
        fs::write(packages.brand(), brand).expect("the directory can be written");
        packages
    }

    /// Makes the archive for Linux around the application that was built, without what only
    /// debuggers read, and returns its file.
    #[track_caller]
    pub fn make_archive(&self, version: &str) -> PathBuf {
        let (stripped, program) = (self.dir.join("stripped"), self.dir.join("tegata-app"));
        run("strip", [place::program("tegata-app").as_path(), Path::new("-o"), &stripped]).ok();
        stamp(&stripped, &program, version);
        let as_built = fs::metadata(&stripped).expect("just made").permissions();
        fs::set_permissions(&program, as_built).expect("just made");
        let program = program.to_str().expect("a path of ours is text");
        let made = self.make(version, &["--exe-linux", program, "--only", "archive"]);
        made.join(format!("tegata-app-{}-{version}-linux-x86_64.tar.gz", self.issuer))
    }

    /// The brand's file.
    pub fn brand(&self) -> PathBuf {
        self.dir.join("brand.json")
    }

    /// Makes packages of a version into a folder and returns that.
    #[track_caller]
    pub fn make(&self, version: &str, args: &[&str]) -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let out = self.dir.join(format!("{version}-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        self.try_make(&out, version, args).ok();
        out
    }

    /// The same, into this folder.
    pub fn try_make(&self, out: &Path, version: &str, args: &[&str]) -> Ran {
        let mut xtask = Command::new(place::program("xtask"));
        xtask.arg("package").args(["--version", version, "--brand"]).arg(self.brand());
        xtask.arg("--out").arg(out).args(args);
        run_within(xtask.env("SOURCE_DATE_EPOCH", EPOCH).env_remove("TEGATA_SIGN_COMMAND"), PACKING)
    }

    /// Makes the MSI packages of a version around a program that writes down how it is called.
    #[track_caller]
    pub fn make_msi(&self, version: &str) -> PathBuf {
        let program = self.recorder(version);
        self.make(version, &["--exe-windows", program.to_str().expect("a path of ours is text")])
    }

    /// Makes the MSI packages of a version around the application itself, without what only
    /// debuggers read.
    ///
    /// # Panics
    /// When it does not build.
    #[track_caller]
    pub fn make_real_msi(&self, version: &str) -> PathBuf {
        let program = self.real(version);
        let path = |path: &Path| path.to_str().expect("a path of ours is text").to_owned();
        let (from, to) = (path(wine::app()), path(&program));
        run("x86_64-w64-mingw32-strip", ["-o", &to, &from]).ok();
        stamp(&program, &program, version);
        // Each version is another file: whatever follows a program's end is not looked at.
        let mut octets = fs::read(&program).expect("just made");
        octets.extend_from_slice(version.as_bytes());
        fs::write(&program, octets).expect("just made");
        self.make(version, &["--exe-windows", &to])
    }

    /// The application as [`Packages::make_real_msi`] packed it.
    pub fn real(&self, version: &str) -> PathBuf {
        self.dir.join(format!("tegata-app-{version}.exe"))
    }

    /// A program for Windows that writes its arguments into the file `RECORD`. Each version is
    /// another file.
    #[track_caller]
    pub fn recorder(&self, version: &str) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("package/recorder.c");
        let program = self.dir.join(format!("recorder-{version}.exe"));
        if program.exists() {
            return program;
        }
        let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
        run_command(compiler.args(["-mwindows", "-s", "-o"]).arg(&program).arg(source)).ok();
        let mut octets = fs::read(&program).expect("just made");
        octets.extend_from_slice(version.as_bytes());
        fs::write(&program, octets).expect("just made");
        program
    }

    /// The name of an MSI package; `form` is empty or `_user`.
    pub fn msi(&self, form: &str) -> String {
        format!("tegata_installer_{}{form}.msi", self.issuer)
    }
}

/// A certificate authority with a certificate for signing code: `ca.pem`, `code.p12`, and its
/// password in `password`.
#[track_caller]
pub fn code_signer(dir: &Path) -> CodeSigner {
    let at = |name: &str| dir.join(name).to_str().expect("a path of ours is text").to_owned();
    let openssl = |args: &[&str]| run("openssl", args).ok();
    let key = ["-newkey", "rsa:2048", "-nodes", "-days", "30"];
    let (ca, ca_key) = (at("ca.pem"), at("ca.key"));
    let mut args = vec!["req", "-x509", "-subj", "/CN=Test CA", "-out", &ca, "-keyout", &ca_key];
    openssl(&[&args[..], &key].concat());
    let (code, code_key, p12) = (at("code.pem"), at("code.key"), at("code.p12"));
    args = vec!["req", "-x509", "-subj", "/CN=Sample Bank", "-out", &code, "-keyout", &code_key];
    args.extend(["-CA", &ca, "-CAkey", &ca_key, "-addext", "extendedKeyUsage=codeSigning"]);
    args.extend(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl(&[&args[..], &key].concat());
    fs::write(at("password"), "secret\n").expect("the directory can be written");
    let password = format!("file:{}", at("password"));
    openssl(&[
        "pkcs12", "-export", "-in", &code, "-inkey", &code_key, "-out", &p12, "-passout", &password,
    ]);
    CodeSigner { ca, pkcs12: p12, password_file: at("password") }
}

/// Files to sign code with.
pub struct CodeSigner {
    /// The root that has to be trusted.
    pub ca: String,
    /// Certificate and key.
    pub pkcs12: String,
    /// File with its password.
    pub password_file: String,
}

/// The version of the programs that were built.
const BUILT: &str = "0.1.0";

/// Writes the same program with another version in its stamp; where that has not as many digits,
/// with no stamp at all.
///
/// # Panics
/// When there is no stamp.
pub fn stamp(from: &Path, to: &Path, version: &str) {
    let mut octets = fs::read(from).expect("built before");
    let old = format!("tegata-app version stamp {BUILT};");
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = find(&octets[at..], old.as_bytes()) {
        places.push(at + found);
        at += found + old.len();
    }
    assert!(!places.is_empty(), "the program has no version stamp");
    let new = match version.len() == BUILT.len() {
        true => format!("tegata-app version stamp {version};"),
        false => old.replace("version stamp", "version ?????"),
    };
    for place in places {
        octets[place..place + new.len()].copy_from_slice(new.as_bytes());
    }
    fs::write(to, octets).expect("the directory can be written");
}

fn find(octets: &[u8], part: &[u8]) -> Option<usize> {
    let first = part[0];
    let mut at = 0;
    loop {
        at += octets[at..].iter().position(|octet| *octet == first)?;
        if octets[at..].starts_with(part) {
            return Some(at);
        }
        at += 1;
    }
}
