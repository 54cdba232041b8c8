//! Issuance with an initial password: docs/issuance.md tells the steps by the names used here.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tegata_ca::{
    LintError, Linted, NameError, PrepareError, ProvenKey, RequestError, SignError,
    SignedCertificate, SubjectName,
};
use tegata_domain::{
    Attempt, Certificate, CertificateState, Email, InitialPassword, IssuanceRefusal, KeyHash,
    Reason, SeatState, Serial, UserId, Validity, issuance_supersedes,
};
use tegata_store::{
    AuditEntry, CertificateRecord, CompanyId, NewIntent, SeatRecord, StoreError, Tx, View,
};

use tegata_text::Lang;

use crate::mail;
use crate::office::entry;
use crate::status::{self, StatusChange};
use crate::{Actor, Reference, Registrar, STRIPES, Service};

/// How long an issuance may stand between its two commits; far more than any request lives.
const INTENT_LIFETIME: SignedDuration = SignedDuration::from_mins(2);

/// Stands for the key of a request that has none; no public key has this hash.
const NO_KEY: KeyHash = KeyHash([0; 32]);

/// What a subscriber sends.
pub struct Enrollment {
    /// User ID as typed.
    pub user_id: String,
    /// Initial password as typed.
    pub password: String,
    /// Where reminders go.
    pub email: Email,
    /// PKCS#10 request, DER.
    pub request: Vec<u8>,
    /// Language for mails.
    pub lang: Lang,
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// User ID in canonical form.
    pub user_id: UserId,
    /// Serial number.
    pub serial: Serial,
    /// When it is valid.
    pub validity: Validity,
    /// Registered e-mail.
    pub email: Email,
    /// The certificate.
    pub certificate: Vec<u8>,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// Unknown user ID, wrong password, locked, lapsed, used, seat closed: the caller never
    /// learns which. The audit log knows.
    #[error("the user ID and initial password do not permit an issuance")]
    Refused,
    /// The request is not acceptable.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The key already belongs to another seat.
    #[error("this key already belongs to another user ID")]
    KeyTaken,
    /// Another issuance for the seat is under way.
    #[error("another issuance for this user ID is under way")]
    UnderWay,
    /// The certificate could not be written.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The certificate breaks a rule.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// The CA key cannot be used.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NameError> for EnrollError {
    fn from(error: NameError) -> Self {
        Self::Prepare(error.into())
    }
}

/// A seat whose credential was proven. A reset in the meantime makes another credential, which
/// the hash tells apart: what was proven of the old one is worth nothing then.
struct Proven {
    seat: SeatRecord,
    hash: String,
}

impl Registrar {
    /// Issues a certificate to whoever proves the credential of a seat, or returns the one that
    /// the same request already got. `reference` ends up in the audit log beside a refusal.
    ///
    /// # Errors
    /// See [`EnrollError`]. Nothing is issued and nothing consumed in any of these cases.
    pub async fn enroll(
        &self,
        service: &Arc<Service>,
        enrollment: Enrollment,
        reference: &Reference,
    ) -> Result<Issuance, EnrollError> {
        let proven = self.authenticate(service, &enrollment, reference).await?;
        let _turn = self.turn(&proven.seat).await;
        let key = ProvenKey::from_request(&enrollment.request);
        let now = self.now();
        // A credential that permits nothing is refused whatever is wrong with the key: who holds
        // a locked password must not learn from a bad key that it was the right one.
        let key_hash = key.as_ref().ok().map(ProvenKey::hash);
        if let Some(repeated) = self.repeat(service, &proven, key_hash, now, reference).await? {
            return Ok(repeated);
        }
        let linted = self.prepare(service, &proven.seat, &key?, now)?;
        self.commit_intent(service, &proven, &linted, now, reference).await?;
        let signer = service.current().authority.signer();
        let serial = linted.serial();
        let signed = match linted.sign(signer) {
            Ok(signed) => signed,
            Err(error) => {
                self.void(serial).await?;
                return Err(error.into());
            }
        };
        self.commit_issued(service, proven, (enrollment.email, enrollment.lang), signed, reference)
            .await
    }

