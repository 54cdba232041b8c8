//! MSI packages: wixl makes them, and what it cannot say is written into their tables afterwards.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use msi::{CodePage, Delete, Expr, Insert, LanguageId, Package, Select, Update, Value};
use sha2::{Digest, Sha256};

use super::guid::{braced, guid};
use super::stage::{self, DATA, Stage};
use super::wxs::{self, Source};
use super::{Job, repository, tool};
use crate::Failure;

/// Whom a package installs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everyone on the PC; needs an administrator.
    Machine,
    /// Whoever runs it; needs nobody.
    Person,
}

impl Scope {
    /// Part of identifiers: never to be changed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Person => "user",
        }
    }
}

/// Makes one package.
pub(super) fn make(
    job: &Job,
    program: &Path,
    scope: Scope,
    is_64_bit: bool,
) -> Result<PathBuf, Failure> {
    let stage = Stage::new(&job.out, job.time)?;
    let exe = stage.copy(wxs::PROGRAM, program, stage::PROGRAM)?;
    job.signer.sign(&exe)?;
    let brand = stage.put(wxs::BRAND, &job.brand.json, DATA)?;
    let icon = stage.copy(wxs::ICON, &repository("crates/app/icon/tegata.ico"), DATA)?;
    let source = Source {
        issuer: job.brand.issuer().as_str(),
        version: job.version.to_string(),
        scope,
        is_64_bit,
    };
    stage.put("package.wxs", source.text().as_bytes(), DATA)?;
    stage.seal()?;
    let arch = if is_64_bit { "x64" } else { "x86" };
    let mut wixl = Command::new("wixl");
    wixl.args(["--arch", arch, "--output", "package.msi", "package.wxs"]);
    tool::run(wixl.current_dir(stage.path()), "wixl")?;
    let made = stage.path().join("package.msi");
    let content = content(&[&exe, &brand, &icon], &source)?;
    fill(job, &made, &source, &content)?;
    compact(job, &made)?;
    job.signer.sign(&made)?;
    let form = match scope {
        Scope::Machine => "",
        Scope::Person => "_user",
    };
    let bits = if is_64_bit { "" } else { "_x86" };
    let target = job.target(&format!("tegata_installer_{}{form}{bits}.msi", source.issuer));
    tool::replace(&made, &target)?;
    Ok(target)
}

/// What tells this package from every other.
fn content(files: &[&Path], source: &Source<'_>) -> Result<Vec<u8>, Failure> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(Sha256::digest(std::fs::read(file)?));
    }
    hash.update(braced(source.product_code()));
    Ok(hash.finalize().to_vec())
}

/// Condition under which the application is started at login: asked for now, or there before
/// and not asked to go.
const AT_LOGIN: &str = "STARTATLOGIN = \"1\" OR (WASATLOGIN AND STARTATLOGIN <> \"0\")";

/// Properties that also reach the part of an installation that runs with more rights.
const SECURE: &str = "REMOVEKEYS;STARTATLOGIN;TEGATA_ALLOW_DOWNGRADE;WASATLOGIN;\
                      WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED";

/// Condition of going on, as wixl writes it: nothing newer is installed.
const NOTHING_NEWER: &str = "NOT WIX_DOWNGRADE_DETECTED";

/// The same, unless the way back is wanted: as the application says when it follows a manifest
/// that leads to an older version (`tegata update rollback`).
const NOTHING_NEWER_OR_BACK: &str = "NOT WIX_DOWNGRADE_DETECTED OR TEGATA_ALLOW_DOWNGRADE = \"1\"";

/// A related product is looked for, not removed (msidbUpgradeAttributesOnlyDetect).
const ONLY_DETECT: i32 = 2;

/// Custom action type of an installed program that runs as the user, its exit code ignored
/// (msidbCustomActionTypeExe, …SourceFile, …Continue).
const RUN_AS_USER: i32 = 2 + 16 + 64;

/// Root of a registry value that goes where the package is installed for (table *Registry*).
const USER_OR_MACHINE: i32 = -1;

