//! Mail by SMTP.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::{Mailbox, Message, header};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Tokio1Executor};
use tegata_registrar::{Delivery, Letter, Post};

/// Time for one conversation with the mail server.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server.
pub struct SmtpPost {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Not an SMTP address. The address itself may hold a password and is not shown.
    #[error(
        "the address of the mail server must look like smtps://user:password@host:465 or smtp://host:25"
    )]
    Address,
    /// Not a sender.
    #[error("the sender must be an e-mail address")]
    Sender,
    /// Something in it cannot stand in a mail.
    #[error("not a mail: {0}")]
    Letter(String),
}

impl SmtpPost {
    /// A mail server by its URL: `smtps://` for TLS, `smtp://…?tls=required` for STARTTLS,
    /// plain `smtp://` for a server on this machine.
    ///
    /// # Errors
    /// When address or sender cannot be read.
    pub fn new(url: &str, from: &str) -> Result<Self, PostError> {
        Ok(Self {
            transport: AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .map_err(|_| PostError::Address)?
                .timeout(Some(PATIENCE))
                .build(),
            from: from.parse().map_err(|_| PostError::Sender)?,
        })
    }
}

/// The mail as it is sent, for a preview.
///
/// # Errors
/// When `from` is no sender, or the letter cannot be put into a mail.
pub fn preview(letter: Letter, from: &str) -> Result<Vec<u8>, PostError> {
    let from = from.parse().map_err(|_| PostError::Sender)?;
    Ok(message(letter, &from).map_err(PostError::Letter)?.formatted())
}

/// The mail as it would be sent at this moment.
///
/// # Errors
/// As [`preview`].
pub fn written(letter: Letter, from: &str, at: Timestamp) -> Result<Vec<u8>, PostError> {
    let from = from.parse().map_err(|_| PostError::Sender)?;
    let mut message = message(letter, &from).map_err(PostError::Letter)?;
    message.headers_mut().set(header::Date::from(SystemTime::from(at)));
    Ok(message.formatted())
}

fn message(letter: Letter, from: &Mailbox) -> Result<Message, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let to: Mailbox = letter.to.as_str().parse().map_err(|error| text(&error))?;
    let domain = from.email.domain();
    Message::builder()
        .message_id(Some(format!("<{}@{domain}>", letter.message_id)))
        .from(Mailbox::new(Some(letter.from_name.to_string()), from.email.clone()))
        .to(to)
        .subject(letter.subject.to_string())
        .header(header::ContentType::TEXT_PLAIN)
        .body(letter.body)
        .map_err(|error| text(&error))
}

impl Post for SmtpPost {
    async fn deliver(&self, letter: Letter) -> Delivery {
        let message = match message(letter, &self.from) {
            Ok(message) => message,
            Err(error) => return Delivery::Refused(error),
        };
        match self.transport.send(message).await {
            Ok(_) => Delivery::Accepted,
            Err(error) if error.is_permanent() => Delivery::Refused(error.to_string()),
            Err(error) => Delivery::Later(error.to_string()),
        }
    }
}
