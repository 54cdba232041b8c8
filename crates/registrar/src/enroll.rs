//! Issuance with an initial password: docs/issuance.md tells the steps by the names used here.

mod authenticate;
mod commit;

use commit::Slip;
pub(crate) use commit::settle_stale;

use std::sync::Arc;

use jiff::Timestamp;
use tegata_ca::{
    Holder, LintError, Linted, NameError, Placeholder, PrepareError, ProvenKey, RequestError,
    SignError, SignedCertificate,
};
use tegata_domain::{Email, Serial, UserId, Validity};
use tegata_store::{AuthorityId, SeatRecord, Shard, StoreError, View};
use tegata_text::Lang;

use crate::{IssuingCa, Reference, Registrar, Service};

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
    /// Whether the application will renew by itself.
    pub unattended: bool,
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// User ID in canonical form.
    pub user_id: UserId,
    /// Which CA issued it.
    pub authority: AuthorityId,
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
    /// The key was compromised, stands in a list of weak keys, or is one of our own.
    #[error("this key is blocked for good: {0}")]
    KeyBlocked(String),
    /// Another issuance for the seat is under way.
    #[error("another issuance for this user ID is under way")]
    UnderWay,
    /// The database is not the one it was.
    #[error("nothing is issued until an operator has looked at the database")]
    Distrusted,
    /// Every CA of the service is retired or revoked.
    #[error("no CA of this service issues")]
    NoIssuer,
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
        mut enrollment: Enrollment,
        reference: &Reference,
    ) -> Result<Issuance, EnrollError> {
        if self.distrusted().is_some() {
            return Err(EnrollError::Distrusted);
        }
        let (proven, key) = self.authenticate(service, &mut enrollment, reference).await?;
        let _turn = self.turn(&proven.seat).await;
        let now = self.now();
        // A credential that permits nothing is refused whatever is wrong with the key: who holds
        // a locked password must not learn from a bad key that it was the right one.
        let key_hash = key.as_ref().ok().map(ProvenKey::hash);
        if let Some(repeated) = self.repeat(service, &proven, key_hash, now, reference).await? {
            return Ok(repeated);
        }
        let key = self.audited(&proven.seat, key.map_err(EnrollError::from), reference).await?;
        let ca = service.issuer(now).ok_or(EnrollError::NoIssuer)?;
        let linted = self.write_certificate((service, ca), &proven.seat, &key, now, None);
        let linted = linted.map_err(EnrollError::from);
        let (linted, shard) = self.audited(&proven.seat, linted, reference).await?;
        let Proven { seat, hash } = proven;
        let Enrollment { email, lang, unattended, .. } = enrollment;
        let slip = Slip { hash, service: service.clone(), email, lang, unattended };
        let certificate = (linted, &key, shard);
        let issued = self.issue((service, ca), &seat, slip, certificate, now, reference).await;
        self.audited(&seat, issued, reference).await
    }

    /// Puts on record that a key was refused, and why.
    async fn audited<T>(
        &self,
        seat: &SeatRecord,
        outcome: Result<T, EnrollError>,
        reference: &Reference,
    ) -> Result<T, EnrollError> {
        use EnrollError::{KeyBlocked, KeyTaken, Prepare, Request};
        if let Err(
            error @ (Request(_) | KeyTaken | KeyBlocked(_) | Prepare(PrepareError::KeyKind { .. })),
        ) = &outcome
        {
            let mut entry = authenticate::about(self.now(), "issuance.refused", seat, reference);
            entry.detail = serde_json::json!({ "cause": error.to_string() });
            self.store.write(move |tx| tx.audit(&entry)).await?;
        }
        outcome
    }
}

/// Why a certificate was not written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// It could not be written.
    Prepare(PrepareError),
    /// It breaks a rule.
    Lint(LintError),
    /// The database could not.
    Store(StoreError),
}

impl From<PrepareError> for WriteError {
    fn from(error: PrepareError) -> Self {
        Self::Prepare(error)
    }
}

impl From<LintError> for WriteError {
    fn from(error: LintError) -> Self {
        Self::Lint(error)
    }
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NameError> for WriteError {
    fn from(error: NameError) -> Self {
        Self::Prepare(error.into())
    }
}

impl From<WriteError> for EnrollError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Prepare(error) => Self::Prepare(error),
            WriteError::Lint(error) => Self::Lint(error),
            WriteError::Store(error) => Self::Store(error),
        }
    }
}

impl Registrar {
    /// Writes and lints the certificate: subject and extensions from registry and profile, the
    /// end from the profile or, for a renewal, as given. Says also on which shard of the CRL it
    /// will stand.
    pub(crate) fn write_certificate(
        &self,
        (service, ca): (&Service, &IssuingCa),
        seat: &SeatRecord,
        key: &ProvenKey,
        now: Timestamp,
        not_after: Option<Timestamp>,
    ) -> Result<(Linted, Shard), WriteError> {
        let (placement, shard) = self.store().read(|view: View<'_>| {
            let placement = view.placement(service.id, seat.company)?;
            Ok::<_, StoreError>((placement, service.open_shard(view, ca)?))
        })?;
        let placement = placement.ok_or(StoreError::Corrupt("a seat without a company"))?;
        let values = service
            .settings
            .values()
            .with(Placeholder::UserId, seat.user_id.as_str())
            .with(Placeholder::Company, placement.company)
            .with(Placeholder::CompanyCode, placement.company_code.as_str())
            .with(Placeholder::Branch, placement.branch)
            .with(Placeholder::BranchCode, placement.branch_code.as_str());
        // The address on record, not the one in this request: a first certificate has none.
        let values = match &seat.email {
            Some(email) => values.with(Placeholder::Email, email.as_str()),
            None => values,
        };
        let (profile, subject) = service.profile_on(Holder::Client, ca, &shard).fill(&values)?;
        let profile = match not_after {
            Some(_) => profile.renewing(service.lifecycle.renewal_window),
            None => profile,
        };
        let usual = profile.validity(now);
        let validity = Validity { not_after: not_after.unwrap_or(usual.not_after), ..usual };
        let serial = Serial::random(&*self.entropy);
        let prepared = profile.prepare(&ca.authority, serial, &subject, key, validity)?;
        Ok((prepared.lint(&profile)?, shard))
    }
}

/// Whether the key of a CA can sign now, before an intent is put on record for nothing.
pub(crate) async fn ready(ca: &IssuingCa) -> Result<(), SignError> {
    if !ca.authority.signer().may_wait() {
        return Ok(());
    }
    let authority = ca.authority.clone();
    tokio::task::spawn_blocking(move || authority.signer().ready())
        .await
        .unwrap_or_else(|error| Err(SignError(error.to_string())))
}

/// Signs; on a thread that may wait when the key is in a token, at the end of a network.
pub(crate) async fn sign(ca: &IssuingCa, linted: Linted) -> Result<SignedCertificate, SignError> {
    if !ca.authority.signer().may_wait() {
        return linted.sign(ca.authority.signer());
    }
    let authority = ca.authority.clone();
    tokio::task::spawn_blocking(move || linted.sign(authority.signer()))
        .await
        .unwrap_or_else(|error| Err(SignError(error.to_string())))
}
