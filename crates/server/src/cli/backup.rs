use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use tegata_server::keyfile::write_private;

use super::{Common, Failure, output};

/// What a backup holds beside the database: keys under their passphrase, and what is public or
/// plain settings. The passphrase and the anchor are kept elsewhere, on purpose.
const FILES: [&str; 3] = ["root.pem", "tegata.toml", "keys"];

#[derive(Args)]
#[command(after_help = "Example:
  tegata backup /mnt/backup/2026-11-23 --dir D
The passphrase of the keys (secrets/) and the audit anchor are not in it: keep them apart.")]
pub(super) struct BackupArgs {
    /// New directory for the backup
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(after_help = "Example:
  tegata restore /mnt/backup/2026-11-23 --dir D
The tegata.toml, root.pem and keys that are there already stay, also with --replace.
Afterwards `tegata serve` compares the database with the audit anchor.")]
pub(super) struct RestoreArgs {
    /// Directory that `tegata backup` made
    from: PathBuf,
    /// Put the backup in the place of the database that is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    common: Common,
}

/// Copies the installation as it is now, while it runs.
pub(super) fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let (dir, office) = (args.common.data_dir(), args.common.office()?);
    if fs::read_dir(&args.out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty; name a new directory", args.out.display()).into());
    }
    private_dir(&args.out)?;
    let database = args.out.join("tegata.db");
    office.store().copy_to(&database)?;
    for name in FILES {
        copy_private(&dir.path().join(name), &args.out.join(name))?;
    }
    let out = args.out.display();
    let octets = fs::metadata(&database)?.len();
    let json = serde_json::json!({ "backup": args.out, "database_octets": octets });
    output::one(
        args.common.json,
        &json,
        &format!("{out} holds a copy ({octets} octets of database)"),
    )
}

/// Puts a backup in place, while nothing runs.
pub(super) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let dir = args.common.data_dir();
    let from = args.from.join("tegata.db");
    if !tegata_server::installation::DataDir::new(&args.from).is_founded()? {
        return Err(format!("{} holds no backup", args.from.display()).into());
    }
    dir.create()?;
    let _lock = dir.lock()?;
    if dir.database().exists() && !args.replace {
        let database = dir.database();
        return Err(format!("{} is there already; --replace", database.display()).into());
    }
    let new = dir.path().join("tegata.db.new");
    let _ = fs::remove_file(&new);
    copy_private(&from, &new)?;
    // A log of the old database must not be played into the new one.
    for name in ["tegata.db-wal", "tegata.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    fs::rename(&new, dir.database())?;
    let kept: Vec<&str> =
        FILES.into_iter().filter(|name| dir.path().join(name).is_file()).collect();
    for name in FILES {
        copy_missing(&args.from.join(name), &dir.path().join(name))?;
    }
    let json = serde_json::json!({ "restored": args.from, "kept": kept });
    let mut sentence = format!(
        "{} holds the backup now. Next: tegata serve --dir {0}, which compares it with the audit \
         anchor",
        dir.path().display()
    );
    if !kept.is_empty() {
        sentence +=
            &format!("\n{}: what was there stays, the backup's is not taken", kept.join(", "));
    }
    output::one(args.common.json, &json, &sentence)
}

fn private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Copies a file or a directory of files, for their owner alone.
fn copy_private(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        private_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_private(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.exists() {
        write_private(to, &fs::read(from)?)?;
    }
    Ok(())
}

/// As [`copy_private`], but what is there stays.
fn copy_missing(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        private_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_missing(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if to.exists() { Ok(()) } else { copy_private(from, to) }
}
