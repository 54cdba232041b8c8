//! What happens by itself: publishing status when it changed or is due, reminding, retiring,
//! sending mails.

use std::sync::Arc;
use std::time::Duration;

use tegata_registrar::{Post, Registrar};
use tegata_store::{StoreError, View};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::keeper::{DueRollover, Following, Keeper};
use crate::limits::Limits;
use crate::post::maildir::Reports;

/// How often to look for changes that another process made. With the time to make and fetch a
/// page of the feed this stays far below the second that a revocation may take.
const LOOK: Duration = Duration::from_millis(100);

/// How often to publish what is due by time alone, and to forget idle rate limits.
const DUE: Duration = Duration::from_secs(60);

/// How often to look for reports of mail servers.
const REPORTS: Duration = Duration::from_secs(2);

/// Mails that are sent at the same time, each on a connection that is kept.
pub const MAIL_LANES: u32 = 4;

/// How long to wait after a first failure; doubled up to [`DUE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Watches the database and publishes, for as long as it runs. `changed` gets a new value
/// after every commit of anyone, so that waiting readers of the feed look again.
pub async fn publish(registrar: Arc<Registrar>, limits: Arc<Limits>, changed: watch::Sender<i64>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut due = tokio::time::interval(DUE);
    // Everything up to here was published when this process started.
    let position = registrar.store().read(|view: View<'_>| view.last_change());
    let (mut answered, mut published) = match position {
        Ok(position) => (position, position),
        Err(_) => (0, 0),
    };
    let (mut pause, mut retry_at): (Option<Duration>, Option<Instant>) = (None, None);
    loop {
        let by_time = tokio::select! {
            _ = look.tick() => false,
            _ = due.tick() => true,
        };
        let version = match registrar.store().data_version() {
            Ok(version) => version,
            Err(error) => {
                tracing::error!(%error, "cannot read the database");
                continue;
            }
        };
        let news = changed.send_if_modified(|seen| std::mem::replace(seen, version) != version);
        if by_time {
            limits.forget();
            for failure in self::by_time(&registrar).await {
                tracing::error!("{failure}");
            }
        }
        if news {
            match registrar.refresh_answers(answered) {
                Ok(position) => answered = position,
                Err(error) => tracing::error!(%error, "OCSP answers are not renewed"),
            }
        }
        // What failed, a token that is away for one, is tried again after a while: each try takes
        // a CRL number, and whoever reads the log wants to find the first line.
        if (news || pause.is_some()) && retry_at.is_none_or(|at| at <= Instant::now()) {
            match registrar.publish_changes(published).await {
                Ok(position) => (published, pause, retry_at) = (position, None, None),
                Err(error) => {
                    let wait = pause.map_or(FIRST_PAUSE, |pause: Duration| DUE.min(pause * 2));
                    (pause, retry_at) = (Some(wait), Some(Instant::now() + wait));
                    tracing::error!(%error, ?wait, "status is not published; tried again later");
                }
            }
        }
    }
}

/// Renews the responders and publishes the lists that are due by time alone. Returns what failed,
/// each as a sentence.
async fn by_time(registrar: &Registrar) -> Vec<String> {
    let mut failures = Vec::new();
    if let Err(error) = registrar.renew_responders().await {
        failures.push(format!("an OCSP responder is not renewed: {error}"));
    }
    if let Err(error) = registrar.publish().await {
        failures.push(format!("status is not published: {error}"));
    }
    failures
}

/// How far whoever turns the clock by hand has come.
pub struct Progress {
    /// Position of the feed up to which lists are out.
    published: u64,
    following: Following,
}

impl Progress {
    /// As a server that starts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn begin(registrar: &Registrar) -> Result<Self, StoreError> {
        let published = registrar.store().read(|view: View<'_>| view.last_change())?;
        Ok(Self { published, following: Following::begin(registrar) })
    }
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// What failed, each as a sentence.
    pub failures: Vec<String>,
    /// Rollovers that were due.
    pub rollovers: Vec<DueRollover>,
}

/// Everything that a running server does by itself, once, for whoever turns the clock by hand.
pub async fn round(
    registrar: &Registrar,
    post: &impl Post,
    keeper: &Keeper,
    progress: &mut Progress,
) -> Round {
    let mut failures = Vec::new();
    // Before the lists: it may be the first certificate of a shard.
    if let Err(error) = keeper.renew_site(registrar, None).await {
        failures.push(format!("the issuing site's certificate is not renewed: {error}"));
    }
    if let Err(error) = registrar.retire_due().await {
        failures.push(format!("renewed certificates are not retired: {error}"));
    }
    if let Err(error) = registrar.remind().await {
        failures.push(format!("nobody is reminded: {error}"));
    }
    loop {
        match registrar.send_mails(post).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                failures.push(format!("mails are not sent: {error}"));
                break;
            }
        }
    }
    failures.extend(publish_changes(registrar, progress).await.err());
    failures.extend(by_time(registrar).await);
    let rollovers = keeper.roll_over(registrar).await;
    if keeper.follow(registrar, &mut progress.following).await {
        // The new CA's first list and responder came with it.
        failures.extend(publish_changes(registrar, progress).await.err());
    }
    Round { failures, rollovers }
}

async fn publish_changes(registrar: &Registrar, progress: &mut Progress) -> Result<(), String> {
    let published = registrar.publish_changes(progress.published).await;
    progress.published = published.map_err(|error| format!("status is not published: {error}"))?;
    Ok(())
}

