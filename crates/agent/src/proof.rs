//! Proof that a certificate works: the protected service is asked for with it, as a browser will.

use tegata_text::{Lang, Text};
use tegata_wire::{Problem, problem};

use crate::error::plain;
use crate::transport::{Identity, Network, Presented, Reply, TransportError};
use crate::trust::Trusted;

/// What the gateway said to the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It let the request through to the service; the status is the service's own.
    Accepted {
        /// HTTP status of the service behind the gateway.
        status: u16,
    },
    /// It knows the certificate and says no, in its own words.
    Refused(Box<Problem>),
    /// It let the request through, but the service behind it does not answer now.
    ServiceDown(Box<Problem>),
    /// Something answers there that is not the gateway.
    NotTheGateway {
        /// HTTP status of the answer.
        status: u16,
    },
    /// The store hands the key out to nobody but the browser, or not now.
    NoKey(String),
    /// No connection was made. This says nothing about the certificate.
    Unreachable(TransportError),
}

/// Asks for `service_url` with `identity`.
pub fn prove(
    network: &dyn Network,
    trusted: &Trusted,
    identity: &Identity,
    service_url: &str,
) -> Proof {
    match network.present(trusted, identity, service_url) {
        // Whoever does not ask for a certificate proves nothing of it.
        Ok(Presented { reply, asked: false }) => Proof::NotTheGateway { status: reply.status },
        Ok(Presented { reply, asked: true }) => judge(&reply),
        Err(error) => Proof::Unreachable(error),
    }
}

impl Proof {
    /// Whether the gateway let the certificate through.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::ServiceDown(_))
    }

    /// A stable word for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused(problem) => &problem.code,
            Self::ServiceDown(_) => "service_down",
            Self::NotTheGateway { .. } => "not_the_gateway",
            Self::NoKey(_) => "no_key",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// What it means, in the language of `text`: one or two sentences.
    pub fn line(&self, text: Text) -> String {
        match self {
            Self::Accepted { .. } => text.app_proof_accepted(),
            Self::Refused(problem) => {
                let said = joined(&problem.title, &problem.detail, text);
                text.app_proof_refused(&problem.reference, &said)
            }
            Self::ServiceDown(_) => text.app_proof_service_down(),
            Self::NotTheGateway { status } => text.app_proof_not_the_gateway(&status.to_string()),
            Self::NoKey(_) => text.app_proof_no_key(),
            Self::Unreachable(error) => text.app_proof_unreachable(&error.words(text)),
        }
    }
}

/// A headline and what follows it, as sentences: headlines end without a stop.
fn joined(title: &str, detail: &str, text: Text) -> String {
    let is_ended = title.is_empty() || title.ends_with(['。', '.', '!', '?']);
    match text.lang() {
        Lang::Ja if is_ended => format!("{title}{detail}"),
        Lang::Ja => format!("{title}。{detail}"),
        Lang::En if is_ended => format!("{title} {detail}").trim().to_owned(),
        Lang::En => format!("{title}. {detail}").trim().to_owned(),
    }
}

fn judge(reply: &Reply) -> Proof {
    if reply.content_type == problem::CONTENT_TYPE {
        let problem: Option<Problem> = serde_json::from_slice(&reply.body).ok();
        return match problem.map(tidy) {
            None => Proof::NotTheGateway { status: reply.status },
            Some(problem) if problem.code.starts_with("upstream_") => Proof::ServiceDown(problem),
            Some(problem) => Proof::Refused(problem),
        };
    }
    Proof::Accepted { status: reply.status }
}

/// What another program said, fit for a screen.
fn tidy(problem: Problem) -> Box<Problem> {
    let Problem { title, detail, code, reference, status, .. } = problem;
    Box::new(Problem::new(&plain(&code), status, plain(&title), plain(&detail), plain(&reference)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gateway_said_is_shown_as_sentences() {
        let said = |title: &str, lang| joined(title, "D.", Text::of(lang));
        assert_eq!(
            said("This certificate has been revoked", Lang::En),
            "This certificate has been revoked. D."
        );
        assert_eq!(said("No.", Lang::En), "No. D.");
        assert_eq!(said("失効しています", Lang::Ja), "失効しています。D.");
        assert_eq!(said("失効しています。", Lang::Ja), "失効しています。D.");
        assert_eq!(joined("失効しています", "", Text::of(Lang::Ja)), "失効しています。");
    }
}
