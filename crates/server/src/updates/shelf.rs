use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tegata_domain::ServiceKey;
use tegata_wire::update::{Envelope, MAX_ENVELOPE, Manifest, ManifestError, Package, Version};

use super::package::measure;
use super::{WARNING, verify};

/// Where manifests and packages stand.
#[derive(Clone, Debug)]
pub struct Updates {
    manifests: PathBuf,
    downloads: PathBuf,
}

/// A manifest as it was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The octets that are served.
    pub octets: Vec<u8>,
    /// What they hold.
    pub envelope: Envelope,
    /// What that says.
    pub manifest: Manifest,
}

/// Why manifests or packages could not be read or put up.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The file system said no.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// A file that is no manifest of ours.
    #[error("{0}: {1}")]
    Manifest(PathBuf, ManifestError),
    /// A name that stands for something else already.
    #[error("{0} is there already and is another file; what was published keeps its name")]
    Taken(PathBuf),
    /// Changed while it was read.
    #[error("{0} is not the package that the manifest describes")]
    Differs(PathBuf),
    /// The manifest names a file that nobody has.
    #[error("{0} is named by the manifest and neither given with --package nor there already")]
    Missing(PathBuf),
}

impl Updates {
    /// Those of an installation with this data directory and folder of downloads.
    pub fn of(data_dir: &Path, downloads: &Path) -> Self {
        Self { manifests: data_dir.join("updates"), downloads: downloads.to_owned() }
    }

    fn folder(&self, service: &ServiceKey) -> PathBuf {
        self.manifests.join(format!("{}-{}", service.tenant, service.issuer))
    }

    /// Every number that was published for a service, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sequences(&self, service: &ServiceKey) -> Result<Vec<u64>, ShelfError> {
        let folder = self.folder(service);
        let failed = |error| ShelfError::Io(folder.clone(), error);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
            found.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The manifest of this number.
    ///
    /// # Errors
    /// When it cannot be read, or a signature in it is not good.
    pub fn read(&self, service: &ServiceKey, sequence: u64) -> Result<Published, ShelfError> {
        let path = self.folder(service).join(format!("{sequence}.json"));
        let failed = |error| ShelfError::Io(path.clone(), error);
        let wrong = |error| ShelfError::Manifest(path.clone(), error);
        if fs::metadata(&path).map_err(failed)?.len() > MAX_ENVELOPE as u64 {
            return Err(wrong(ManifestError("longer than any manifest")));
        }
        let octets = fs::read(&path).map_err(failed)?;
        let (envelope, manifest) = verify(&octets).map_err(wrong)?;
        if manifest.sequence != sequence || manifest.service != *service {
            return Err(wrong(ManifestError("of another number or service than its name says")));
        }
        Ok(Published { octets, envelope, manifest })
    }