/// Puts reminders, notices and digests that are due into the outbox, for as long as it runs.
/// Looks each minute, and at once when settings changed.
pub async fn remind(registrar: Arc<Registrar>) {
    let mut due = tokio::time::interval(DUE);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut replaced = registrar.replaced();
    loop {
        let settings = replaced.changed();
        tokio::select! {
            _ = due.tick() => {}
            changed = settings => if changed.is_err() { return },
        }
        match registrar.remind().await {
            Ok(done) if done.reminders + done.lapses + done.digests > 0 => {
                tracing::info!(
                    reminders = done.reminders,
                    lapses = done.lapses,
                    digests = done.digests,
                    "put into the outbox"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "nobody is reminded"),
        }
    }
}

/// Retires certificates whose successor has been in use long enough, for as long as it runs.
pub async fn retire(registrar: Arc<Registrar>, mut changed: watch::Receiver<i64>) {
    loop {
        match registrar.retire_due().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "renewed certificates are retired"),
            Err(error) => tracing::error!(%error, "renewed certificates are not retired"),
        }
        // Many commits, one look.
        tokio::time::sleep(FIRST_PAUSE).await;
        if matches!(tokio::time::timeout(DUE, changed.changed()).await, Ok(Err(_))) {
            return;
        }
    }
}

/// Sends mails that are due, for as long as it runs, several at a time: one that is stuck keeps
/// the others from nothing.
pub async fn mail(registrar: Arc<Registrar>, post: impl Post, changed: watch::Receiver<i64>) {
    let lane = || send(&registrar, &post, changed.clone());
    tokio::join!(lane(), lane(), lane(), lane());
}

async fn send(registrar: &Registrar, post: &impl Post, mut changed: watch::Receiver<i64>) {
    loop {
        match registrar.send_mails(post).await {
            // Nothing to do: wait until someone commits, or until a retry may be due.
            Ok(0) => {
                if matches!(tokio::time::timeout(DUE, changed.changed()).await, Ok(Err(_))) {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "mails are not sent");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Reads what came back of mails, for as long as it runs.
pub async fn reports(registrar: Arc<Registrar>, reports: Reports) {
    let mut due = tokio::time::interval(REPORTS);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        match reports.take(&registrar).await {
            Ok(0) => {}
            Ok(marked) => tracing::warn!(marked, "mails came back"),
            Err(error) => tracing::error!(%error, "reports of undeliverable mails are not read"),
        }
    }
}

#[cfg(test)]
mod tests {
    /// What a server waits for at the same time, and where the simulation has it from: `round`, or
    /// nowhere, and why not.
    const LOOPS: [(&str, Result<&str, &str>); 8] = [
        ("publishing", Ok("publish")),
        ("mailing", Ok("send")),
        ("reminding", Ok("remind")),
        ("retiring", Ok("retire")),
        ("keeping", Ok("run")),
        ("taking_back", Err("no mail leaves, so none comes back")),
        ("anchoring", Err("a copy that is thrown away is not restored")),
        ("watching_updates", Err("files of the original, which nobody changes")),
    ];

    /// What a loop does beside the work itself.
    const NO_WORK: [&str; 4] = ["store", "data_version", "replaced", "refresh_answers"];

    /// The text between two others.
    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no `{begin}`"));
        rest.split_once(end).unwrap_or_else(|| panic!("no `{end}` after `{begin}`")).0
    }

    fn function<'a>(text: &'a str, name: &str) -> &'a str {
        let begin = text.find(&format!("async fn {name}(")).unwrap_or_else(|| panic!("no {name}"));
        let indent = text[..begin].rsplit('\n').next().unwrap();
        let indent: String = indent.chars().take_while(|c| *c == ' ').collect();
        let end = format!("\n{indent}}}\n");
        text[begin..].split_once(&end).unwrap().0
    }

    /// What is called on the registrar or on the keeper itself.
    fn verbs(text: &str) -> Vec<&str> {
        let called = ["registrar.", "self.", "keeper.", "self::"];
        let after = called.iter().flat_map(|who| text.split(who).skip(1));
        after
            .filter_map(|rest| rest.split_once('(').map(|(verb, _)| verb))
            .filter(|verb| !verb.is_empty() && verb.chars().all(|c| c == '_' || c.is_lowercase()))
            .collect()
    }

    /// A simulation that left a job out would tell of a year that will not be.
    #[test]
    fn the_loops_of_the_server_do_nothing_that_a_round_does_not() {
        let (jobs, keeper) = (include_str!("jobs.rs"), include_str!("keeper.rs"));
        let select = between(include_str!("node.rs"), "tokio::select! {", "() = stop_jobs");
        let mut waited: Vec<_> = select
            .lines()
            .filter_map(|line| line.trim().strip_prefix("() = ")?.split(' ').next())
            .collect();
        let mut known: Vec<_> = LOOPS.iter().map(|(name, _)| *name).collect();
        waited.sort_unstable();
        known.sort_unstable();
        assert_eq!(waited, known, "a loop is new: put its work into `round`, or say why not");
        let parts = ["round", "by_time", "publish_changes"];
        let done: Vec<_> = parts.iter().flat_map(|part| verbs(function(jobs, part))).collect();
        for (name, function_name) in LOOPS {
            let Ok(function_name) = function_name else { continue };
            let text = if name == "keeping" { keeper } else { jobs };
            let verbs = verbs(function(text, function_name));
            assert!(!verbs.is_empty(), "{name} does nothing");
            for verb in verbs.into_iter().filter(|verb| !NO_WORK.contains(verb)) {
                assert!(done.contains(&verb) || parts.contains(&verb), "{name}: {verb}");
            }
        }
    }
}
