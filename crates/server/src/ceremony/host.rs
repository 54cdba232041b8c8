use std::fs;

use sha2::{Digest, Sha256};
use tegata_ceremony::{Fact, words};

use crate::built::built;

/// What matters of this machine: that it is the one that was agreed on, runs the program that was
/// agreed on, and stands alone.
pub(super) fn facts(file: &[u8]) -> Vec<Fact> {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let unknown = || "unknown".to_owned();
    let fact = |name, value: Option<String>| Fact { name, value: value.unwrap_or_else(unknown) };
    let system = read("/etc/os-release").and_then(|text| {
        let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        name.map(|name| name.trim_matches('"').to_owned())
    });
    let kernel = read("/proc/sys/kernel/osrelease");
    let program = std::env::current_exe().and_then(fs::read).ok();
    let agreed: [u8; 32] = Sha256::digest(file).into();
    vec![
        fact("host", read("/proc/sys/kernel/hostname")),
        fact("system", system.zip(kernel).map(|(system, kernel)| format!("{system}, {kernel}"))),
        fact("network", Some(network())),
        fact("program", Some(format!("tegata {}, built {}", env!("CARGO_PKG_VERSION"), built()))),
        fact("  its SHA-256", program.map(|octets| hex::encode(Sha256::digest(octets)))),
        fact("ceremony file", Some(hex::encode(agreed))),
        fact("  in words", Some(words(&agreed))),
    ]
}

/// Interfaces that are up, loopback apart.
fn network() -> String {
    let up: Vec<String> = fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != "lo")
        .filter(|entry| {
            let state = fs::read_to_string(entry.path().join("operstate"));
            state.is_ok_and(|state| state.trim() != "down")
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if up.is_empty() {
        "none is up".to_owned()
    } else {
        format!("IS UP: {} (a ceremony is better offline)", up.join(", "))
    }
}
