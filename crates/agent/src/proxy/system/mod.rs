//! What the system's settings say of proxies: one question, one file a system.

#[cfg(any(not(any(windows, target_os = "macos")), test))]
mod gnome;
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg(windows)]
mod windows;

use super::{Bypass, Way};

/// The settings of the person's session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemSettings {
    /// Whether the network is to be asked for a script (WPAD).
    pub auto_detect: bool,
    /// Address of a script.
    pub script: Option<String>,
    /// Proxies for HTTPS that were entered by hand, in order.
    pub manual: Vec<Way>,
    /// Hosts that the entered proxies are not for.
    pub bypass: Bypass,
}

/// The system of this PC.
pub trait System: Send + Sync {
    /// Its settings now; the default when it has none or keeps them to itself.
    fn settings(&self) -> SystemSettings;

    /// Lets the system itself find the way for an address by a script; `None` where it does not
    /// do that, or found none. `script` is the script's address, `None` asks the network (WPAD).
    fn ask_script(&self, url: &str, script: Option<&str>) -> Scripted;

    /// Address of the script that this network offers by its name (WPAD), best first.
    fn detected_scripts(&self) -> Vec<String>;
}

/// What became of a script that the system ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scripted {
    /// These ways, in order.
    Ways(Vec<Way>),
    /// It could not be fetched, or failed.
    Failed(String),
    /// The system does not run scripts.
    NotHere,
}

/// The system that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisSystem;

#[cfg(windows)]
impl System for ThisSystem {
    fn settings(&self) -> SystemSettings {
        windows::settings()
    }

    fn ask_script(&self, url: &str, script: Option<&str>) -> Scripted {
        windows::ask_script(url, script)
    }

    fn detected_scripts(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(not(windows))]
impl System for ThisSystem {
    #[cfg(target_os = "macos")]
    fn settings(&self) -> SystemSettings {
        said("scutil", &["--proxy"]).map(|said| macos::read(&said)).unwrap_or_default()
    }

    #[cfg(not(target_os = "macos"))]
    fn settings(&self) -> SystemSettings {
        // Outside of a desktop nobody set anything there.
        if std::env::var_os("XDG_CURRENT_DESKTOP").is_none() {
            return SystemSettings::default();
        }
        let said = said("gsettings", &["list-recursively", "org.gnome.system.proxy"]);
        said.map(|said| gnome::read(&said)).unwrap_or_default()
    }

    fn ask_script(&self, _: &str, _: Option<&str>) -> Scripted {
        Scripted::NotHere
    }

    fn detected_scripts(&self) -> Vec<String> {
        let resolver = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        wpad(&resolver)
    }
}

/// What a program of the system says; `None` when it is not there, fails, or takes too long.
#[cfg(not(windows))]
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    use std::process::{Command, Stdio};
    use std::sync::mpsc;
    use std::time::Duration;

    /// It reads a file; a session bus that does not answer must not stop us.
    const WAIT: Duration = Duration::from_secs(3);

    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::Read::read_to_string(&mut stdout, &mut text);
        // Nobody listens any more when it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    let said = receiver.recv_timeout(WAIT);
    if said.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
    }
    let has_succeeded = child.wait().is_ok_and(|status| status.success());
    said.ok()?.ok().filter(|_| has_succeeded)
}

/// Addresses of the scripts that may be offered for the domains of a resolver's settings. Only the
/// domain itself is asked, not those above it: a name above may belong to anybody
/// (draft-ietf-wrec-wpad-01 §5, and what became of it: CERT VU#598349).
#[cfg(any(not(windows), test))]
fn wpad(resolver: &str) -> Vec<String> {
    /// More would keep a person waiting.
    const MAX_DOMAINS: usize = 2;

    let of = |keyword: &str| {
        let lines = resolver.lines().rev();
        let words = lines.map(str::split_ascii_whitespace);
        words.filter_map(|mut words| (words.next() == Some(keyword)).then_some(words)).next()
    };
    let Some(domains) = of("search").or_else(|| of("domain")) else { return Vec::new() };
    let is_name = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    domains
        .map(|domain| domain.trim_end_matches('.'))
        .filter(|domain| domain.contains('.') && domain.bytes().all(is_name))
        .take(MAX_DOMAINS)
        .map(|domain| format!("http://wpad.{domain}/wpad.dat"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_asked_in_its_own_domain_only() {
        for (resolver, scripts) in [
            ("nameserver 192.0.2.1\n", &[][..]),
            ("search head.example.jp\n", &["http://wpad.head.example.jp/wpad.dat"]),
            ("domain example.jp.\n", &["http://wpad.example.jp/wpad.dat"]),
            (
                "domain other.jp\nsearch a.example.jp b.example.jp c.example.jp",
                &["http://wpad.a.example.jp/wpad.dat", "http://wpad.b.example.jp/wpad.dat"],
            ),
            ("search a.jp\nsearch b.jp\n", &["http://wpad.b.jp/wpad.dat"]),
            ("search jp . lan a@b.jp/x#\n", &[]),
        ] {
            assert_eq!(wpad(resolver), scripts, "{resolver:?}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn a_program_that_is_not_there_or_fails_says_nothing() {
        assert_eq!(said("tegata-no-such-program", &[]), None);
        assert_eq!(said("false", &[]), None);
        assert_eq!(said("echo", &["it"]).as_deref(), Some("it\n"));
    }
}
