//! The walls between the crates: ARCHITECTURE.md, invariants 2 and 3.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate may use of the workspace. A new crate gets a row before it compiles here.
const WALLS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("text", &["domain"]),
    ("look", &["text"]),
    ("wire", &["domain"]),
    ("ca", &["domain"]),
    ("pkcs11", &[]),
    ("token", &["ca", "domain", "pkcs11"]),
    ("ceremony", &["ca", "domain", "token"]),
    ("store", &["domain"]),
    ("registrar", &["ca", "domain", "store", "text"]),
    ("gateway", &["domain", "look", "text", "wire"]),
    (
        "server",
        &[
            "ca",
            "ceremony",
            "domain",
            "gateway",
            "look",
            "registrar",
            "store",
            "text",
            "token",
            "wire",
        ],
    ),
    ("softoken", &[]),
    ("windows", &[]),
    ("agent", &["domain", "pkcs11", "softoken", "text", "windows", "wire"]),
    ("view", &[]),
    ("app", &["agent", "domain", "text", "view", "windows"]),
    ("scenarios", &[]),
    ("xtask", &["ca", "domain", "registrar", "server", "store", "text", "wire"]),
];

/// Crates with lints of their own. `softoken` and `windows` alone may say `unsafe`; `view` holds
/// what Slint generates, which allows it for itself, so that people's own is denied there, not
/// forbidden.
const OWN_LINTS: &[&str] = &["softoken", "view", "windows"];

/// Crates outside the workspace that `domain` may use: none does I/O or waits for anything.
const DOMAIN_MAY_USE: &[&str] = &["jiff", "serde", "thiserror", "zeroize"];

/// Who may use these, in any kind of dependency.
const RESERVED: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("askama", &["gateway", "look", "server"]),
    ("argon2", &["registrar"]),
    ("axum", &["server"]),
    ("cryptoki", &["agent", "pkcs11", "softoken", "token"]),
    ("slint", &["view"]),
];

/// What never gets into these crates, not even through others.
const NEVER: &[(&str, &[&str])] = &[
    (
        "domain",
        &["tokio", "hyper", "rusqlite", "libsqlite3-sys", "ureq", "reqwest", "mio", "socket2"],
    ),
    ("ca", &["tokio", "hyper", "rusqlite", "libsqlite3-sys", "ureq", "reqwest", "mio", "socket2"]),
    (
        "wire",
        &["tokio", "hyper", "rusqlite", "libsqlite3-sys", "ureq", "reqwest", "mio", "socket2"],
    ),
    // It does not cross-compile to Windows with mingw alone.
    ("agent", &["aws-lc-rs", "aws-lc-sys"]),
    ("app", &["aws-lc-rs", "aws-lc-sys"]),
    ("server", &["openssl", "openssl-sys", "native-tls", "ring"]),
];

struct Crate {
    name: String,
    manifest: PathBuf,
    normal: BTreeSet<String>,
    every: BTreeSet<String>,
}

/// The crates of the workspace. Names without `tegata-`.
fn crates() -> Vec<Crate> {
    let metadata: Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--locked",
        "--offline",
    ]))
    .unwrap();
    let short = |name: &Value| name.as_str().unwrap().trim_start_matches("tegata-").to_owned();
    let names = |package: &Value, normal: bool| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|dependency| !normal || dependency["kind"].is_null())
            .map(|dependency| short(&dependency["name"]))
            .collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Crate {
            name: short(&package["name"]),
            manifest: package["manifest_path"].as_str().unwrap().into(),
            normal: names(package, true),
            every: names(package, false),
        })
        .collect()
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn crates_use_of_the_workspace_what_the_walls_allow() {
    let crates = crates();
    for found in &crates {
        let (_, allowed) = WALLS
            .iter()
            .find(|(name, _)| *name == found.name)
            .unwrap_or_else(|| panic!("{} has no row in WALLS", found.name));
        let used: BTreeSet<_> = found
            .normal
            .iter()
            .filter(|name| crates.iter().any(|other| other.name == **name))
            .map(String::as_str)
            .collect();
        let beyond: Vec<_> = used.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(beyond.is_empty(), "{} may not use {beyond:?}", found.name);
    }
    let gone: Vec<_> =
        WALLS.iter().filter(|(name, _)| crates.iter().all(|found| found.name != *name)).collect();
    assert!(gone.is_empty(), "rows without a crate: {gone:?}");
}

#[test]
fn domain_uses_nothing_that_does_io() {
    let crates = crates();
    let domain = crates.iter().find(|found| found.name == "domain").unwrap();
    let beyond: Vec<_> =
        domain.normal.iter().filter(|name| !DOMAIN_MAY_USE.contains(&name.as_str())).collect();
    assert!(beyond.is_empty(), "domain uses {beyond:?}");
}

#[test]
fn some_libraries_have_one_home() {
    for found in crates() {
        for (library, homes) in RESERVED {
            assert!(
                !found.every.contains(*library) || homes.contains(&found.name.as_str()),
                "{} uses {library}, which belongs to {homes:?}",
                found.name
            );
        }
    }
}

#[test]
fn some_libraries_stay_out_also_through_others() {
    for (name, never) in NEVER {
        let package = format!("tegata-{name}");
        let tree = cargo(&[
            "tree",
            "--package",
            &package,
            "--edges=normal",
            "--prefix=none",
            "--format={p}",
            "--locked",
            "--offline",
        ]);
        let used: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(used.contains(package.as_str()), "{tree}");
        let inside: Vec<_> = never.iter().filter(|library| used.contains(**library)).collect();
        assert!(
            inside.is_empty(),
            "{package} holds {inside:?}; see `cargo tree -p {package} -i …`"
        );
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for found in crates() {
        let manifest: toml::Table =
            std::fs::read_to_string(&found.manifest).unwrap().parse().unwrap();
        if OWN_LINTS.contains(&found.name.as_str()) {
            continue;
        }
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(inherited.and_then(toml::Value::as_bool), Some(true), "{}", found.name);
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The table *Code map* of ARCHITECTURE.md says the same as [`WALLS`].
#[test]
fn the_code_map_is_true() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let map = page.split("## Code map").nth(1).unwrap_or_default();
    let map = map.split("\n## ").next().unwrap_or_default();
    for (name, allowed) in WALLS {
        let row = map.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is missing from the code map"));
        let said = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap().trim();
        let said: BTreeSet<&str> = match said.strip_prefix("all but ") {
            None if said == "–" => BTreeSet::new(),
            None => said.split(", ").collect(),
            Some(but) => {
                // Tests and chores are nobody's to use.
                let but: Vec<_> = but.split(", ").chain([*name, "scenarios", "xtask"]).collect();
                let others = WALLS.iter().map(|(other, _)| *other);
                others.filter(|other| !but.contains(other)).collect()
            }
        };
        assert_eq!(said, allowed.iter().copied().collect(), "{name}: code map and walls differ");
    }
}
