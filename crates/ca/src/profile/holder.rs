use super::template::Template;
use super::{AltNameKind, ExtendedUsage, Parts};
use crate::Attribute;

/// Whom a service certifies; each has a profile of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A subscriber's PC.
    Client,
    /// One of this system's own TLS servers.
    Server,
    /// A console user.
    Operator,
    /// The signer of reminders (RFC 8550).
    MailSigner,
    /// A delegated OCSP responder (RFC 6960 §4.2.2.2).
    OcspResponder,
}

/// What may stand in braces in a template, and what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// The seat's user ID.
    UserId,
    /// The company's name.
    Company,
    /// The company's code.
    CompanyCode,
    /// The name of the branch in charge.
    Branch,
    /// Its code.
    BranchCode,
    /// The name of the service, in English.
    Service,
    /// The organisation that offers it, in English.
    Organisation,
    /// The e-mail address that the registry holds for the seat before the request.
    Email,
    /// The console user's name.
    Operator,
    /// What a server of our own is for: `site`, `gateway`.
    Purpose,
    /// The name of the issuing CA.
    Issuer,
    /// The address that mails come from.
    Sender,
}

impl Holder {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Client, Self::Server, Self::Operator, Self::MailSigner, Self::OcspResponder];

    /// Name in settings and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Operator => "operator",
            Self::MailSigner => "mail_signer",
            Self::OcspResponder => "ocsp_responder",
        }
    }

    /// Whether every service has certificates of this holder.
    pub fn is_always_used(self) -> bool {
        matches!(self, Self::Client | Self::Server | Self::OcspResponder)
    }

    /// The extended key usage without which its certificate is of no use.
    pub fn usage(self) -> ExtendedUsage {
        match self {
            Self::Client | Self::Operator => ExtendedUsage::ClientAuth,
            Self::Server => ExtendedUsage::ServerAuth,
            Self::MailSigner => ExtendedUsage::EmailProtection,
            Self::OcspResponder => ExtendedUsage::OcspSigning,
        }
    }

    /// What may stand in braces in its subject.
    pub fn placeholders(self) -> &'static [Placeholder] {
        use Placeholder as P;
        match self {
            Self::Client => &[
                P::UserId,
                P::Company,
                P::CompanyCode,
                P::Branch,
                P::BranchCode,
                P::Service,
                P::Organisation,
            ],
            Self::Server => &[P::Purpose, P::Service, P::Organisation],
            Self::Operator => &[P::Operator, P::Service, P::Organisation],
            Self::MailSigner => &[P::Sender, P::Service, P::Organisation],
            Self::OcspResponder => &[P::Issuer, P::Service, P::Organisation],
        }
    }

    /// Whether a common name tells its holder from every other, whatever the values are.
    pub(super) fn identified_by(self, common_name: &Template) -> Result<(), &'static str> {
        let has = |placeholder| common_name.contains(placeholder);
        let is_none_of_a_user_id =
            |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
        match self {
            // The gateway takes the whole of it for the user ID: with anything beside it one
            // seat's name could be made to read as another's.
            Self::Client if !common_name.is_just(Placeholder::UserId) => {
                Err("the common name must be {user_id} and nothing else: the gateway reads it")
            }
            // Under the same CA and with the same usage as a client's.
            Self::Operator if !common_name.always_has(is_none_of_a_user_id) => Err(
                "the common name must hold a character that no user ID has, such as a space: the \
                 gateway must not take an operator for a user",
            ),
            Self::Operator if !has(Placeholder::Operator) => {
                Err("the common name must contain {operator}")
            }
            Self::Server if !has(Placeholder::Purpose) => {
                Err("the common name must contain {purpose}")
            }
            Self::OcspResponder if !has(Placeholder::Issuer) => {
                Err("the common name must contain {issuer}")
            }
            // The address of a mail signer stands in its alternative name.
            _ => Ok(()),
        }
    }

    /// What may stand in braces in its alternative names: nothing that is not ASCII. A server's
    /// names come from the settings of the installation.
    pub(super) fn alt_placeholders(self) -> &'static [Placeholder] {
        match self {
            Self::Client => {
                use Placeholder as P;
                &[P::Email, P::UserId, P::CompanyCode, P::BranchCode]
            }
            Self::MailSigner => &[Placeholder::Sender],
            Self::Server | Self::Operator | Self::OcspResponder => &[],
        }
    }

    /// Most days of validity.
    pub(super) fn longest(self) -> u16 {
        match self {
            // Nobody can revoke it before its end (RFC 6960 §4.2.2.2.1).
            Self::OcspResponder => 90,
            Self::Client | Self::Server | Self::Operator | Self::MailSigner => 3650,
        }
    }

    /// What its certificate says unless a service wants it otherwise.
    pub fn defaults(self) -> Parts {
        use Attribute::{CommonName, Organisation, OrganisationalUnit};
        let subject: &[(Attribute, &str)] = match self {
            Self::Client => &[(Organisation, "{company}"), (CommonName, "{user_id}")],
            Self::Server => &[(CommonName, "{purpose}")],
            Self::Operator => &[
                (Organisation, "{organisation}"),
                (OrganisationalUnit, "Operators"),
                (CommonName, "Operator {operator}"),
            ],
            Self::MailSigner => &[(Organisation, "{organisation}"), (CommonName, "{service}")],
            // Of the issuer's name alone, which fits by itself: every CA must have one.
            Self::OcspResponder => &[(CommonName, "{issuer} OCSP")],
        };
        let alt_names = match self {
            Self::MailSigner => vec![(AltNameKind::Email, "{sender}".to_owned())],
            _ => Vec::new(),
        };
        Parts {
            lifetime_days: match self {
                Self::Client | Self::Operator => 365,
                Self::Server | Self::MailSigner => 397,
                // Nobody can revoke it; its key is gone with the process anyway.
                Self::OcspResponder => 14,
            },
            backdate_minutes: 5,
            keys: match self {
                // That of any CA: who can read its signatures can read the responder's.
                Self::OcspResponder => &["ec-p256", "ec-p384", "rsa-2048..4096", "ed25519"][..],
                _ => &["ec-p256", "ec-p384", "rsa-2048..4096"],
            }
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
            subject: subject.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect(),
            key_usages: vec!["digitalSignature".to_owned()],
            extended_key_usages: vec![self.usage().name().to_owned()],
            policies: Vec::new(),
            extensions: Vec::new(),
            alt_names,
        }
    }
}

impl Placeholder {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::UserId,
        Self::Company,
        Self::CompanyCode,
        Self::Branch,
        Self::BranchCode,
        Self::Service,
        Self::Organisation,
        Self::Email,
        Self::Operator,
        Self::Purpose,
        Self::Issuer,
        Self::Sender,
    ];

    /// What stands between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::Company => "company",
            Self::CompanyCode => "company_code",
            Self::Branch => "branch",
            Self::BranchCode => "branch_code",
            Self::Service => "service",
            Self::Organisation => "organisation",
            Self::Email => "email",
            Self::Operator => "operator",
            Self::Purpose => "purpose",
            Self::Issuer => "issuer",
            Self::Sender => "sender",
        }
    }
}
