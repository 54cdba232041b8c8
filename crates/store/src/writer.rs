//! The one writer: gathers what waits into one transaction and commits it with one fsync.

use std::sync::mpsc;
use std::thread::{JoinHandle, current};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::audit::Chain;
use crate::database::execute;
use crate::{StoreError, Tx, View};

/// Most verbs in one transaction: bounds how long the first of them waits.
const MAX_BATCH: usize = 256;

/// One verb on its way. Runs once inside the transaction, or learns why there is none; then
/// it is told how the commit went.
type Job = Box<dyn FnOnce(Result<&mut Tx<'_>, StoreError>) -> Settled + Send>;

/// What is left of a verb after it ran: its answer, waiting for the commit.
struct Settled {
    /// Whether its writes are to be kept.
    keep: bool,
    /// Sends the answer; takes the error when the commit failed.
    answer: Answer,
}

#[derive(Debug)]
pub(crate) struct Writer {
    /// Until this value goes.
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    /// Waits until what was begun is on the disk and the database is closed: SQLite brings the log
    /// home then, and takes it away.
    fn drop(&mut self) {
        self.queue = None;
        // A verb may own the last handle on the store; its thread cannot wait for itself.
        let thread = self.thread.take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != current().id()) {
            let _ = thread.join();
        }
    }
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, &jobs))
            .map_err(|_| StoreError::Closed)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) async fn write<T, E>(
        &self,
        verb: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let result = tx.map_err(E::from).and_then(verb);
            Settled {
                keep: result.is_ok(),
                answer: Box::new(move |failed| {
                    let result = match failed {
                        Some(error) => Err(E::from(error)),
                        None => result,
                    };
                    // The caller may have gone away; its transaction stands all the same.
                    let _ = reply.send(result);
                }),
            }
        });
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

fn run(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
            tracing::error!(%error, "no transaction");
            (first(Err(error.into())).answer)(None);
            continue;
        }
        let mut answers = Vec::new();
        let failed = batch(connection, first, jobs, &mut answers).err();
        if let Some(error) = &failed {
            tracing::error!(%error, verbs = answers.len(), "transaction failed");
            // After a failed COMMIT the transaction may still be open.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(failed.as_ref().map(|error| StoreError::Commit(error.to_string())));
        }
    }
}

type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

fn batch(
    connection: &Connection,
    first: Job,
    jobs: &mpsc::Receiver<Job>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut chain = Chain::load(connection)?;
    let mut written = false;
    let mut next = Some(first);
    while let Some(job) = next {
        // What comes first needs no savepoint, for which each page would be copied.
        if written {
            execute(connection, "SAVEPOINT verb")?;
        }
        let mut tx = Tx { view: View(connection), chain };
        let Settled { keep, answer } = job(Ok(&mut tx));
        answers.push(answer);
        match (keep, written) {
            (true, false) => (chain, written) = (tx.chain, true),
            (true, true) => {
                chain = tx.chain;
                execute(connection, "RELEASE verb")?;
            }
            (false, true) => {
                execute(connection, "ROLLBACK TO verb")?;
                execute(connection, "RELEASE verb")?;
            }
            (false, false) => {
                // On a full disk SQLite has done so itself.
                if !connection.is_autocommit() {
                    execute(connection, "ROLLBACK")?;
                }
                execute(connection, "BEGIN IMMEDIATE")?;
                // Another process may have been between the two.
                chain = Chain::load(connection)?;
            }
        }
        next = if answers.len() < MAX_BATCH { jobs.try_recv().ok() } else { None };
    }
    execute(connection, "COMMIT")?;
    Ok(())
}