    /// Proves the credential, or says no after the same work and one write, whatever the cause.
    async fn authenticate(
        &self,
        service: &Service,
        enrollment: &Enrollment,
        reference: &Reference,
    ) -> Result<Proven, EnrollError> {
        let user_id: Option<UserId> = enrollment.user_id.parse().ok();
        let password: Option<InitialPassword> = enrollment.password.parse().ok();
        let found = match &user_id {
            Some(user_id) => self.store().read(|view: View<'_>| {
                let Some(seat) = view.seat(service.id, user_id)? else {
                    return Ok(None);
                };
                let credential = view.credential(seat.id)?;
                Ok::<_, StoreError>(credential.map(|credential| (seat, credential)))
            })?,
            None => None,
        };
        let hash = found.as_ref().map(|(_, record)| record.hash.clone());
        let right = self.passwords.verify(hash.clone(), password).await;
        match found {
            Some((seat, record)) if right => Ok(Proven { seat, hash: record.hash }),
            found => {
                let actor = user_id.map_or(Actor::Stranger, Actor::Subscriber);
                let seat = found.map(|(seat, _)| seat);
                self.refuse_password(service, actor, seat, hash, reference).await?;
                Err(EnrollError::Refused)
            }
        }
    }

    /// Counts a wrong password and records the refusal.
    async fn refuse_password(
        &self,
        service: &Service,
        actor: Actor,
        seat: Option<SeatRecord>,
        hash: Option<String>,
        reference: &Reference,
    ) -> Result<(), StoreError> {
        let (now, policy) = (self.now(), service.credential);
        let mut refusal = refused(now, &actor, service, reference);
        self.store
            .write(move |tx| {
                let cause = match &seat {
                    None => "unknown user ID",
                    Some(seat) => {
                        let current = tx.credential(seat.id)?;
                        // A reset in between made a new credential; this failure is not its.
                        if let Some(record) = current.filter(|r| Some(&r.hash) == hash.as_ref()) {
                            let failed = record.credential.failed(now, &policy);
                            tx.set_credential(seat.id, &failed)?;
                        }
                        "wrong password"
                    }
                };
                refusal.detail = serde_json::json!({ "cause": cause });
                tx.audit(&refusal)
            })
            .await
    }

    /// Waits until no other issuance for the seat runs in this process.
    async fn turn(&self, seat: &SeatRecord) -> tokio::sync::MutexGuard<'_, ()> {
        self.seats[(seat.id.number() % STRIPES as u64) as usize].lock().await
    }

    /// What the credential permits to the holder of `key`: nothing, a repeat, or an issuance.
    async fn repeat(
        &self,
        service: &Service,
        proven: &Proven,
        key: Option<KeyHash>,
        now: Timestamp,
        reference: &Reference,
    ) -> Result<Option<Issuance>, EnrollError> {
        let seat_id = proven.seat.id;
        // Read anew: the request before this one, in whose turn we waited, changed both.
        let (seat, current) = self
            .store()
            .read(|view: View<'_>| {
                let seat = view.seat(service.id, &proven.seat.user_id)?;
                Ok::<_, StoreError>(seat.zip(view.credential(seat_id)?))
            })?
            .ok_or(EnrollError::Refused)?;
        let attempt = if current.hash != proven.hash {
            Err("reset in the meantime".to_owned())
        } else if seat.state == SeatState::Closed {
            Err(IssuanceRefusal::SeatClosed.to_string())
        } else {
            let key = key.unwrap_or(NO_KEY);
            current
                .credential
                .attempt(now, key, &service.credential)
                .map_err(|refusal| refusal.to_string())
        };
        match attempt {
            Ok(Attempt::Issue) => Ok(None),
            Ok(Attempt::Repeat(serial)) => {
                let record = self.store().read(|view: View<'_>| view.certificate(serial))?;
                let repeated = record.as_ref().and_then(issuance_of(&seat));
                repeated.map(Some).ok_or(EnrollError::Refused)
            }
            Err(cause) => {
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = refused(now, &actor, service, reference);
                entry.detail = serde_json::json!({ "cause": cause });
                self.store.write(move |tx| tx.audit(&entry)).await?;
                Err(EnrollError::Refused)
            }
        }
    }

    /// Writes and lints the certificate: subject and extensions from registry and profile.
    fn prepare(
        &self,
        service: &Service,
        seat: &SeatRecord,
        key: &ProvenKey,
        now: Timestamp,
    ) -> Result<Linted, EnrollError> {
        let company = self.company_name(service, seat.company)?;
        let subject = SubjectName::new(seat.user_id.as_str())?.organisation(&company)?;
        // Certificates know whole seconds only; so does everything that is said of them.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let validity = Validity {
            not_before: now - service.lifecycle.backdate,
            not_after: now + service.lifecycle.lifetime,
        };
        let prepared = service.client_profile.prepare(
            &service.current().authority,
            Serial::random(&*self.entropy),
            &subject,
            key,
            validity,
        )?;
        Ok(prepared.lint(&service.client_profile)?)
    }

    fn company_name(&self, service: &Service, id: CompanyId) -> Result<String, StoreError> {
        let name = self.store().read(|view: View<'_>| view.company_name(service.id, id))?;
        name.ok_or(StoreError::Corrupt("a seat without a company"))
    }

    /// Puts the intent on record, after looking once more, inside the transaction, whether it
    /// is still permitted.
    async fn commit_intent(
        &self,
        service: &Service,
        Proven { seat, hash }: &Proven,
        linted: &Linted,
        now: Timestamp,
        reference: &Reference,
    ) -> Result<(), EnrollError> {
        let (policy, service_id) = (service.credential, service.id);
        let intent = NewIntent {
            certificate: Certificate {
                serial: linted.serial(),
                validity: linted.validity(),
                state: CertificateState::Planned { at: now },
            },
            authority: service.current().id,
            seat: seat.id,
            key_hash: linted.key_hash(),
            tbs_hash: linted.tbs_hash(),
        };
        let actor = Actor::Subscriber(seat.user_id.clone());
        let mut entry = entry(now, &actor, "certificate.intended", &seat.user_id);
        entry.reference = Some(reference.to_string());
        entry.detail = serde_json::json!({
            "serial": intent.certificate.serial,
            "tbs_sha256": hex(&intent.tbs_hash),
        });
        let (user_id, hash) = (seat.user_id.clone(), hash.clone());
        self.store
            .write(move |tx| {
                let seat = tx.seat(service_id, &user_id)?.ok_or(EnrollError::Refused)?;
                let record = tx.credential(seat.id)?.filter(|record| record.hash == hash);
                let record = record.ok_or(EnrollError::Refused)?;
                match record.credential.attempt(now, intent.key_hash, &policy) {
                    Ok(Attempt::Issue) => {}
                    Ok(Attempt::Repeat(_)) => return Err(EnrollError::UnderWay),
                    Err(_) => return Err(EnrollError::Refused),
                }
                if tx.seat_of_key(intent.key_hash)?.is_some_and(|owner| owner != seat.id) {
                    return Err(EnrollError::KeyTaken);
                }
                settle_stale(tx, &seat, now)?;
                let existing: Vec<_> =
                    tx.certificates_of_seat(seat.id)?.iter().map(|c| c.certificate).collect();
                match issuance_supersedes(seat.state, &existing, now).map(|_| ()) {
                    Ok(()) => {}
                    Err(IssuanceRefusal::UnderWay) => return Err(EnrollError::UnderWay),
                    Err(IssuanceRefusal::SeatClosed) => return Err(EnrollError::Refused),
                }
                tx.insert_intent(&intent)?;
                Ok(tx.audit(&entry)?)
            })
            .await
    }

    /// Records, as one transaction, the certificate, the consumed credential, the e-mail and
    /// the mail that confirms it, the first reminder, what the certificate replaces, and the audit entry.
    async fn commit_issued(
        &self,
        service: &Service,
        Proven { seat, hash }: Proven,
        (email, lang): (Email, Lang),
        signed: SignedCertificate,
        reference: &Reference,
    ) -> Result<Issuance, EnrollError> {
        let now = self.now();
        let first_notice_at = service.lifecycle.reminder_days.first().map(|days| {
            signed.validity.not_after - SignedDuration::from_hours(24 * i64::from(*days))
        });
        let serial = signed.serial;
        let reference = reference.to_string();
        let issued = self
            .store
            .write(move |tx| {
                let planned = tx
                    .certificate(signed.serial)?
                    .ok_or(StoreError::Corrupt("a certificate without intent"))?;
                let issued = planned.certificate.issue(now).map_err(|_| EnrollError::Refused)?;
                let record = tx.credential(seat.id)?.filter(|record| record.hash == hash);
                let record = record.ok_or(EnrollError::Refused)?;
                let spent = record
                    .credential
                    .consume(now, signed.key_hash, signed.serial)
                    .map_err(|_| EnrollError::Refused)?;
                replace_older(tx, &seat, signed.serial, now)?;
                tx.set_issued(&issued, &signed.der, first_notice_at)?;
                tx.set_credential(seat.id, &spent)?;
                tx.set_email(seat.id, &email)?;
                let confirmation = mail::issued(
                    seat.service,
                    email.clone(),
                    lang,
                    &seat.user_id,
                    signed.serial,
                    signed.validity.not_after,
                );
                tx.enqueue_mail(&confirmation, now)?;
                let actor = Actor::Subscriber(seat.user_id.clone());
                let mut entry = entry(now, &actor, "certificate.issued", &seat.user_id);
                entry.detail = serde_json::json!({ "serial": signed.serial, "email": email });
                entry.reference = Some(reference);
                tx.audit(&entry)?;
                Ok(Issuance {
                    user_id: seat.user_id,
                    serial: signed.serial,
                    validity: signed.validity,
                    email,
                    certificate: signed.der,
                })
            })
            .await;
        if issued.is_err() {
            // The credential was locked or reset between the two commits, or the disk is full.
            self.void(serial).await?;
        }
        issued
    }

    /// Gives up one intent.
    async fn void(&self, serial: Serial) -> Result<(), StoreError> {
        let now = self.now();
        self.store
            .write(move |tx| match tx.certificate(serial)? {
                Some(planned) => crate::settle::void(tx, &planned, now).map(|_| ()),
                None => Ok(()),
            })
            .await
    }
}

