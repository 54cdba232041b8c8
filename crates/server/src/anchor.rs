//! Where the anchor lies: a directory of its own, best on other media than the database.
//!
//! `lines.jsonl` only ever grows; `head.json` is replaced after the lines that lead up to it are
//! on the disk. One process writes at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tegata_registrar::{Accepted, Actor, AnchorHead, AnchorLine, Office, Registrar, Rollback};
use tegata_store::StoreError;
use tokio::sync::watch;

/// How often the anchor is written, at most: the window in which an older copy of the database
/// would go unnoticed.
const EVERY: Duration = Duration::from_secs(1);

/// How far things had come.
const HEAD: &str = "head.json";

/// What a gateway showed that the database did not know.
const EVIDENCE: &str = "evidence.json";

/// A directory with an anchor.
#[derive(Clone, Debug)]
pub struct AnchorDir(PathBuf);

/// Why the anchor cannot be used, or the database not with it.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The database is not the one it was.
    #[error(transparent)]
    Rollback(#[from] Rollback),
    /// There was one.
    #[error(
        "the anchor that this database had is not in {0} (audit.anchor_dir). Put it there, or its \
         media in place; if it is lost, start once with --new-anchor (docs/operations.md, \"The \
         audit log and its anchor\")"
    )]
    Gone(PathBuf),
    /// Nothing to begin.
    #[error("the anchor is where it should be: there is no need for a new one")]
    NotGone,
    /// Nothing to accept.
    #[error("the database agrees with its anchor: there is no rollback to accept")]
    NothingToAccept,
    /// Not what this program wrote.
    #[error("{path}: not an anchor: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// The file system said no.
    #[error("the audit anchor {0} (audit.anchor_dir): {1}")]
    Io(PathBuf, std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with the anchor of a running server, for its readiness.
#[derive(Clone, Debug, Default)]
pub struct AnchorTrouble(Arc<Mutex<Option<String>>>);

impl AnchorTrouble {
    /// A sentence, when something is wrong.
    pub fn sentence(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, sentence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }
}

impl AnchorDir {
    /// The anchor in this directory, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Refuses a database that is older than, or another than, the one anchored here; else
    /// writes down how far it has come. Does nothing while another process writes.
    ///
    /// # Errors
    /// See [`AnchorError`].
    pub fn keep(&self, office: &Office) -> Result<(), AnchorError> {
        self.check(office)?;
        let Some(_lock) = self.lock()? else { return Ok(()) };
        let known = self.head()?;
        let now = office.anchor_head()?;
        if now == known { Ok(()) } else { self.advance(office, &known, &now) }
    }

    /// Refuses a database that is older than, or another than, the one anchored here, and an
    /// anchor that is gone. Writes nothing.
    ///
    /// # Errors
    /// See [`AnchorError`].
    pub fn check(&self, office: &Office) -> Result<(), AnchorError> {
        if !self.0.join(HEAD).exists() && office.has_anchor()? {
            return Err(AnchorError::Gone(self.0.clone()));
        }
        office.check_anchor(&self.head()?)??;
        if let Some(evidence) = self.evidence()? {
            office.check_anchor(&evidence)??;
        }
        Ok(())
    }

    /// Begins the anchor where there was none yet.
    ///
    /// # Errors
    /// When the database or the file system says no.
    pub async fn begin(&self, office: &Office, actor: Actor) -> Result<(), AnchorError> {
        if office.has_anchor()? {
            return Ok(());
        }
        // The anchor first: a database that says it has one must find it.
        if !self.0.join(HEAD).exists() {
            let Some(_lock) = self.lock()? else { return Ok(()) };
            self.advance(office, &AnchorHead::default(), &office.anchor_head()?)?;
        }
        Ok(office.begin_anchor(actor).await?)
    }

    /// Begins another anchor in place of one that is lost ([`Office::begin_anchor`]).
    ///
    /// # Errors
    /// [`AnchorError::NotGone`], or what failed.
    pub async fn begin_anew(&self, office: &Office, actor: Actor) -> Result<(), AnchorError> {
        if self.0.join(HEAD).exists() || !office.has_anchor()? {
            return Err(AnchorError::NotGone);
        }
        office.begin_anchor(actor).await?;
        let Some(_lock) = self.lock()? else { return Ok(()) };
        self.advance(office, &AnchorHead::default(), &office.anchor_head()?)
    }

    /// Makes peace with an older database ([`Office::accept_rollback`]).
    ///
    /// # Errors
    /// [`AnchorError::NothingToAccept`], or what failed; nothing is changed then.
    pub async fn accept(&self, office: &Office, actor: Actor) -> Result<Accepted, AnchorError> {
        let (mut known, evidence) = (self.head()?, self.evidence()?.unwrap_or_default());
        if office.check_anchor(&known)?.is_ok() && office.check_anchor(&evidence)?.is_ok() {
            return Err(AnchorError::NothingToAccept);
        }
        known.position = known.position.max(evidence.position);
        if evidence.audit_seq > known.audit_seq {
            (known.audit_seq, known.audit_hash) = (evidence.audit_seq, evidence.audit_hash);
        }
        if evidence.epoch > known.epoch {
            known.epoch = evidence.epoch;
        }
        let accepted = office.accept_rollback(actor, known, self.lines()?).await?;
        let _ = fs::remove_file(self.0.join(EVIDENCE));
        // The old lines stay: what they say was and is true. The head starts on the new way.
        let from = AnchorHead { audit_seq: 0, ..office.anchor_head()? };
        self.advance(office, &from, &office.anchor_head()?)?;
        Ok(accepted)
    }

    /// Writes down what a gateway showed, for the next start.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn note_evidence(&self, shown: &AnchorHead) -> Result<(), AnchorError> {
        self.put(EVIDENCE, shown)
    }

    /// What a gateway showed once that its database did not know.
    fn evidence(&self) -> Result<Option<AnchorHead>, AnchorError> {
        let evidence = self.read(EVIDENCE)?;
        Ok((evidence.audit_seq > 0).then_some(evidence))
    }

    /// How far things had come when the anchor was last written; an empty head when there is no
    /// anchor yet.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn known(&self) -> Result<AnchorHead, AnchorError> {
        self.head()
    }

    /// Whether there is an anchor here.
    pub fn exists(&self) -> bool {
        self.0.join(HEAD).exists()
    }

    /// Writes the lines between two heads, then the head.
    fn advance(
        &self,
        office: &Office,
        from: &AnchorHead,
        to: &AnchorHead,
    ) -> Result<(), AnchorError> {
        let path = self.0.join("lines.jsonl");
        let failed = |error| AnchorError::Io(path.clone(), error);
        let file =
            OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
        let mut out = BufWriter::new(&file);
        office.anchor_lines(from, to, |lines| {
            for line in lines {
                serde_json::to_writer(&mut out, &line)
                    .map_err(|cause| AnchorError::Unreadable { path: path.clone(), cause })?;
                out.write_all(b"\n").map_err(failed)?;
            }
            Ok::<_, AnchorError>(())
        })?;
        out.flush().and_then(|()| file.sync_data()).map_err(failed)?;
        self.put(HEAD, to)
    }

    fn put(&self, name: &str, head: &AnchorHead) -> Result<(), AnchorError> {
        let (path, new) = (self.0.join(name), self.0.join(format!("{name}.new")));
        let text = serde_json::to_string_pretty(head)
            .map_err(|cause| AnchorError::Unreadable { path: path.clone(), cause })?;
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| File::open(&self.0)?.sync_all())
            .map_err(|error| AnchorError::Io(path, error))
    }

    fn head(&self) -> Result<AnchorHead, AnchorError> {
        self.read(HEAD)
    }

    /// A head; an empty one when there is no such file.
    fn read(&self, name: &str) -> Result<AnchorHead, AnchorError> {
        let path = self.0.join(name);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|cause| AnchorError::Unreadable { path, cause }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(AnchorHead::default()),
            Err(error) => Err(AnchorError::Io(path, error)),
        }
    }

    fn lines(&self) -> Result<Vec<AnchorLine>, AnchorError> {
        let path = self.0.join("lines.jsonl");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(AnchorError::Io(path, error)),
        };
        let mut lines = Vec::new();
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            match read.map_err(|error| AnchorError::Io(path.clone(), error))? {
                0 => return Ok(lines),
                // The last line may have been cut short by a crash; its head never came to be.
                _ if line.last() != Some(&b'\n') => return Ok(lines),
                _ => lines.push(
                    serde_json::from_slice(&line)
                        .map_err(|cause| AnchorError::Unreadable { path: path.clone(), cause })?,
                ),
            }
        }
    }

    fn lock(&self) -> Result<Option<File>, AnchorError> {
        let failed = |error| AnchorError::Io(self.0.clone(), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(failed)?;
        let file = File::create(self.0.join("lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Writes the anchor within a second of every change, for as long as it runs.
pub async fn keep(
    anchor: AnchorDir,
    registrar: Arc<Registrar>,
    trouble: AnchorTrouble,
    mut changed: watch::Receiver<i64>,
    mut shown: watch::Receiver<Option<AnchorHead>>,
) {
    let mut pace = tokio::time::interval(EVERY);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let evidence = shown.borrow_and_update().clone();
        if let Some(Err(error)) = evidence.map(|evidence| anchor.note_evidence(&evidence)) {
            tracing::error!(%error, "what a gateway showed is not written down");
        }
        let (anchor, registrar) = (anchor.clone(), registrar.clone());
        let kept = tokio::task::spawn_blocking(move || anchor.keep(&registrar)).await;
        match kept {
            Ok(Ok(())) => {
                trouble.set(None);
                let ended = tokio::select! {
                    news = changed.changed() => news.is_err(),
                    news = shown.changed() => news.is_err(),
                };
                if ended {
                    return;
                }
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the anchor is not kept");
                trouble.set(Some(error.to_string()));
            }
            Err(_) => return,
        }
    }
}
