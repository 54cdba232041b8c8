use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tegata_domain::{RevocationStatus, Verdict};

use crate::answer::{Answer, Cause, Wishes};
use crate::body::AnswerBody;
use crate::connections::Connection;
use crate::leaf::Leaf;
use crate::reference::reference;
use crate::service::Service;
use crate::shared::Shared;
use crate::verdict::{Authenticity, Findings, verdict};
use crate::{path, proxy};

/// Answers one request: finds the service, judges the certificate anew, forwards or refuses.
pub(crate) async fn answer(
    shared: &Shared,
    connection: &Arc<Connection>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let uri = request.uri().clone();
    let wishes = Wishes::of(request.headers());
    let prefixes = shared.services.iter().map(|service| &service.config.path);
    let index = path::route(prefixes, uri.path());
    let service = index.map(|index| &*shared.services[index]);
    let leaf = connection.leaf.as_deref();
    let facts = leaf.and_then(Leaf::facts);
    let verdict = judge(shared, leaf, index);
    shared.metrics.count_verdict(verdict);
    let cause = match (verdict, service, facts) {
        (Verdict::Admitted, Some(service), Some(facts)) => {
            let running = connection.begin();
            note(shared, service, leaf);
            match proxy::forward(shared, service, facts, request, running).await {
                Ok(answer) => return answer,
                Err(cause) => {
                    if matches!(cause, Cause::UpstreamUnreachable | Cause::UpstreamTimeout) {
                        shared.metrics.count_upstream_failure();
                    }
                    cause
                }
            }
        }
        _ => Cause::Verdict(verdict),
    };
    let reference = reference(cause.code(), &*shared.entropy);
    tracing::info!(
        verdict = cause.code(),
        reference,
        service = service.map(|service| tracing::field::display(&service.config.key)),
        serial = facts.map(|facts| tracing::field::display(facts.serial)),
        user = facts.map(|facts| tracing::field::display(&facts.user)),
        path = uri.path(),
        peer = %connection.peer,
        "refused"
    );
    let service = service.map(|service| &service.config);
    Answer { cause, service, facts, reference: &reference }.response(&wishes)
}

/// Leaves word that a certificate was admitted.
fn note(shared: &Shared, service: &Service, leaf: Option<&Leaf>) {
    if let Some((leaf, facts)) = leaf.and_then(|leaf| Some((leaf, leaf.facts()?))) {
        let now = shared.clock.now().as_second();
        service.uses.note(&leaf.noted, facts.serial, now, &shared.metrics);
    }
}

/// What stands in the way of `leaf` at the path of the service at `index`, at this moment.
fn judge(shared: &Shared, leaf: Option<&Leaf>, index: Option<usize>) -> Verdict {
    let Some(index) = index else { return Verdict::UnknownPath };
    let knowledge = &shared.services[index].knowledge;
    let now = shared.clock.now().as_second();
    let findings = leaf.map(|leaf| {
        let stranger = Findings {
            authenticity: Authenticity::WrongIssuer,
            status: RevocationStatus::Good,
            validity: (i64::MIN, i64::MAX),
        };
        leaf.facts().map_or(stranger, |facts| Findings {
            authenticity: leaf.authenticity(
                index,
                &knowledge.authorities(),
                shared.tls.algorithms(),
            ),
            status: knowledge.status(&facts.serial),
            validity: facts.validity,
        })
    });
    verdict(findings.as_ref(), knowledge.freshness(now), now)
}
