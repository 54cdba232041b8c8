//! A PKCS#11 token of its own: SoftHSM in a directory, and OpenSC's tool to look into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Ran, run_command};

/// Where Debian has the driver.
pub const DRIVER: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// A driver that writes down every call and hands it on.
pub const SPY: &str = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so";

const PIN: &str = "27182818";

/// A token named `tegata`.
pub struct SoftToken {
    home: PathBuf,
}

impl SoftToken {
    /// Makes a token in `home`, with its PIN in the file `pin`.
    ///
    /// # Panics
    /// When SoftHSM is missing.
    pub fn new(home: &Path) -> Self {
        assert!(Path::new(DRIVER).exists(), "{DRIVER} is missing: run tools/prepare test");
        let token = Self { home: home.to_owned() };
        fs::create_dir_all(token.directory()).expect("the directory can be written");
        let conf = format!("directories.tokendir = {}\n", token.directory().display());
        fs::write(home.join("softhsm2.conf"), conf).expect("the directory can be written");
        token.right_pin();
        let mut util = Command::new("softhsm2-util");
        util.args(["--init-token", "--free", "--label", "tegata"]);
        util.args(["--so-pin", "31415926", "--pin", PIN]);
        run_command(token.environment(&mut util)).ok();
        token
    }

    /// Its address behind this driver.
    pub fn uri(&self, driver: &str) -> String {
        let pin = self.pin();
        format!("pkcs11:token=tegata?module-path={driver}&pin-source=file:{}", pin.display())
    }

    /// Tells a command where the token is.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("SOFTHSM2_CONF", self.home.join("softhsm2.conf"))
            .env("PKCS11SPY", DRIVER)
            .env("PKCS11SPY_OUTPUT", self.spy_log())
    }

    /// How often this function was called through the spy.
    pub fn calls(&self, function: &str) -> usize {
        let log = fs::read_to_string(self.spy_log()).unwrap_or_default();
        log.lines().filter(|line| line.ends_with(&format!(": {function}"))).count()
    }

    /// Puts the right PIN into its file.
    pub fn right_pin(&self) {
        self.write_pin(PIN);
    }

    /// Puts this PIN into its file.
    pub fn write_pin(&self, pin: &str) {
        fs::write(self.pin(), format!("{pin}\n")).expect("the directory can be written");
    }

    /// The PIN itself, to look for where it must not be.
    pub fn secret(&self) -> &'static str {
        PIN
    }

    /// Takes the token away.
    pub fn take_away(&self) {
        fs::rename(self.directory(), self.home.join("away")).expect("it is there");
    }

    /// Brings it back.
    pub fn bring_back(&self) {
        fs::rename(self.home.join("away"), self.directory()).expect("it is away");
    }

    /// `pkcs11-tool`, logged in.
    pub fn tool(&self, args: &[&str]) -> Ran {
        let mut tool = Command::new("pkcs11-tool");
        tool.args(["--module", DRIVER, "--token-label", "tegata", "--login", "--pin", PIN]);
        run_command(self.environment(tool.args(args)))
    }

    fn directory(&self) -> PathBuf {
        self.home.join("tokens")
    }

    fn pin(&self) -> PathBuf {
        self.home.join("pin")
    }

    fn spy_log(&self) -> PathBuf {
        self.home.join("spy.log")
    }
}