/// Gives up intents of the seat that nothing can come of any more: their request ran out of
/// time, and recording that failed too.
fn settle_stale(tx: &mut Tx<'_>, seat: &SeatRecord, now: Timestamp) -> Result<(), StoreError> {
    for record in tx.certificates_of_seat(seat.id)? {
        if let CertificateState::Planned { at } = record.certificate.state
            && now.duration_since(at) > INTENT_LIFETIME
        {
            crate::settle::void(tx, &record, now)?;
        }
    }
    Ok(())
}

/// Revokes what the new certificate of a seat replaces.
fn replace_older(
    tx: &mut Tx<'_>,
    seat: &SeatRecord,
    new: Serial,
    now: Timestamp,
) -> Result<(), EnrollError> {
    let others: Vec<CertificateRecord> = tx
        .certificates_of_seat(seat.id)?
        .into_iter()
        .filter(|record| record.certificate.serial != new)
        .collect();
    let certificates: Vec<_> = others.iter().map(|record| record.certificate).collect();
    let replaced: Vec<Serial> = issuance_supersedes(seat.state, &certificates, now)
        .map_err(|_| EnrollError::UnderWay)?
        .map(|certificate| certificate.serial)
        .collect();
    for old in others.iter().filter(|record| replaced.contains(&record.certificate.serial)) {
        if let Ok(revoked) = old.certificate.revoke(now, Reason::Superseded) {
            let change = StatusChange::Revoke(Reason::Superseded);
            status::record(tx, &Actor::System, old, &revoked, change, now)?;
        }
    }
    Ok(())
}

fn issuance_of(seat: &SeatRecord) -> impl Fn(&CertificateRecord) -> Option<Issuance> + '_ {
    |record| {
        Some(Issuance {
            user_id: record.user_id.clone(),
            serial: record.certificate.serial,
            validity: record.certificate.validity,
            email: seat.email.clone()?,
            certificate: record.der.clone()?,
        })
    }
}

fn refused(now: Timestamp, actor: &Actor, service: &Service, reference: &Reference) -> AuditEntry {
    let mut entry = entry(now, actor, "issuance.refused", &service.key);
    entry.reference = Some(reference.to_string());
    entry
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
