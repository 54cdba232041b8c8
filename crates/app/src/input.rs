use std::fs::File;
use std::io::Read;
use std::path::Path;

use tegata_agent::Fingerprint;
use tegata_agent::site::Site;
use tegata_agent::store::{StoreUri, StoreUriError};
use tegata_domain::{Email, Serial, UserId};
use tegata_text::Text;
use zeroize::Zeroizing;

use crate::output::Failure;
use crate::{args, stores};

/// Longest password file, in octets. A slip's password has 19.
const MAX_PASSWORD: usize = 1024;

/// Parsing of what people give, with an error that names the field.
pub(crate) struct Input(pub(crate) Text);

impl Input {
    pub(crate) fn site(&self, text: &str) -> Result<Site, Failure> {
        let Self(t) = self;
        text.parse().map_err(|_| Failure::usage("bad_site", t.app_bad_site(), t.app_bad_site_do()))
    }

    pub(crate) fn user(&self, text: &str) -> Result<UserId, Failure> {
        let Self(t) = self;
        text.parse().map_err(|_| Failure::usage("bad_user", t.app_bad_user(), t.app_bad_user_do()))
    }

    pub(crate) fn mail(&self, text: &str) -> Result<Email, Failure> {
        let Self(t) = self;
        text.parse().map_err(|_| Failure::usage("bad_mail", t.app_bad_mail(), t.app_bad_mail_do()))
    }

    /// Whatever was typed, unless it is nothing: right or wrong is for the server to say.
    pub(crate) fn password(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        let Self(t) = self;
        if text.trim().is_empty() {
            let (title, detail) = (t.app_bad_password(), t.app_bad_password_do());
            return Err(Failure::usage("bad_password", title, detail));
        }
        Ok(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn root(&self, text: Option<&str>) -> Result<Option<Fingerprint>, Failure> {
        let Self(t) = self;
        text.map(str::parse)
            .transpose()
            .map_err(|_| Failure::usage("bad_root_sha256", t.app_bad_root(), t.app_bad_root_do()))
    }

    pub(crate) fn serial(&self, text: &str) -> Result<Serial, Failure> {
        let Self(t) = self;
        let (title, detail) = (t.app_bad_serial(), t.app_bad_serial_do(&args::program()));
        text.parse().map_err(|_| Failure::usage("bad_serial", title, detail))
    }

    pub(crate) fn store(&self, text: &str) -> Result<StoreUri, Failure> {
        let Self(t) = self;
        text.parse().map_err(|error| {
            let (title, detail) = match error {
                StoreUriError::NotInThisBuild(name) => {
                    (t.app_store_not_here(name), stores::which(*t))
                }
                StoreUriError::PinInAddress => (t.app_bad_token_pin(), t.app_bad_token_pin_do()),
                StoreUriError::Pkcs11(error) => {
                    (t.app_bad_token(&error.to_string()), t.app_bad_token_do())
                }
                StoreUriError::Unknown => (t.app_bad_store(), stores::which(*t)),
            };
            Failure::usage("bad_store", title, detail)
        })
    }

    /// The trimmed text of a password file; `-` is standard input.
    pub(crate) fn secret(&self, path: &Path) -> Result<Zeroizing<String>, Failure> {
        let Self(t) = self;
        let bad = |why: String| {
            let title = t.app_bad_file(&path.display().to_string(), &why);
            Failure::usage("bad_file", title, t.app_bad_file_do())
        };
        // Room for all of it, so that the buffer never moves and leaves a copy behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD + 1));
        let limit = MAX_PASSWORD as u64 + 1;
        let read = if path == Path::new("-") {
            std::io::stdin().lock().take(limit).read_to_end(&mut octets)
        } else {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut octets))
        };
        read.map_err(|error| bad(error.to_string()))?;
        let text = std::str::from_utf8(&octets).map_err(|_| bad("UTF-8?".to_owned()))?;
        // An editor's byte order mark is not part of a password.
        let text = text.trim_start_matches('\u{feff}').trim();
        if octets.len() > MAX_PASSWORD {
            return Err(bad(format!("> {MAX_PASSWORD}")));
        }
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// Gathers values; what is missing is asked for, or named at the end.
pub(crate) struct Missing<'a> {
    prompt: &'a crate::prompt::Prompt,
    names: Vec<&'static str>,
}

impl<'a> Missing<'a> {
    pub(crate) fn new(prompt: &'a crate::prompt::Prompt) -> Self {
        Self { prompt, names: Vec::new() }
    }

    /// The value given, or an answer to `question`, or an empty text with `name` noted.
    pub(crate) fn or_ask(
        &mut self,
        given: Option<String>,
        name: &'static str,
        question: &str,
    ) -> String {
        given.or_else(|| self.prompt.ask(question)).unwrap_or_else(|| {
            self.names.push(name);
            String::new()
        })
    }

    /// Notes a secret that was neither given nor answered.
    pub(crate) fn or_ask_secret(
        &mut self,
        given: Option<Zeroizing<String>>,
        name: &'static str,
        question: &str,
    ) -> Zeroizing<String> {
        given.or_else(|| self.prompt.ask_secret(question)).unwrap_or_else(|| {
            self.names.push(name);
            Zeroizing::default()
        })
    }

    /// Notes what was not given and cannot be asked for.
    pub(crate) fn note(&mut self, name: &'static str) {
        self.names.push(name);
    }

    /// Fails when anything was missing, naming all of it.
    pub(crate) fn check(self, text: Text) -> Result<(), Failure> {
        if self.names.is_empty() {
            return Ok(());
        }
        let title = text.app_missing(&self.names.join(", "));
        Err(Failure::usage("missing", title, text.app_missing_do()))
    }
}
