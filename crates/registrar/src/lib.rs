//! Use cases, one verb a file.
//!
//! [`Office`] does what needs no CA key: registering, resetting, revoking, holding. Every
//! administration command runs on one, beside a running server. [`Registrar`] adds the keys:
//! issuing and publishing. Each verb decides with the rules of `tegata_domain` inside the
//! transaction that records the outcome, together with its audit entry.

mod actor;
mod anchor;
mod answer;
mod answers;
mod ask_email;
mod audit;
mod blocklist;
mod change_email;
mod close;
mod close_company;
mod digest;
mod enroll;
mod feed;
mod found;
mod import;
mod installers;
mod issue;
mod keyring;
mod list;
mod mail;
mod mail_signer;
mod office;
mod organisation;
mod password;
mod preview;
mod publish;
mod reach;
mod ready;
mod reference;
mod reissue;
mod remind;
mod renew;
mod renew_gateway;
mod reset;
mod responder;
mod retire;
mod revoke_many;
mod rollover;
mod seats;
mod settings;
mod settle;
mod standing;
mod statement;
mod status;
mod target;
mod unlock;
mod update;
mod used;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

pub use actor::Actor;
pub use anchor::{Accepted, AnchorHead, AnchorLine, Rollback, Told};
pub use answer::AnswerError;
pub use answers::SharedAnswer;
pub use ask_email::{AskEmailError, ProvenEmail};
pub use audit::AuditReport;
pub use blocklist::{BlockError, Fingerprint, KeyListError, OWN_KEY};
pub use change_email::{AskedEmail, ChangeEmailError, ChangedEmail, LinkNonce};
pub use close::{CloseError, ClosedSeat};
pub use close_company::{ClosedCompany, CompanyClosing};
pub use enroll::{EnrollError, Enrollment, Issuance};
pub use feed::{FeedBehind, FeedPage};
pub use found::{CertifyError, ChangeError, Founded};
pub use import::{
    CsvError, Import, ImportError, ImportRoot, ImportRow, ImportStatus, Imported, MAX_ROWS,
    exact_user_id, rows_from_csv,
};
pub use keyring::{IssuingCa, Keyring, KeyringError, OfflineCa, Service};
pub use list::{ListError, PublishedList};
pub use mail::{
    Delivery, HeaderText, Letter, MailKind, MailSample, OutboxError, Post, ServerTrouble,
    TemplateError, TemplateRow,
};
pub use mail_signer::{MAIL_PURPOSE, OwnMailSignerError};
pub use office::Office;
pub use password::{Cost, Passwords};
pub use preview::{Preview, PreviewError, PreviewNames};
pub use publish::PublishError;
pub use reference::Reference;
pub use reissue::Reissued;
pub use remind::Reminded;
pub use renew::{ProvenRenewal, RenewError, Renewed};
pub use renew_gateway::{RenewGatewayError, SERVER_RENEWAL};
pub use reset::ResetError;
pub use responder::ResponderError;
pub use retire::{ProvenRetirement, RetireError, Retired};
pub use revoke_many::{
    NamesError, PlanError, RevocationPlan, RevokedMany, Selection, Successors, names_from,
};
pub use rollover::{LEAD, NewIssuingCa};
pub use seats::{NewSeat, SeatsError};
pub use settings::{ProfileSettings, Profiles, ServiceSettings, SettingsError, Words};
pub use standing::{AuthorityLine, Expiring, GATEWAY_GONE, GatewayLine, Standing};
pub use statement::StatementError;
pub use status::{Changed, StatusChange};
pub use target::{Target, TargetError};
pub use unlock::{UnlockError, Unlocked};
pub use used::{GatewayRefused, SignedReport, Taken};

/// How many seats may be issued to at the same time without waiting for each other by chance.
const STRIPES: usize = 256;

/// An office that holds the CA keys.
pub struct Registrar {
    office: Office,
    keyring: RwLock<Arc<Keyring>>,
    /// One issuance a seat at a time: the repeated request waits and finds the certificate.
    seats: Vec<Mutex<()>>,
    responders: responder::Responders,
    answers: answers::Answers,
    /// Why nothing may be signed: the database is not the one it was.
    distrusted: std::sync::Mutex<Option<String>>,
    /// Why services and keys are not those of the database.
    behind: std::sync::Mutex<Option<String>>,
    /// Counts how often services and keys were replaced.
    replaced: tokio::sync::watch::Sender<u64>,
    /// Whether the mail server took a mail of this process, and was not away since.
    mail_server_answers: AtomicBool,
}

impl Registrar {
    /// Puts an office and its keys together.
    pub fn new(office: Office, keyring: Keyring) -> Arc<Self> {
        let seats = (0..STRIPES).map(|_| Mutex::new(())).collect();
        let (responders, answers, distrusted, behind, replaced) = Default::default();
        let keyring = RwLock::new(Arc::new(keyring));
        Arc::new(Self {
            office,
            keyring,
            seats,
            responders,
            answers,
            distrusted,
            behind,
            replaced,
            mail_server_answers: AtomicBool::new(false),
        })
    }

    /// The services and their keys, as they are now.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on nothing is issued: the database is not the one it was. Only a new start gets
    /// out of this, which looks at the anchor.
    pub fn distrust(&self, why: String) {
        *self.distrusted.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    pub(crate) fn is_distrusted(&self) -> bool {
        self.distrusted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Why nothing is issued, when nothing is.
    pub fn distrusted(&self) -> Option<String> {
        self.distrusted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says, or takes back, that services and keys could not follow the database.
    pub fn set_behind(&self, why: Option<String>) {
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Tells when services or keys were replaced.
    pub fn replaced(&self) -> tokio::sync::watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// Goes on with other services and keys. What runs ends with those it began with.
    pub fn replace_keyring(&self, keyring: Keyring) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
        // Of a CA that is revoked now, nothing is good any more.
        self.answers.clear();
        self.replaced.send_modify(|count| *count += 1);
    }
}

impl std::ops::Deref for Registrar {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
    }
}
