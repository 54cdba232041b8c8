//! `xtask package`: the installers of the application for one service.
//!
//! A *brand* (`tegata service brand`) and executables go in; MSI packages, a `.deb`, an archive
//! with `install.sh`, the parts for a Mac and `SHA256SUMS` come out. Everything a package holds
//! passes through a [`stage::Stage`], which gives it one time and fixed modes; identifiers are
//! computed from names ([`guid`]). The same input so gives the same octets, apart from what a
//! signing service adds.

mod apple;
mod archive;
mod brand;
mod build;
mod deb;
mod desktop;
mod elf;
mod guid;
pub(crate) mod limit;
mod msi;
mod scheme;
mod sign;
mod stage;
mod sums;
pub(crate) mod tool;
mod version;
mod wxs;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use tegata_text::{Lang, Text};

use crate::{Failure, say};
use brand::Brand;
pub(crate) use build::Programs;
use msi::Scope;
use sign::{SignArgs, Signer};
use version::Version;

#[derive(Args)]
#[command(after_help = "Example:
  tegata service brand --dir D > brand.json
  xtask package --brand brand.json --out packages
Without --exe-… the application is built for every system that this machine can build for.
SOURCE_DATE_EPOCH is the time that packages carry; left out, that of the last commit.")]
pub(crate) struct PackageArgs {
    /// The service that the installers are for, from `tegata service brand`
    #[arg(long)]
    brand: PathBuf,
    /// Folder for the packages; made when it is missing, files of the same name are replaced
    #[arg(long, default_value = "target/packages")]
    out: PathBuf,
    /// Version of the packages, A.B.C [default: that of the workspace]
    #[arg(long)]
    version: Option<Version>,
    /// Pack this executable for Linux; nothing is built then
    #[arg(long, value_name = "FILE")]
    exe_linux: Option<PathBuf>,
    /// Pack this executable for 64-bit Windows; nothing is built then
    #[arg(long, value_name = "FILE")]
    exe_windows: Option<PathBuf>,
    /// Pack this executable for 32-bit Windows; nothing is built then
    #[arg(long, value_name = "FILE")]
    exe_windows_x86: Option<PathBuf>,
    /// Make this one only [default: all that the executables allow]
    #[arg(long, value_enum)]
    only: Option<Form>,
    #[command(flatten)]
    sign: SignArgs,
}

/// What a package is for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// MSI packages for Windows
    Msi,
    /// The package for Debian and Ubuntu
    Deb,
    /// The archive for other Linux systems
    Archive,
    /// The parts for a Mac
    Mac,
}

/// What all packages of one run have in common.
struct Job {
    brand: Brand,
    version: Version,
    /// The time that everything in a package carries.
    time: SystemTime,
    ja: Text,
    en: Text,
    out: PathBuf,
    signer: Signer,
}

impl Job {
    /// The product's name in a language.
    fn product(&self, text: Text) -> String {
        text.package_product(self.brand.service(text.lang()))
    }

    /// One sentence about the product.
    fn about(&self, text: Text) -> String {
        text.package_about(self.brand.organisation(text.lang()), self.brand.service(text.lang()))
    }

    /// Where a package of this name goes.
    fn target(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }
}

pub(crate) fn run(args: PackageArgs) -> Result<(), Failure> {
    let time = stage::time()?;
    let job = Job {
        brand: Brand::read(&args.brand)?,
        version: args.version.map_or_else(Version::of_workspace, Ok)?,
        time,
        ja: Text::of(Lang::Ja),
        en: Text::of(Lang::En),
        out: args.out,
        signer: Signer::of(args.sign, time)?,
    };
    let given = Programs {
        linux: args.exe_linux,
        windows: args.exe_windows,
        windows_x86: args.exe_windows_x86,
    };
    let programs = if given.is_empty() { build::all(job.time)? } else { given };
    for path in pack(&job, &programs, args.only)? {
        say(&format!("{:>10}  {}", std::fs::metadata(&path)?.len(), path.display()));
    }
    Ok(())
}

/// Builds the application for every system that this machine can build for, as packages hold it.
pub(crate) fn build() -> Result<Programs, Failure> {
    build::all(stage::time()?)
}

/// Makes unsigned packages of the workspace's version.
pub(crate) fn unsigned(
    brand: &Path,
    out: &Path,
    programs: &Programs,
) -> Result<Vec<PathBuf>, Failure> {
    let job = Job {
        brand: Brand::read(brand)?,
        version: Version::of_workspace()?,
        time: stage::time()?,
        ja: Text::of(Lang::Ja),
        en: Text::of(Lang::En),
        out: out.to_owned(),
        signer: Signer::None,
    };
    pack(&job, programs, None)
}

/// Packs the programs, in one form or in all, and returns the packages.
fn pack(job: &Job, programs: &Programs, only: Option<Form>) -> Result<Vec<PathBuf>, Failure> {
    for program in [&programs.linux, &programs.windows, &programs.windows_x86].into_iter().flatten()
    {
        version::check(program, job.version)?;
    }
    std::fs::create_dir_all(&job.out)?;
    let wanted = |form: Form| only.is_none_or(|only| only == form);
    let mut made = Vec::new();
    for (program, is_64_bit) in [(&programs.windows, true), (&programs.windows_x86, false)] {
        let Some(program) = program.as_ref().filter(|_| wanted(Form::Msi)) else { continue };
        for scope in [Scope::Machine, Scope::Person] {
            made.push(msi::make(job, program, scope, is_64_bit)?);
        }
    }
    if let Some(program) = programs.linux.as_ref().filter(|_| wanted(Form::Deb)) {
        made.push(deb::make(job, program)?);
    }
    if let Some(program) = programs.linux.as_ref().filter(|_| wanted(Form::Archive)) {
        made.push(archive::make(job, program)?);
    }
    if wanted(Form::Mac) {
        made.push(apple::make(job)?);
    }
    sums::write(&job.out, &made)?;
    Ok(made)
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
