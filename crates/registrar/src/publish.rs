//! CRLs: which are due, and making them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{CrlEntry, CrlError, CrlForm, CrlRequest, CrlWriter, Listed, SignError, SignedCrl};
use tegata_store::{CrlRow, CrlScope, DeltaBase, PublishedCrl, Store, StoreError, View};

use crate::keyring::{crl_address, delta_address};
use crate::office::entry;
use crate::{Actor, IssuingCa, Registrar, Service};

/// How long a full CRL is good for.
const CRL_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a delta is good for: past the moment at which the next base replaces it.
const DELTA_LIFETIME: SignedDuration = SignedDuration::from_hours(2 * 24);

/// How old a full CRL gets, change or no change.
const CRL_AGE: SignedDuration = SignedDuration::from_hours(24);

/// A full CRL of this many entries or more is made anew for a change at most once in
/// [`LARGE_AGE`]; in between, the change stands on the delta.
const LARGE: usize = 20_000;

/// See [`LARGE`].
const LARGE_AGE: SignedDuration = SignedDuration::from_mins(10);

/// Why status could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The CRL could not be made.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The feed's key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database is not the one it was.
    #[error("nothing is published until an operator has looked at the database")]
    Distrusted,
    /// The task that made a CRL ended before it was done.
    #[error("making a CRL was cut short")]
    CutShort,
}

/// What to do about a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Due {
    full: bool,
    /// The full one becomes the base of deltas.
    base: bool,
    delta: bool,
}

impl Registrar {
    /// Publishes every CRL that does not say what is so now, or is due by time. Returns how many
    /// were made.
    ///
    /// # Errors
    /// The first thing that failed; the CRLs of all other scopes are made all the same.
    pub async fn publish(&self) -> Result<usize, PublishError> {
        if self.is_distrusted() {
            return Err(PublishError::Distrusted);
        }
        let (mut outcome, keyring) = (Outcome::default(), self.keyring());
        for service in keyring.services() {
            for ca in &service.issuing {
                for scope in self.scopes(ca)? {
                    outcome.add(self.publish_scope(service, ca, scope).await);
                }
            }
        }
        for root in keyring.roots() {
            outcome.add(self.publish_root(root).await);
        }
        outcome.into_result()
    }

