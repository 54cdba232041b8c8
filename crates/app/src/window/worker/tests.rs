//! The worker's thread against sockets of this PC.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tegata_text::Lang;

use super::*;
use crate::{SystemClock, SystemEntropy};

/// Longer than anything here takes on a busy machine.
const WAIT: Duration = Duration::from_secs(60);

fn worker() -> (Worker, Receiver<Report>) {
    let (says, said) = channel();
    let around = Surroundings {
        version: "0.1.0",
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let worker = Worker::start(around, None, move |report| says.send(report).unwrap()).unwrap();
    (worker, said)
}

fn context(proxy: &str, store: &str) -> Context {
    let (store, proxy) = (store.to_owned(), proxy.to_owned());
    Context { text: Text::of(Lang::En), store, proxy, service: None }
}

fn site(host: &str) -> Site {
    format!("https://{host}/issueweb/0001/SB0001002C/").parse().unwrap()
}

fn redeem(host: &str) -> Job {
    let place =
        format!("https%3A%2F%2F{}%2Fissueweb%2F0001%2FSB0001002C%2F", host.replace(':', "%3A"));
    let link = format!("tegata:issue?site={place}&nonce=AAAA").parse().unwrap();
    Job::Redeem { link, root: Fingerprint::of(b"root") }
}

/// A proxy that lets nobody through.
fn asking_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let refuse = |mut stream: TcpStream| {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut octet = [0];
                stream.read_exact(&mut octet)?;
                request.push(octet[0]);
            }
            stream.write_all(
                b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"office\"\r\n\
                  Content-Length: 0\r\n\r\n",
            )
        };
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that is gone is no fault of the next.
            let _ = refuse(stream);
        }
    });
    address
}

#[test]
fn a_stop_meets_every_job_that_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let folder = tempfile::tempdir().unwrap();
    let store = format!("pem:{}", folder.path().display());
    let (worker, said) = worker();
    worker.work(context("none", &store), redeem(&host));
    let stalled = listener.accept().unwrap();
    let filled = Filled {
        user: "CMSM950-006-401".parse().unwrap(),
        password: Zeroizing::new("abcdefghjkmnpqrs".to_owned()),
        email: "taro@example.co.jp".parse().unwrap(),
    };
    let (site, root) = (site(&host), Fingerprint::of(b"root"));
    worker.work(context("none", &store), Job::Issue { site, root, filled });
    worker.stop();
    drop((stalled, listener));
    let mut reports = std::iter::from_fn(|| said.recv_timeout(WAIT).ok());
    let report = reports.find(|report| !matches!(report, Report::Step(_))).unwrap();
    assert!(matches!(report, Report::Cancelled(_)), "{report:?}");
}

#[test]
fn a_stop_ends_a_question_and_what_follows_is_done() {
    let (worker, said) = worker();
    let context = context(&asking_proxy(), "pem:/nowhere");
    worker.work(context.clone(), redeem("issue.example.jp"));
    let asked = said.recv_timeout(WAIT).unwrap();
    let is_plain = matches!(asked, Report::Asked(Question::Proxy { is_plain: true, .. }));
    assert!(is_plain, "{asked:?}");
    worker.stop();
    worker.work(context, Job::Load { site: None });
    let report = said.recv_timeout(WAIT).unwrap();
    assert!(matches!(report, Report::Loaded(_)), "nothing of the link before it: {report:?}");
}

#[test]
fn whoever_tells_a_proxy_nothing_is_not_asked_again_by_the_same_job() {
    let (worker, said) = worker();
    let context = context(&asking_proxy(), "pem:/nowhere");
    let (site, root) = (site("issue.example.jp"), Fingerprint::of(b"root"));
    let diagnosed = Context { service: Some((site, root)), ..context };
    worker.work(diagnosed, Job::Diagnose { reference: String::new() });
    let asked = said.recv_timeout(WAIT).unwrap();
    assert!(matches!(asked, Report::Asked(_)), "{asked:?}");
    worker.answer(Answer::Proxy(None));
    let report = said.recv_timeout(WAIT).unwrap();
    assert!(matches!(report, Report::Diagnosed(_)), "{report:?}");
}
