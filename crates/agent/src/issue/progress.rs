use std::time::Duration;

use tegata_text::Text;

/// The steps of an issuance as a person follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reaching the site.
    Connect,
    /// Deciding whether its root is believed.
    Trust,
    /// Making the key on this PC.
    Key,
    /// Asking for the certificate.
    Request,
    /// Putting certificate and chain into the store.
    Install,
    /// Reading them from the store again and proving the key.
    ReadBack,
    /// Asking the gateway whether it lets the certificate through.
    Prove,
    /// All is done.
    Done,
}

/// What is reported while an issuance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step begins.
    Step(Step),
    /// The key of an earlier, unfinished try is used again.
    KeyResumed,
    /// The request is repeated after this time.
    Waiting(Duration),
}

impl Progress {
    /// The line that a person reads.
    pub fn line(self, text: Text) -> String {
        match self {
            Self::Step(Step::Connect) => text.app_step_connect(),
            Self::Step(Step::Trust) => text.app_step_trust(),
            Self::Step(Step::Key) => text.app_step_key(),
            Self::Step(Step::Request) => text.app_step_request(),
            Self::Step(Step::Install) => text.app_step_install(),
            Self::Step(Step::ReadBack) => text.app_step_read_back(),
            Self::Step(Step::Prove) => text.app_step_prove(),
            Self::Step(Step::Done) => text.app_step_done(),
            Self::KeyResumed => text.app_step_key_resumed(),
            Self::Waiting(time) => text.app_step_waiting(&time.as_secs().to_string()),
        }
    }
}