/// Japanese (LCID).
const JAPANESE: u16 = 1041;

/// Writes the names in Japanese, and the properties that wixl has no attribute for.
fn fill(job: &Job, path: &Path, source: &Source<'_>, content: &[u8]) -> Result<(), Failure> {
    let organisation = encodable(job.brand.organisation(job.ja.lang()))?;
    let product = encodable(&job.product(job.ja))?;
    let newer = encodable(&job.ja.package_newer())?;
    let mut msi = Package::open(File::options().read(true).write(true).open(path)?)?;
    msi.set_database_codepage(CodePage::Windows932);
    for (place, text) in [(wxs::PRODUCT, &product), (wxs::MAKER, &organisation)] {
        set(&mut msi, "Property", "Value", place, text)?;
    }
    set(&mut msi, "Registry", "Value", wxs::CALLED, &product)?;
    set(&mut msi, "Shortcut", "Name", wxs::SHORTCUT, &file_name(&product))?;
    go_back_when_asked(&mut msi, &newer)?;
    // What wixl wrote is named by key, not by what it says: that is replaced whatever it was.
    let of = |column: &str, name: &str| Expr::col(column).eq(Expr::string(name));
    msi.update_rows(
        Update::table("Component")
            .set("Condition", Value::from(AT_LOGIN))
            .with(of("Component", wxs::AT_LOGIN)),
    )?;
    for action in wxs::AT_THE_END {
        msi.update_rows(
            Update::table("CustomAction")
                .set("Type", Value::from(RUN_AS_USER))
                .with(of("Action", action)),
        )?;
    }
    msi.update_rows(
        Update::table("Property")
            .set("Value", Value::from(SECURE))
            .with(of("Property", "SecureCustomProperties")),
    )?;
    // wixl writes HKMU, "of the user or the machine, as installed", as a root that is not one.
    msi.update_rows(Update::table("Registry").set("Root", Value::from(USER_OR_MACHINE)))?;
    // The old version goes within the transaction: if the new one fails, it comes back.
    msi.update_rows(
        Update::table("InstallExecuteSequence")
            .set("Sequence", Value::from(1501))
            .with(of("Action", "RemoveExistingProducts")),
    )?;
    let info = msi.summary_info_mut();
    info.set_codepage(CodePage::Windows932);
    // In English: the crate counts the octets of other signs wrongly here, and the package could
    // not be opened any more.
    info.set_title(ascii(&job.product(job.en)));
    info.set_subject(ascii(&job.product(job.en)));
    info.set_author(ascii(job.brand.organisation(job.en.lang())));
    info.set_comments(ascii(&job.about(job.en)));
    info.set_languages(&[LanguageId::from_id(JAPANESE)]);
    info.set_uuid(guid(&[b"package", content]));
    info.set_creation_time(job.time);
    info.set_last_save_time(job.time);
    info.set_creating_application("Tegata");
    // Compressed (2); without asking for more rights (8).
    info.set_word_count(if source.scope == Scope::Person { 10 } else { 2 });
    msi.flush()?;
    Ok(())
}

/// Lets an older version take the place of a newer one when that is asked for: it goes on, and
/// what it found is removed as an older one would be.
fn go_back_when_asked(msi: &mut Package<File>, newer: &str) -> Result<(), Failure> {
    let condition = vec![Value::from(NOTHING_NEWER_OR_BACK), Value::from(newer)];
    let refusal = || Expr::col("Condition").eq(Expr::string(NOTHING_NEWER));
    replace_row(msi, "LaunchCondition", refusal, |_| condition)?;
    let newer_ones = || Expr::col("Attributes").eq(Expr::integer(ONLY_DETECT));
    replace_row(msi, "Upgrade", newer_ones, |row| {
        let remove = |value| if value == Value::Int(ONLY_DETECT) { Value::Int(0) } else { value };
        row.into_iter().map(remove).collect()
    })
}

