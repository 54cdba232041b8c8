//! The archive for other Linux systems: for one user, without root.

use std::path::{Path, PathBuf};
use std::process::Command;

use tegata_text::Text;

use super::elf::Elf;
use super::scheme::{CLEAR_KEYS_NSS, CLEAR_NSS, SCHEDULE, SCHEME, UNSCHEDULE};
use super::stage::{DATA, PROGRAM, Stage, seconds};
use super::{Job, desktop, repository, tool};
use crate::Failure;

/// Makes the archive.
pub(super) fn make(job: &Job, program: &Path) -> Result<PathBuf, Failure> {
    let name = format!("tegata-app-{}", job.brand.slug());
    let machine = Elf::read(program)?.machine;
    let folder = format!("tegata-app-{}-{}-linux-{machine}", job.brand.issuer(), job.version);
    let stage = Stage::new(&job.out, job.time)?;
    let place = |file: &str| format!("{folder}/{file}");
    stage.copy(&place("tegata-app"), program, PROGRAM)?;
    stage.put(&place("brand.json"), &job.brand.json, DATA)?;
    stage.put(&place("install.sh"), script(job, &name).as_bytes(), PROGRAM)?;
    let entry = desktop::entry(job, "tegata-app", &name);
    stage.put(&place(&format!("{name}.desktop")), entry.as_bytes(), DATA)?;
    for (_, file) in desktop::ICONS {
        stage.copy(&place(file), &repository("crates/app/icon").join(file), DATA)?;
    }
    stage.seal()?;
    let target = job.target(&format!("{folder}.tar.gz"));
    pack(stage.path(), &folder, job, &target)?;
    Ok(target)
}

/// Packs a folder: sorted, owned by root, with one time, and no time in gzip's header.
pub(super) fn pack(below: &Path, folder: &str, job: &Job, target: &Path) -> Result<(), Failure> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--gzip", "--sort=name", "--format=gnu", "--owner=0", "--group=0"]);
    tar.args(["--numeric-owner", &format!("--mtime=@{}", seconds(job.time))]);
    tar.arg("--file").arg(target).arg("--directory").arg(below).arg(folder);
    tool::run(tar.env("GZIP", "-9n"), "tar").map(|_| ())
}

/// `install.sh` with the words of this service.
fn script(job: &Job, name: &str) -> String {
    let mut script = include_str!("install.sh").to_owned();
    let mut fill = |place: &str, text: &str| script = script.replace(place, text);
    fill("@NAME@", name);
    fill("@VERSION@", &job.version.to_string());
    fill("@SCHEME@", SCHEME);
    fill("@CLEAR@", CLEAR_NSS);
    fill("@CLEAR_KEYS@", CLEAR_KEYS_NSS);
    fill("@SCHEDULE@", SCHEDULE);
    fill("@UNSCHEDULE@", UNSCHEDULE);
    for (lang, text) in [("JA", job.ja), ("EN", job.en)] {
        for (place, sentence) in sentences(job, text) {
            fill(&format!("@{lang}_{place}@"), &quoted(&sentence));
        }
    }
    script
}

fn sentences(job: &Job, text: Text) -> [(&'static str, String); 8] {
    [
        ("INSTALLED", text.package_installed(&job.product(text))),
        ("REMOVED", text.package_removed()),
        ("KEYS_REMOVED", text.package_keys_removed()),
        ("NOT_ALL_REMOVED", text.package_not_all_removed()),
        ("NOT_THERE", text.package_not_there()),
        ("NEWER", text.package_newer()),
        ("NO_HOME", text.package_no_home()),
        ("USAGE", text.package_usage()),
    ]
}

/// A word of the shell, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_reads_every_text_as_one_word() {
        for text in ["O'Brien & Söhne", "$(id) `id` \\ \"x\"", "サンプル銀行"] {
            let echo = format!("printf %s {}", quoted(text));
            let output = Command::new("sh").args(["-c", &echo]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
