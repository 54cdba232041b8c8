use http::{HeaderValue, Response, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::body::AnswerBody;
use crate::connections::Running;
use crate::headers;
use crate::shared::{Phase, Shared};

/// Passes on the protected service's consent to a WebSocket and, in the background, what both
/// sides then say, until one ends, the certificate is no longer good, or the gateway stops.
pub(crate) fn tunnel(
    shared: &Shared,
    client: OnUpgrade,
    mut answer: Response<Incoming>,
    running: Running,
) -> Response<AnswerBody> {
    let server = hyper::upgrade::on(&mut answer);
    let mut phase = shared.phase.subscribe();
    let connection = running.connection().clone();
    tokio::spawn(async move {
        let talk = async {
            let (client, server) = tokio::try_join!(client, server)?;
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            let moved = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            Ok::<_, hyper::Error>(moved)
        };
        tokio::select! {
            _ = talk => {}
            () = connection.until_cut() => {}
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => {}
        }
        drop(running);
    });
    headers::strip_answer(answer.headers_mut());
    let fields = answer.headers_mut();
    fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    *answer.version_mut() = Version::HTTP_11;
    answer.map(|_| AnswerBody::page(String::new()))
}