    /// Publishes the CRLs that changes behind position `after` of the feed touch, and the first
    /// ones of new shards. Returns the position reached.
    ///
    /// # Errors
    /// The first thing that failed; the CRLs of all other scopes are made all the same.
    pub async fn publish_changes(&self, after: u64) -> Result<u64, PublishError> {
        if self.is_distrusted() {
            return Err(PublishError::Distrusted);
        }
        let (position, touched) = self.store().read(|view: View<'_>| {
            let position = view.last_change()?;
            let touched = if position > after { view.touched_scopes(after)? } else { Vec::new() };
            Ok::<_, StoreError>((position, [touched, view.new_shards()?].concat()))
        })?;
        if self.is_distrusted() {
            return Err(PublishError::Distrusted);
        }
        let (mut outcome, keyring) = (Outcome::default(), self.keyring());
        for service in keyring.services() {
            for ca in &service.issuing {
                let mut scopes: Vec<CrlScope> =
                    touched.iter().filter(|scope| scope.authority == ca.id).copied().collect();
                let complete = CrlScope { authority: ca.id, shard: 0 };
                if ca.complete_crl && !scopes.is_empty() && !scopes.contains(&complete) {
                    scopes.push(complete);
                }
                scopes.retain(|scope| scope.shard != 0 || ca.complete_crl);
                for scope in scopes {
                    outcome.add(self.publish_scope(service, ca, scope).await);
                }
            }
        }
        outcome.into_result().map(|_| position)
    }

    /// When the next CRL is due by time alone, if nothing changes until then; now or earlier when
    /// one is due already.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_publication(&self) -> Result<Option<Timestamp>, StoreError> {
        let keyring = self.keyring();
        let mut scopes = Vec::new();
        for ca in keyring.services().flat_map(|service| &service.issuing) {
            scopes.extend(self.scopes(ca)?.into_iter().map(|scope| (scope, true)));
        }
        let root = |root: &IssuingCa| (CrlScope { authority: root.id, shard: 0 }, false);
        scopes.extend(keyring.roots().iter().map(root));
        self.store().read(|view: View<'_>| {
            let mut next = None;
            for (scope, has_delta) in scopes {
                let delta = if has_delta { view.published_crl_head(scope, true)? } else { None };
                for crl in view.published_crl_head(scope, false)?.into_iter().chain(delta) {
                    let due = crl.this_update + CRL_AGE;
                    next = Some(next.map_or(due, |next: Timestamp| next.min(due)));
                }
            }
            Ok(next)
        })
    }

    /// What CRLs a CA publishes: every shard until it was on one after its last certificate
    /// ended, and one over everything where certificates without a shard exist.
    fn scopes(&self, ca: &IssuingCa) -> Result<Vec<CrlScope>, StoreError> {
        let ended = self.now() - CRL_LIFETIME;
        let shards = self.store().read(|view: View<'_>| view.crl_shards(ca.id, ended))?;
        let complete = ca.complete_crl.then_some(0);
        let scope = |shard| CrlScope { authority: ca.id, shard };
        Ok(complete.into_iter().chain(shards).map(scope).collect())
    }

    async fn publish_scope(
        &self,
        service: &Arc<Service>,
        ca: &IssuingCa,
        scope: CrlScope,
    ) -> Result<usize, PublishError> {
        let now = self.now();
        let (position, full, delta, base) = self.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((
                view.crl_position(scope)?,
                view.published_crl_head(scope, false)?,
                view.published_crl_head(scope, true)?,
                view.delta_base(scope)?,
            ))
        })?;
        let due = due(now, position, full.as_ref(), delta.as_ref(), base.is_some());
        let mut made = 0;
        let mut base = base;
        if due.full {
            let number = self.make(service, ca, scope, Making::Full(full), position).await?;
            made += 1;
            if due.base {
                let anew = DeltaBase { number, position };
                self.store.write(move |tx| tx.set_delta_base(scope, anew)).await?;
                base = Some(anew);
            }
        }
        if let Some(base) = base.filter(|_| due.delta) {
            self.make(service, ca, scope, Making::Delta(base), position).await?;
            made += 1;
        }
        Ok(made)
    }

    /// Makes and publishes one CRL; answers its number.
    async fn make(
        &self,
        service: &Arc<Service>,
        ca: &IssuingCa,
        scope: CrlScope,
        making: Making,
        position: u64,
    ) -> Result<u64, PublishError> {
        let now = self.now();
        ready(ca).await?;
        let number = self.store.write(move |tx| tx.next_crl_number(scope.authority)).await?;
        let delta = matches!(making, Making::Delta(_));
        let next_update = now + if delta { DELTA_LIFETIME } else { CRL_LIFETIME };
        let on_record = self.store().read(|view: View<'_>| view.shard_address(scope))?;
        let address = on_record
            .unwrap_or_else(|| crl_address(&service.settings.status_url, &ca.name, scope.shard));
        let (store, ca) = (self.store.clone(), ca.clone());
        // A million entries take a good part of a second: not on a thread that answers requests.
        let writing = tokio::task::spawn_blocking(move || {
            let (this_update, delta_address) = (now, delta_address(&address));
            let form = match &making {
                Making::Full(_) => CrlForm::Full { delta: Some(&delta_address) },
                Making::Delta(base) => CrlForm::Delta { base: base.number },
            };
            let shard = (scope.shard != 0).then_some(address.as_str());
            write(
                &store,
                &ca,
                scope,
                &making,
                CrlRequest { number, this_update, next_update, shard, form },
            )
            .map(|signed| (signed, ca.name))
        });
        let (signed, name) = writing.await.map_err(|_| PublishError::CutShort)??;
        let SignedCrl { der, entries, tbs_hash } = signed;
        let crl = PublishedCrl { number, position, this_update: now, next_update, entries, der };
        let mut record = entry(now, &Actor::System, "crl.published", &name);
        record.detail = serde_json::json!({
            "shard": scope.shard, "delta": delta, "number": number, "entries": entries,
            "tbs_sha256": hex::encode(tbs_hash),
        });
        self.store
            .write(move |tx| {
                tx.publish_crl(scope, delta, &crl)?;
                tx.audit(&record)
            })
            .await?;
        tracing::info!(ca = %name, shard = scope.shard, delta, number, entries, "CRL published");
        Ok(number)
    }

    /// The CRL of a root, over the CAs under it.
    async fn publish_root(&self, root: &IssuingCa) -> Result<usize, PublishError> {
        let (now, scope) = (self.now(), CrlScope { authority: root.id, shard: 0 });
        let (last, revoked) = self.store().read(|view: View<'_>| {
            Ok::<_, StoreError>((
                view.published_crl_head(scope, false)?,
                view.revoked_authorities(root.id)?,
            ))
        })?;
        if last.is_some_and(|last| {
            last.entries == revoked.len()
                && (last.this_update..last.this_update + CRL_AGE).contains(&now)
        }) {
            return Ok(0);
        }
        let number = self.store.write(move |tx| tx.next_crl_number(scope.authority)).await?;
        let next_update = now + CRL_LIFETIME;
        let form = CrlForm::Full { delta: None };
        let request = CrlRequest { number, this_update: now, next_update, shard: None, form };
        let authority = root.authority.clone();
        // The key may be in a token that takes its time.
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = authority.begin_crl(request, revoked.len())?;
            for (certificate, at, reason) in revoked {
                let serial = tegata_ca::serial_of(&certificate)
                    .ok_or(StoreError::Corrupt("a CA certificate that cannot be read"))?;
                writer.push(&CrlEntry { serial, at, listed: Listed::Revoked(reason) })?;
            }
            Ok::<_, PublishError>(writer.finish()?)
        });
        let SignedCrl { der, entries, tbs_hash } =
            writing.await.map_err(|_| PublishError::CutShort)??;
        let crl = PublishedCrl { number, position: 0, this_update: now, next_update, entries, der };
        let mut record = entry(now, &Actor::System, "crl.published", &root.name);
        record.detail = serde_json::json!({
            "number": number, "entries": entries, "tbs_sha256": hex::encode(tbs_hash),
        });
        self.store
            .write(move |tx| {
                tx.publish_crl(scope, false, &crl)?;
                tx.audit(&record)
            })
            .await?;
        Ok(1)
    }
}

