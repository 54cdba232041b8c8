//! Certificates and lists read by programs that look for broken rules.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place;
use crate::run::run_command;

/// The sources of zlint's rules that are about certificates as such. Those of browsers, of the
/// CA/Browser Forum and of ETSI are about the public web and qualified certificates.
const SOURCES: &str = "RFC3279,RFC5280,RFC5480,RFC5891,RFC6962,RFC8813,Community";

/// What a tool of pkilint has to say of these files, at WARNING or above.
///
/// # Panics
/// When it says nothing that can be read.
pub fn pkilint(tool: &str, options: &[&str], files: &[&Path]) -> Vec<String> {
    let mut command = Command::new(place::venv(tool));
    command.arg("lint").args(options).args(["-s", "WARNING", "-f", "JSON"]).args(files);
    let ran = run_command(&mut command);
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut findings = Vec::new();
    for result in array(&ran.json()["results"]) {
        for finding in array(&result["finding_descriptions"]) {
            findings.push(format!("{tool} {names:?} {}: {finding}", result["node_path"]));
        }
    }
    // The exit code is their number.
    assert_eq!(ran.code, i32::try_from(findings.len()).ok(), "{ran:?}");
    findings
}

/// What zlint has to say of a certificate in PEM, at notice or above, and how many rules it
/// asked; `None` when zlint is not there, which takes Go to build.
///
/// # Panics
/// When it says nothing that can be read.
pub fn zlint(file: &Path) -> Option<(usize, Vec<String>)> {
    let mut command = Command::new(place::tool("zlint")?);
    command.args(["-includeSources", SOURCES]).arg(file);
    let rules = run_command(&mut command).ok().json();
    let rules = rules.as_object().expect("an object").clone();
    let asked = rules.values().filter(|rule| rule["result"] != "NA").count();
    let broken = |rule: &Value| {
        let result = rule["result"].as_str().unwrap_or("nothing");
        !["NA", "NE", "pass", "info"].contains(&result)
    };
    let findings = rules.iter().filter(|(_, rule)| broken(rule));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Some((asked, findings.map(|(rule, said)| format!("zlint {name} {rule}: {said}")).collect()))
}