/// Replaces the only row of which something is true, which is not true of the new one; its keys
/// included, which an update of rows may not change.
///
/// # Errors
/// When there is none or more: then this wixl writes other tables than we know.
fn replace_row(
    msi: &mut Package<File>,
    table: &str,
    is_it: impl Fn() -> Expr,
    by: impl FnOnce(Vec<Value>) -> Vec<Value>,
) -> Result<(), Failure> {
    let mut found: Vec<Vec<Value>> = msi
        .select_rows(Select::table(table).with(is_it()))?
        .map(|row| (0..row.len()).map(|at| row[at].clone()).collect())
        .collect();
    let (Some(row), true) = (found.pop(), found.is_empty()) else {
        return Err(format!("the package has not one row of its kind in its table {table}").into());
    };
    // In this order: wixl counts the uses of a text too low, and what the last counted row held
    // would be forgotten, and given to others, while other rows still hold it.
    msi.insert_rows(Insert::into(table).row(by(row)))?;
    Ok(msi.delete_rows(Delete::from(table).with(is_it()))?)
}

/// Writes the compound file anew, each stream in one piece (MS-CFB). What was changed in place
/// lies scattered in it, which osslsigncode takes for damage.
fn compact(job: &Job, path: &Path) -> Result<(), Failure> {
    let mut old = cfb::open(path)?;
    let compacted = path.with_extension("new");
    let file = File::options().read(true).write(true).create_new(true).open(&compacted)?;
    // Version 3, as Windows Installer has it.
    let mut new = cfb::CompoundFile::create_with_version(cfb::Version::V3, file)?;
    new.set_storage_clsid("/", *old.root_entry().clsid())?;
    let streams: Vec<_> = old.walk().filter(cfb::Entry::is_stream).collect();
    for stream in streams {
        let mut octets = Vec::new();
        old.open_stream(stream.path())?.read_to_end(&mut octets)?;
        new.create_stream(stream.path())?.write_all(&octets)?;
    }
    new.set_modified_time("/", job.time)?;
    new.flush()?;
    tool::replace(&compacted, path)
}

/// Replaces a text that stands for another.
///
/// # Errors
/// When it stands nowhere: then this wixl writes other tables than we know.
fn set(
    msi: &mut Package<File>,
    table: &str,
    column: &str,
    old: &str,
    new: &str,
) -> Result<(), Failure> {
    let is_old = || Expr::col(column).eq(Expr::string(old));
    if msi.select_rows(Select::table(table).with(is_old()))?.next().is_none() {
        return Err(format!("the package has no {old} in its table {table}").into());
    }
    Ok(msi.update_rows(Update::table(table).set(column, Value::from(new)).with(is_old()))?)
}

/// A text as code page 932 can hold it. Three signs that look alike have two code points each, of
/// which Windows knows one.
fn encodable(text: &str) -> Result<String, Failure> {
    let text: String = text
        .chars()
        .map(|c| match c {
            '\u{301c}' => '\u{ff5e}',
            '\u{2212}' => '\u{ff0d}',
            '\u{2014}' => '\u{2015}',
            other => other,
        })
        .collect();
    let page = CodePage::Windows932;
    let foreign = text.chars().find(|c| {
        let c = c.to_string();
        page.decode(&page.encode(&c)) != c
    });
    match foreign {
        None => Ok(text),
        Some(c) => Err(format!("{c:?} in \"{text}\" cannot stand in an MSI package").into()),
    }
}

/// A text without what is not ASCII.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// A short and a long file name (category *Filename* of the Windows Installer reference).
fn file_name(text: &str) -> String {
    let long = text.replace(['\\', '/', ':', '*', '?', '"', '<', '>', '|'], " ");
    format!("TEGATA|{}", long.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_names_stand_in_a_package_and_others_are_named() {
        assert_eq!(encodable("髙島〜①－銀行").unwrap(), "髙島～①－銀行");
        let error = encodable("株式会社😀").unwrap_err().to_string();
        assert!(error.contains('😀'), "{error}");
    }

    #[test]
    fn a_shortcut_has_a_name_that_windows_takes() {
        assert_eq!(file_name("申請（A/B: C）"), "TEGATA|申請（A B  C）");
    }
}