/// Whether the CA's key can sign now: a number that is taken and not used is wasted.
async fn ready(ca: &IssuingCa) -> Result<(), PublishError> {
    if !ca.authority.signer().may_wait() {
        return Ok(());
    }
    let authority = ca.authority.clone();
    let looking = tokio::task::spawn_blocking(move || authority.signer().ready());
    Ok(looking.await.map_err(|_| PublishError::CutShort)??)
}

/// What is made, with what it goes on from.
enum Making {
    /// A full CRL; the one before it.
    Full(Option<PublishedCrl>),
    /// A delta to this base.
    Delta(DeltaBase),
}

fn due(
    now: Timestamp,
    position: u64,
    full: Option<&PublishedCrl>,
    delta: Option<&PublishedCrl>,
    has_base: bool,
) -> Due {
    let Some(last) = full else {
        return Due { full: true, base: true, delta: true };
    };
    // A CRL of the future was made by a clock that was ahead.
    let fresh = |crl: &PublishedCrl, age| (crl.this_update..crl.this_update + age).contains(&now);
    if !has_base || !fresh(last, CRL_AGE) {
        return Due { full: true, base: true, delta: true };
    }
    let full = last.position != position && (last.entries < LARGE || !fresh(last, LARGE_AGE));
    let delta = delta.is_none_or(|delta| delta.position != position || !fresh(delta, CRL_AGE));
    Due { full, base: false, delta }
}

fn write(
    store: &Store,
    ca: &IssuingCa,
    scope: CrlScope,
    making: &Making,
    request: CrlRequest<'_>,
) -> Result<SignedCrl, PublishError> {
    store.read(|view: View<'_>| match making {
        Making::Full(last) => {
            // A CRL made while the clock was ahead must not decide what has expired.
            let now = request.this_update;
            let expired_before = last.as_ref().map_or(now, |crl| crl.this_update.min(now));
            let mut writer = ca.authority.begin_crl(request, view.crl_size(scope)?)?;
            view.crl_rows(scope, expired_before, |row| push(&mut writer, row))?;
            Ok(writer.finish()?)
        }
        Making::Delta(base) => {
            let mut writer = ca.authority.begin_crl(request, 0)?;
            view.delta_rows(scope, base.position, |row| push(&mut writer, row))?;
            Ok(writer.finish()?)
        }
    })
}

fn push(writer: &mut CrlWriter<'_>, row: CrlRow) -> Result<(), PublishError> {
    let CrlRow { serial, at, reason, invalid_since } = row;
    let listed = reason.map_or(Listed::Released, Listed::Revoked);
    Ok(writer.push_dated(&CrlEntry { serial, at, listed }, invalid_since)?)
}

/// How many were made, and the first that could not be.
#[derive(Default)]
struct Outcome {
    made: usize,
    failed: Option<PublishError>,
}

impl Outcome {
    fn add(&mut self, result: Result<usize, PublishError>) {
        match result {
            Ok(made) => self.made += made,
            Err(error) => self.failed = self.failed.take().or(Some(error)),
        }
    }

    fn into_result(self) -> Result<usize, PublishError> {
        self.failed.map_or(Ok(self.made), Err)
    }
}
