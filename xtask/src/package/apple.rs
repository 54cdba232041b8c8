//! What a Mac needs to make the `.pkg` itself: only there are the tools for it. Untested.

use std::path::PathBuf;

use super::scheme::SCHEME;
use super::stage::{DATA, PROGRAM, Stage};
use super::{Job, archive, repository};
use crate::Failure;

/// Makes an archive with the parts and a script.
pub(super) fn make(job: &Job) -> Result<PathBuf, Failure> {
    let issuer = job.brand.issuer().as_str();
    let folder = format!("tegata-app-{issuer}-{}-macos-parts", job.version);
    let stage = Stage::new(&job.out, job.time)?;
    let version = job.version.to_string();
    // The host's labels backwards, as Apple wants identifiers; a host may be an address.
    let labels: Vec<_> = job.brand.host().split('.').rev().collect();
    let identifier: String = format!("{}.tegata.{}", labels.join("."), job.brand.slug())
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c))
        .collect();
    let product = job.product(job.ja);
    let fill = |text: &str, product: &str| {
        text.replace("@IDENTIFIER@", &identifier)
            .replace("@PRODUCT@", product)
            .replace("@BUNDLE@", &format!("Tegata {issuer}"))
            .replace("@VERSION@", &version)
            .replace("@ISSUER@", issuer)
            .replace("@SCHEME@", SCHEME)
    };
    let place = |file: &str| format!("{folder}/{file}");
    let plist = fill(include_str!("Info.plist"), &escaped(&product));
    stage.put(&place("Info.plist"), plist.as_bytes(), DATA)?;
    let script = fill(include_str!("make-pkg.sh"), "");
    stage.put(&place("make-pkg.sh"), script.as_bytes(), PROGRAM)?;
    stage.put(&place("brand.json"), &job.brand.json, DATA)?;
    let icon = repository("crates/app/icon/tegata-1024.png");
    stage.copy(&place("tegata-1024.png"), &icon, DATA)?;
    stage.seal()?;
    let target = job.target(&format!("{folder}.tar.gz"));
    archive::pack(stage.path(), &folder, job, &target)?;
    Ok(target)
}

/// As text of an XML element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
