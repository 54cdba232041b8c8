//! Mails on their way: signed, handed to a mail server, and what comes back of them.
//!
//! | module | what |
//! |---|---|
//! | [`mime`] | a mail's octets |
//! | [`signer`] | who signs |
//! | `relay` | the mail server |
//! | [`mark`] | what a report is recognised by |
//! | [`bounce`] | a report, read |
//! | [`maildir`] | where reports arrive |

pub mod bounce;
pub mod maildir;
pub mod mark;
pub mod mime;
mod relay;
pub mod signer;
mod trouble;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MessageBuilder};
use tegata_domain::Clock;
use tegata_registrar::{Delivery, Letter, Post};

use mark::MarkKey;
use relay::Relay;
use signer::Signers;

pub use trouble::{MailTrouble, NO_MAIL_SERVER};

/// What stands for a mail's mark in the address that reports go to.
const TOKEN: &str = "{token}";

/// What becomes of a mail that cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// It waits.
    Never,
    /// It is sent without a signature.
    Fallback,
}

/// How mails leave.
pub struct PostConfig<'a> {
    /// Address of the mail server.
    pub url: &'a str,
    /// Authorities of its TLS certificate, PEM; without, those of the system.
    pub authorities: Option<&'a Path>,
    /// Sender of every mail.
    pub from: &'a str,
    /// Where reports go, with or without `{token}`; without any, to the sender.
    pub bounces_to: Option<&'a str>,
    /// What becomes of a mail that cannot be signed.
    pub unsigned: Unsigned,
}

impl PostConfig<'_> {
    /// Whether mails could leave like this, as far as can be told without a connection.
    ///
    /// # Errors
    /// When an address cannot be read, or the authorities.
    pub fn check(&self) -> Result<(), PostError> {
        self.addresses()?;
        Relay::new(self.url, self.authorities)?;
        Ok(())
    }

    /// The sender, and where reports go.
    fn addresses(&self) -> Result<(Address, String), PostError> {
        let from: Address = self.from.parse().map_err(|_| PostError::Sender)?;
        let bounces_to = self.bounces_to.unwrap_or(self.from).to_owned();
        let (local, _) = bounces_to.split_once('@').ok_or(PostError::Reports)?;
        let tokens = bounces_to.matches(TOKEN).count();
        if tokens > 1 || tokens != local.matches(TOKEN).count() {
            return Err(PostError::Reports);
        }
        let example = bounces_to.replace(TOKEN, "1-0");
        example.parse::<Address>().map_err(|_| PostError::Reports)?;
        Ok((from, bounces_to))
    }
}

/// A mail server.
pub struct SmtpPost {
    relay: Relay,
    composer: Composer,
    trouble: MailTrouble,
}

/// A mail as it travels.
pub struct Composed {
    /// Between whom.
    pub envelope: Envelope,
    /// What is between them.
    pub octets: Vec<u8>,
    /// Why it is not signed, where it goes all the same.
    pub unsigned: Option<signer::SignerError>,
}

/// Who writes mails as they travel.
pub struct Composer {
    from: Address,
    bounces_to: String,
    signers: Arc<Signers>,
    unsigned: Unsigned,
    mark: Arc<MarkKey>,
    clock: Arc<dyn Clock>,
}

/// Why a mail server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Not an SMTP address. The address itself may hold a password and is not shown.
    #[error(
        "the address of the mail server must look like smtps://user:password@host:465, \
         smtp://user:password@host:587?tls=required or smtp://host:25"
    )]
    Address,
    /// A password without TLS.
    #[error(
        "the address of the mail server holds a password and asks for no TLS: use smtps:// or add \
         ?tls=required"
    )]
    Exposed,
    /// Not a sender.
    #[error("the sender must be an e-mail address")]
    Sender,
    /// Not an address for reports.
    #[error("mail.bounces_to must be an e-mail address; {TOKEN} may stand before its @")]
    Reports,
    /// The file of authorities.
    #[error("{0}: {1}")]
    Authorities(PathBuf, String),
}

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// No one can receive or send it.
    #[error("the mail cannot be written: {0}")]
    Never(String),
    /// It waits for its signer.
    #[error("the mail waits for its signature: {0}")]
    Unsigned(#[from] signer::SignerError),
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The settings.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Something in it cannot stand in a mail.
    #[error("not a mail: {0}")]
    Letter(String),
}

