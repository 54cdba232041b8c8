//! The package for Debian and Ubuntu, for everyone on the PC.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::elf::Elf;
use super::stage::{DATA, PROGRAM, Stage, seconds};
use super::{Job, desktop, repository, tool};
use crate::Failure;

/// Makes the package.
pub(super) fn make(job: &Job, program: &Path) -> Result<PathBuf, Failure> {
    let name = format!("tegata-app-{}", job.brand.slug());
    let elf = Elf::read(program)?;
    let stage = Stage::new(&job.out, job.time)?;
    let home = format!("usr/lib/{name}");
    stage.copy(&format!("{home}/tegata-app"), program, PROGRAM)?;
    stage.put(&format!("{home}/brand.json"), &job.brand.json, DATA)?;
    // A command for each service, because each has its own brand.
    stage.link(&format!("usr/bin/{name}"), &format!("../lib/{name}/tegata-app"))?;
    let entry = desktop::entry(job, &format!("/{home}/tegata-app"), &name);
    stage.put(&format!("usr/share/applications/{name}.desktop"), entry.as_bytes(), DATA)?;
    for (size, file) in desktop::ICONS {
        let place = format!("usr/share/icons/hicolor/{size}/apps/{name}.{}", desktop::ending(file));
        stage.copy(&place, &repository("crates/app/icon").join(file), DATA)?;
    }
    let docs = format!("usr/share/doc/{name}");
    stage.put(&format!("{docs}/copyright"), copyright()?.as_bytes(), DATA)?;
    let log = stage.put(&format!("{docs}/changelog"), changelog(job, &name)?.as_bytes(), DATA)?;
    tool::run(Command::new("gzip").args(["-9", "--no-name"]).arg(log), "gzip")?;

    let size = installed_size(stage.path())?;
    stage.put("DEBIAN/control", control(job, &name, &elf, size).as_bytes(), DATA)?;
    stage.put("DEBIAN/prerm", prerm(&home).as_bytes(), PROGRAM)?;
    stage.put("DEBIAN/md5sums", md5sums(stage.path())?.as_bytes(), DATA)?;
    stage.seal()?;

    let target = job.target(&format!("{name}_{}_{}.deb", job.version, elf.arch));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(["--build", "--root-owner-group", "-Zxz"]).arg(stage.path()).arg(&target);
    tool::run(dpkg.env("SOURCE_DATE_EPOCH", seconds(job.time).to_string()), "dpkg")?;
    Ok(target)
}

/// `DEBIAN/control` (Debian Policy §5.3).
fn control(job: &Job, name: &str, elf: &Elf, size: u64) -> String {
    format!(
        "Package: {name}
Version: {version}
Architecture: {arch}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Section: utils
Priority: optional
Homepage: https://{host}/
Description: {product}
{about}
 .
{about_ja}
",
        version = job.version,
        arch = elf.arch,
        maintainer = maintainer(job),
        host = job.brand.host(),
        depends = elf.depends,
        product = job.product(job.en),
        about = paragraph(&job.about(job.en), 76),
        // Each sign is as wide as two.
        about_ja = paragraph(&job.about(job.ja), 36),
    )
}

/// `DEBIAN/prerm` (Debian Policy §6.5): what an administrator had the program write for everyone
/// goes with it, when it goes for good. Keys, certificates and settings are each user's own; the
/// command opens no store and reads no home.
fn prerm(home: &str) -> String {
    format!(
        "#!/bin/sh
set -e
if [ \"$1\" = remove ]; then
    # A package must be removable in any case.
    \"${{DPKG_ROOT:-}}/{home}/tegata-app\" autoselect --remove >/dev/null || :
fi
"
    )
}

/// Who answers for the package.
fn maintainer(job: &Job) -> String {
    // A comma would end the name (RFC 5322 §3.4).
    let name = job.brand.organisation(job.en.lang()).replace(',', "");
    format!("{name} <noreply@{}>", job.brand.host())
}

/// Lines of the extended description, each behind a space (Debian Policy §5.6.13).
fn paragraph(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for c in text.chars() {
        let mut line = lines.pop().unwrap_or_default();
        if line.chars().count() >= width {
            // At a space, where there is one.
            let rest = line.rfind(' ').map_or_else(String::new, |at| line.split_off(at + 1));
            lines.push(std::mem::replace(&mut line, rest));
        }
        line.push(c);
        lines.push(line);
    }
    let lines: Vec<_> = lines.iter().map(|line| format!(" {}", line.trim_end())).collect();
    lines.join("\n")
}

/// The package's own changelog (Debian Policy §4.4): what is new stands with Tegata.
fn changelog(job: &Job, name: &str) -> Result<String, Failure> {
    let time = jiff::Timestamp::try_from(job.time)?.to_zoned(jiff::tz::TimeZone::UTC);
    Ok(format!(
        "{name} ({}) unstable; urgency=medium\n\n  * {}\n\n -- {}  {}\n",
        job.version,
        job.product(job.en),
        maintainer(job),
        time.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    ))
}

/// `copyright` (Debian Policy §12.5): both licences, at the user's choice.
fn copyright() -> Result<String, Failure> {
    let mit = std::fs::read_to_string(repository("LICENSE-MIT"))?;
    Ok(format!(
        "Tegata is licensed under the Apache License 2.0 or the MIT licence, at your choice.\n\
         The Apache License is in /usr/share/common-licenses/Apache-2.0.\n\n{mit}"
    ))
}

/// The size in KiB (Debian Policy §5.6.20).
fn installed_size(folder: &Path) -> Result<u64, Failure> {
    let sizes = files(folder)?.into_iter().map(|path| Ok(folder.join(path).metadata()?.len()));
    let sizes = sizes.collect::<Result<Vec<u64>, std::io::Error>>()?;
    Ok(sizes.into_iter().map(|size| size.div_ceil(1024)).sum())
}

/// What `dpkg --verify` compares with.
fn md5sums(folder: &Path) -> Result<String, Failure> {
    let mut command = Command::new("md5sum");
    let files = files(folder)?.into_iter().filter(|path| !path.starts_with("DEBIAN"));
    tool::run(command.arg("--").args(files).current_dir(folder), "coreutils")
}

/// Every regular file below a folder, relative to it, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    fn gather(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            match entry.file_type()? {
                kind if kind.is_dir() => gather(folder, &path, found)?,
                kind if kind.is_file() => found.push(path),
                _ => {}
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    gather(folder, Path::new(""), &mut found)?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_at_spaces_where_there_are_some() {
        assert_eq!(
            paragraph("Issues and renews certificates", 12),
            " Issues and\n renews\n certificates"
        );
        assert_eq!(paragraph("電子証明書を発行、更新", 5), " 電子証明書\n を発行、更\n 新");
    }
}
