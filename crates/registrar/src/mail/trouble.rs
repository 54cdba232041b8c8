//! What keeps every mail from leaving: not the mail, but the mail server.

use tegata_text::{Lang, Text};

/// What is wrong with the mail server as a whole. Other mails would fare no better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTrouble {
    /// No connection, or it broke off.
    Unreachable,
    /// No TLS with a certificate that is trusted.
    Tls,
    /// The name or the password is refused (RFC 4954 §6).
    Password,
    /// It takes nothing from us (521, RFC 7504), or not now (421, RFC 5321 §3.8).
    Closed,
}

impl ServerTrouble {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Unreachable, Self::Tls, Self::Password, Self::Closed];

    /// What the outbox begins all of them with. What a mail server says about a mail never begins
    /// so.
    pub(crate) const BEGINS: &'static str = "the mail server ";

    /// As it stands in the outbox and the log, before what the mail server said.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unreachable => "the mail server does not answer",
            Self::Tls => "the mail server has no TLS that is trusted",
            Self::Password => "the mail server refuses our name or password",
            Self::Closed => "the mail server takes no mail from us",
        }
    }

    /// What is to be done about it.
    pub fn way_out(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "see that it runs and that the address in the file of mail.url_file is right; \
                 after a change there, start `tegata serve` again"
            }
            Self::Tls => {
                "see that the address in the file of mail.url_file is right and its certificate \
                 from an authority of mail.server_ca_file, and start `tegata serve` again"
            }
            Self::Password => {
                "correct them in the file of mail.url_file and start `tegata serve` again"
            }
            Self::Closed => {
                "ask whoever runs it to let this machine send; what it said: `tegata mail list`"
            }
        }
    }

    /// What the outbox says of a mail that waits for this.
    pub fn record(self, said: &str) -> String {
        format!("{}: {said}", self.sentence())
    }

    /// The trouble that the outbox tells of, and what the mail server said.
    pub fn recorded(error: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|one| {
            let said = error.strip_prefix(one.sentence())?.strip_prefix(": ")?;
            Some((one, said))
        })
    }

    /// In the words of a person, who reads `lang`.
    pub fn told(self, lang: Lang) -> String {
        let text = Text::of(lang);
        match self {
            Self::Unreachable => text.outbox_server_unreachable(),
            Self::Tls => text.outbox_server_tls(),
            Self::Password => text.outbox_server_password(),
            Self::Closed => text.outbox_server_closed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_found_again_and_told_in_both_languages() {
        let said = "permanent error (535): 5.7.8 Error: authentication failed";
        for one in ServerTrouble::ALL {
            let record = one.record(said);
            assert!(record.starts_with(ServerTrouble::BEGINS));
            assert_eq!(ServerTrouble::recorded(&record), Some((one, said)));
            let [ja, en] = Lang::ALL.map(|lang| one.told(lang));
            assert!(ja.contains("メールサーバー") && en.contains("mail server"), "{ja} {en}");
        }
        assert_eq!(ServerTrouble::recorded(said), None);
    }
}
