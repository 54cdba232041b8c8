use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tegata_registrar::Office;
use tegata_store::ServiceRecord;

use super::{Failure, Scoped, operator, output};

#[derive(Subcommand)]
pub(super) enum InstallerCommand {
    /// Offer files on the issuing site; a running server offers them at once
    #[command(after_help = "Example:
  tegata service installer add --dir D target/packages/*.msi target/packages/*.deb")]
    Add {
        /// Installers as `make package` made them; one of the same name is replaced
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        scoped: Scoped,
    },
    /// List what the site of a service offers
    #[command(after_help = "Example:
  tegata service installer list --dir D")]
    List(Scoped),
    /// Offer a file no longer
    #[command(after_help = "Example:
  tegata service installer remove tegata_installer_SB0001002C.msi --dir D")]
    Remove {
        /// Its name, as `list` shows it
        name: String,
        #[command(flatten)]
        scoped: Scoped,
    },
}

#[derive(Serialize)]
struct Row {
    name: String,
    size: u64,
    sha256: String,
}

pub(super) async fn run(command: InstallerCommand) -> Result<(), Failure> {
    match command {
        InstallerCommand::Add { files, scoped } => {
            let (office, service, folder) = open(&scoped)?;
            // All of them or none: what cannot be offered is said before anything changes.
            let names =
                files.iter().map(|file| name(file, &service)).collect::<Result<Vec<_>, _>>()?;
            fs::create_dir_all(&folder)?;
            let mut rows = Vec::new();
            for (file, name) in files.iter().zip(names) {
                rows.push(add(&office, &service, file, &folder, name).await?);
            }
            list(&scoped, &rows)
        }
        InstallerCommand::List(scoped) => {
            let (_, _, folder) = open(&scoped)?;
            list(&scoped, &offered(&folder)?)
        }
        InstallerCommand::Remove { name, scoped } => {
            let (office, service, folder) = open(&scoped)?;
            if !offered(&folder)?.iter().any(|row| row.name == name) {
                return Err(format!("{name} is not offered; see `list`").into());
            }
            fs::remove_file(folder.join(&name))?;
            office.installer_withdrawn(operator(), &service, &name).await?;
            let sentence = format!("{name} is no longer offered");
            let json = serde_json::json!({ "removed": name });
            output::one(scoped.common.json, &json, &sentence)
        }
    }
}

fn open(scoped: &Scoped) -> Result<(Office, ServiceRecord, PathBuf), Failure> {
    let office = scoped.common.office()?;
    let service = office.choose_service(scoped.service.as_ref())?;
    let folder = scoped.common.data_dir().installers(&service.key);
    Ok((office, service, folder))
}

/// The name under which a file will be offered.
fn name(file: &Path, service: &ServiceRecord) -> Result<String, Failure> {
    let failed = |why: &str| format!("{}: {why}", file.display());
    let name = file.file_name().and_then(|name| name.to_str());
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._+".contains(&c);
    let name = name.filter(|name| !name.starts_with('.') && name.bytes().all(plain));
    let name = name.ok_or_else(|| failed("a name of letters, digits, - . _ + is needed"))?;
    if !fs::metadata(file).map_err(|error| failed(&error.to_string()))?.is_file() {
        return Err(failed("not a file").into());
    }
    // Another service's brand inside would send its users elsewhere.
    let issuer = service.key.issuer.as_str();
    if let Some(of) = name.strip_prefix("tegata_installer_") {
        let of = of.split(['_', '.']).next().unwrap_or_default();
        if !of.eq_ignore_ascii_case(issuer) {
            return Err(failed(&format!("made for {of}, not for {issuer}")).into());
        }
    }
    Ok(name.to_owned())
}

async fn add(
    office: &Office,
    service: &ServiceRecord,
    file: &Path,
    folder: &Path,
    name: String,
) -> Result<Row, Failure> {
    // Hidden until it is whole.
    let partial = folder.join(format!(".{name}.part"));
    let size = fs::copy(file, &partial)?;
    let sha256 = digest(&partial)?;
    office.installer_offered(operator(), service, &name, &sha256).await?;
    fs::rename(&partial, folder.join(&name))?;
    Ok(Row { name, size, sha256: hex::encode(sha256) })
}

/// What is in the folder; nothing when there is none.
fn offered(folder: &Path) -> Result<Vec<Row>, Failure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut rows = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.starts_with('.') {
            let sha256 = hex::encode(digest(&entry.path())?);
            rows.push(Row { name, size: entry.metadata()?.len(), sha256 });
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().into())
}

fn list(scoped: &Scoped, rows: &[Row]) -> Result<(), Failure> {
    output::list(scoped.common.json, rows, &["FILE", "OCTETS", "SHA-256"], |row| {
        vec![row.name.clone(), row.size.to_string(), row.sha256.clone()]
    })
}
