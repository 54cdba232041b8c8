//! The bare limits: what this machine does when it does one thing only.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use serde::Serialize;
use tegata_domain::Clock;
use tegata_registrar::{Cost, Passwords};
use tegata_server::ambient::{SystemClock, SystemEntropy};
use tegata_store::{AuditEntry, Store, StoreError};

use super::machine::processors;
use super::{LEAST, PASSWORD};
use crate::Failure;

/// Times a second, each.
#[derive(Serialize)]
pub(super) struct Limits {
    /// 4 KiB appended to a file and `fdatasync`, one thread.
    pub(super) append: f64,
    /// 4 KiB written over and over at one place of a file and `fdatasync`, one thread: what a
    /// write-ahead log does once it has its length.
    pub(super) overwrite: f64,
    /// One small row committed through the store, one after the other.
    pub(super) commit: f64,
    /// The same from 16 callers, which share commits.
    pub(super) commit_shared: f64,
    /// P-256 signatures, one processor.
    pub(super) p256_sign: f64,
    /// P-256 verifications, one processor.
    pub(super) p256_verify: f64,
    /// Argon2id of 19 MiB and 2 passes, one processor.
    pub(super) argon2id: f64,
    /// The same on all processors at once.
    pub(super) argon2id_all: f64,
}

pub(super) async fn measure(dir: &Path, period: Duration) -> Result<Limits, Failure> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let random = SystemRandom::new();
    let message = [7; 512];
    let signature = key.sign(&random, &message)?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key());
    let store = Store::open(&dir.join("limit.db"))?;
    Ok(Limits {
        append: fdatasync(&dir.join("limit.dat"), true, period)?,
        overwrite: fdatasync(&dir.join("limit.dat"), false, period)?,
        commit: commits(&store, 1, period).await?,
        commit_shared: commits(&store, 16, period).await?,
        p256_sign: rate(period / 2, || key.sign(&random, &message).is_ok()),
        p256_verify: rate(period / 2, || public.verify(&message, signature.as_ref()).is_ok()),
        argon2id: argon2id(1, period)?,
        argon2id_all: argon2id(processors(), period)?,
    })
}

impl Limits {
    /// The better of two measurements of each: whatever else the machine did meanwhile lowers a
    /// rate, nothing raises it.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            append: self.append.max(other.append),
            overwrite: self.overwrite.max(other.overwrite),
            commit: self.commit.max(other.commit),
            commit_shared: self.commit_shared.max(other.commit_shared),
            p256_sign: self.p256_sign.max(other.p256_sign),
            p256_verify: self.p256_verify.max(other.p256_verify),
            argon2id: self.argon2id.max(other.argon2id),
            argon2id_all: self.argon2id_all.max(other.argon2id_all),
        }
    }

    /// A certificate takes one verification (the request's) and one signature.
    pub(super) fn p256_pairs(&self, clients: usize) -> f64 {
        let busy = processors().min(clients) as f64;
        busy / (1.0 / self.p256_sign + 1.0 / self.p256_verify)
    }

    pub(super) fn hashes(&self, clients: usize) -> f64 {
        if clients == 1 { self.argon2id } else { self.argon2id_all }
    }

    /// An issuance takes two commits, one after the other: the intent and the certificate.
    pub(super) fn commit_pairs(&self, clients: usize) -> f64 {
        if clients == 1 { self.commit / 2.0 } else { self.commit_shared / 2.0 }
    }

    /// Issuances that even the limits do not pass in `period`.
    pub(super) fn most_issuances(&self, cost: Cost, clients: usize, period: Duration) -> usize {
        let mut most = self.commit_pairs(clients).min(self.p256_pairs(clients));
        if cost != LEAST {
            most = most.min(self.hashes(clients));
        }
        (most * period.as_secs_f64() * 1.2) as usize + 200
    }
}

/// How often a second `work` can be done; it says whether it was.
fn rate(period: Duration, mut work: impl FnMut() -> bool) -> f64 {
    let begin = Instant::now();
    let mut times = 0u32;
    while begin.elapsed() < period {
        times += u32::from(work());
    }
    f64::from(times) / begin.elapsed().as_secs_f64()
}

fn fdatasync(path: &Path, append: bool, period: Duration) -> Result<f64, Failure> {
    let file = File::create(path)?;
    let block = [0x5a; 4096];
    let mut at = 0;
    let rate = rate(period, || {
        let written = file.write_all_at(&block, at).and_then(|()| file.sync_data());
        at += if append { block.len() as u64 } else { 0 };
        written.is_ok()
    });
    std::fs::remove_file(path)?;
    Ok(rate)
}

async fn commits(store: &Store, callers: usize, period: Duration) -> Result<f64, Failure> {
    let entry = AuditEntry {
        at: SystemClock.now(),
        actor: "operator bench".to_owned(),
        action: "limit.measured".to_owned(),
        object: "commit".to_owned(),
        detail: serde_json::Value::Null,
        reference: None,
    };
    let begin = Instant::now();
    let caller = || async {
        let mut times = 0u32;
        while begin.elapsed() < period {
            let entry = entry.clone();
            store.write(move |tx| tx.audit(&entry)).await?;
            times += 1;
        }
        Ok::<_, StoreError>(times)
    };
    let mut times = 0;
    let callers: Vec<_> = (0..callers).map(|_| caller()).collect();
    for done in join(callers).await {
        times += done?;
    }
    Ok(f64::from(times) / begin.elapsed().as_secs_f64())
}

/// Polls all futures on this task until each is ready.
async fn join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *output = Some(value);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

fn argon2id(threads: usize, period: Duration) -> Result<f64, Failure> {
    let password = PASSWORD.parse()?;
    let passwords = Passwords::new(Cost::default(), threads);
    let one = || rate(period, || !passwords.hash(&password, &SystemEntropy).is_empty());
    Ok(std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    }))
}