impl Composer {
    /// Puts together what every mail needs.
    ///
    /// # Errors
    /// When an address cannot be read.
    pub fn new(
        config: &PostConfig<'_>,
        signers: Arc<Signers>,
        mark: Arc<MarkKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PostError> {
        let (from, bounces_to) = config.addresses()?;
        let unsigned = config.unsigned;
        Ok(Self { from, bounces_to, signers, unsigned, mark, clock })
    }

    /// The mail and its envelope.
    ///
    /// # Errors
    /// When it cannot be written, or cannot be signed and must be.
    pub async fn compose(&self, letter: Letter) -> Result<Composed, ComposeError> {
        let never = |error: &dyn std::fmt::Display| ComposeError::Never(error.to_string());
        let to: Address = letter.to.as_str().parse().map_err(|error| never(&error))?;
        let number = number_of(letter.message_id.as_str())
            .ok_or_else(|| ComposeError::Never("its Message-ID has no number".to_owned()))?;
        let code = self.mark.code(number);
        let bounces_to = self.bounces_to.replace(TOKEN, &format!("{number}-{code}"));
        let bounces_to: Address = bounces_to.parse().map_err(|error| never(&error))?;
        let part = Arc::new(mime::text(&letter.body));
        let signed = self.signers.sign(&letter.service, self.from.as_ref(), part.clone()).await;
        let (content_type, encoding, body, unsigned) = match signed {
            Ok((micalg, signature)) => {
                let (content_type, body) = mime::signed(&part, micalg, &signature);
                let kind = ContentType::parse(&content_type).map_err(|error| never(&error))?;
                (kind, ContentTransferEncoding::SevenBit, body, None)
            }
            Err(error) if self.unsigned == Unsigned::Never => return Err(error.into()),
            Err(error) => {
                let encoded = mime::encoded(&letter.body);
                (ContentType::TEXT_PLAIN, ContentTransferEncoding::Base64, encoded, Some(error))
            }
        };
        let domain = self.from.domain();
        let message_id = format!("<{}.{code}@{domain}>", letter.message_id);
        let mail = headed(&letter, message_id, &self.from, to.clone())
            .date(SystemTime::from(self.clock.now()))
            .header(content_type)
            .body(Body::dangerous_pre_encoded(body, encoding))
            .map_err(|error| never(&error))?;
        let envelope = Envelope::new(Some(bounces_to), vec![to]).map_err(|error| never(&error))?;
        Ok(Composed { envelope, octets: mail.formatted(), unsigned })
    }
}

/// The mail without signature, for a preview.
///
/// # Errors
/// When `from` is no sender, or the letter cannot be put into a mail.
pub fn preview(letter: &Letter, from: &str) -> Result<Vec<u8>, PreviewError> {
    let never = |error: &dyn std::fmt::Display| PreviewError::Letter(error.to_string());
    let from: Address = from.parse().map_err(|_| PostError::Sender)?;
    let to: Address = letter.to.as_str().parse().map_err(|error| never(&error))?;
    let message_id = format!("<{}@{}>", letter.message_id, from.domain());
    let body =
        Body::dangerous_pre_encoded(mime::encoded(&letter.body), ContentTransferEncoding::Base64);
    let mail = headed(letter, message_id, &from, to);
    let mail = mail.header(ContentType::TEXT_PLAIN).body(body);
    Ok(mail.map_err(|error| never(&error))?.formatted())
}

/// A mail up to what depends on its signature.
fn headed(letter: &Letter, message_id: String, from: &Address, to: Address) -> MessageBuilder {
    Message::builder()
        .message_id(Some(message_id))
        .from(Mailbox::new(Some(letter.from_name.to_string()), from.clone()))
        .to(Mailbox::new(None, to))
        .subject(letter.subject.to_string())
        // No answers of machines (RFC 3834 §5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
}

/// The number that a `Message-ID` of ours begins with.
fn number_of(message_id: &str) -> Option<u64> {
    message_id.split('.').next()?.parse().ok()
}

impl SmtpPost {
    /// A way to a mail server.
    ///
    /// # Errors
    /// When an address cannot be read, or the authorities.
    pub fn new(config: &PostConfig<'_>, composer: Composer) -> Result<Self, PostError> {
        let relay = Relay::new(config.url, config.authorities)?;
        Ok(Self { relay, composer, trouble: MailTrouble::default() })
    }

    /// What keeps mails from leaving, as it is now.
    pub fn trouble(&self) -> MailTrouble {
        self.trouble.clone()
    }
}

impl Post for SmtpPost {
    async fn deliver(&self, letter: Letter) -> Delivery {
        let service = letter.service.clone();
        let composed = match self.composer.compose(letter).await {
            Ok(composed) => composed,
            Err(error @ ComposeError::Never(_)) => return Delivery::Refused(error.to_string()),
            Err(error @ ComposeError::Unsigned(_)) => {
                tracing::error!(%service, %error, "mails wait");
                self.trouble.unsigned(&service, Some(error.to_string()));
                return Delivery::Waits(error.to_string());
            }
        };
        self.trouble.unsigned(&service, None);
        if let Some(error) = &composed.unsigned {
            tracing::warn!(%service, %error, "a mail is sent without signature");
        }
        let delivery = self.relay.send(&composed.envelope, &composed.octets).await;
        self.trouble.delivered(&delivery);
        delivery
    }
}