    /// The manifest that is served; `None` when none was published.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn current_now(&self, service: &ServiceKey) -> Result<Option<Published>, ShelfError> {
        let last = self.sequences(service)?.pop();
        last.map(|sequence| self.read(service, sequence)).transpose()
    }

    /// As [`Self::current_now`], on a thread that may wait for the disk.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn current(&self, service: &ServiceKey) -> Result<Option<Published>, ShelfError> {
        let (updates, key) = (self.clone(), service.clone());
        let reading = tokio::task::spawn_blocking(move || updates.current_now(&key)).await;
        reading.map_err(|error| ShelfError::Io(self.folder(service), io::Error::other(error)))?
    }

    /// The oldest version of the application that may still be used for a service, when a
    /// manifest asks for one. Also of one that has ended: what was too old stays so.
    pub async fn oldest_allowed(&self, service: &ServiceKey) -> Option<Version> {
        match self.current(service).await {
            Ok(published) => published.and_then(|one| one.manifest.oldest_allowed()),
            Err(error) => {
                tracing::error!(%service, %error, "the update manifest cannot be read");
                None
            }
        }
    }

    /// What the operator should do something about.
    pub fn troubles(&self, published: &Published, now: Timestamp) -> Vec<String> {
        let manifest = &published.manifest;
        let mut troubles = Vec::new();
        let (sequence, ends) = (manifest.sequence, manifest.expires_at);
        if ends <= now {
            troubles.push(format!(
                "update manifest {sequence} ended at {ends}: applications refuse it; publish a \
                 new one with `tegata update publish`"
            ));
        } else if ends.duration_since(now) <= WARNING {
            troubles.push(format!(
                "update manifest {sequence} ends at {ends}; publish a new one with `tegata update \
                 publish`"
            ));
        }
        for package in &manifest.packages {
            let path = self.downloads.join(package.file.as_str());
            if fs::metadata(&path).map_or(0, |file| file.len()) != package.length {
                troubles.push(format!(
                    "{} is not the package that update manifest {sequence} names",
                    path.display()
                ));
            }
        }
        troubles
    }

    /// Puts a package among the downloads. Under its name is nothing else, before or after.
    ///
    /// # Errors
    /// When the name is taken by something else, or the file is not what was described.
    pub fn put(&self, package: &Package, from: Option<&Path>) -> Result<(), ShelfError> {
        let to = self.downloads.join(package.file.as_str());
        let is_it = |path: &Path| match measure(path) {
            Ok(found) => Ok(Some(found == (package.length, package.sha256))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ShelfError::Io(path.to_owned(), error)),
        };
        match (is_it(&to)?, from) {
            (Some(true), _) => Ok(()),
            (Some(false), _) => Err(ShelfError::Taken(to)),
            (None, None) => Err(ShelfError::Missing(to)),
            (None, Some(from)) => {
                // Hidden and half until it is there: the site offers neither.
                let partial = self.downloads.join(format!(".{}.part", package.file));
                let copied = fs::create_dir_all(&self.downloads)
                    .and_then(|()| fs::copy(from, &partial))
                    .and_then(|_| fs::File::open(&partial)?.sync_all());
                copied.map_err(|error| ShelfError::Io(partial.clone(), error))?;
                if is_it(&partial)? != Some(true) {
                    let _ = fs::remove_file(&partial);
                    return Err(ShelfError::Differs(from.to_owned()));
                }
                fs::rename(&partial, &to).map_err(|error| ShelfError::Io(to.clone(), error))
            }
        }
    }

    /// Takes packages of a manifest that is not served any more away from the downloads, unless
    /// another manifest, which is, names them too. They stay beside the manifests.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn withdraw(&self, old: &Manifest, current: &Manifest) -> Result<Vec<String>, ShelfError> {
        let folder = self.folder(&old.service).join("withdrawn");
        let mut names = Vec::new();
        for package in &old.packages {
            let from = self.downloads.join(package.file.as_str());
            if current.packages.iter().any(|one| one.file == package.file) || !from.exists() {
                continue;
            }
            let failed = |error| ShelfError::Io(from.clone(), error);
            private_folder(&folder).map_err(failed)?;
            fs::rename(&from, folder.join(package.file.as_str())).map_err(failed)?;
            names.push(package.file.to_string());
        }
        Ok(names)
    }

    /// Serves a manifest from now on.
    ///
    /// # Errors
    /// When one of its number is there already, or the file system says no.
    pub fn publish(&self, envelope: &Envelope, manifest: &Manifest) -> Result<(), ShelfError> {
        let folder = self.folder(&manifest.service);
        let path = folder.join(format!("{}.json", manifest.sequence));
        let failed = |error| ShelfError::Io(path.clone(), error);
        let octets = serde_json::to_vec(envelope).map_err(io::Error::from).map_err(failed)?;
        private_folder(&folder).map_err(failed)?;
        let partial = folder.join(".new");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o644).open(&partial);
        let mut file = file.map_err(failed)?;
        file.write_all(&octets).and_then(|()| file.sync_all()).map_err(failed)?;
        // Unlike a rename it does not replace one that is there.
        fs::hard_link(&partial, &path).map_err(failed)?;
        fs::remove_file(&partial).and_then(|()| fs::File::open(&folder)?.sync_all()).map_err(failed)
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
