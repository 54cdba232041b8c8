//! A revocation feed that holds questions until there is news, and can be made to misbehave.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tegata_domain::{Clock, RevocationStatus, Serial};
use tegata_wire::feed::{Change, Page};
use tegata_wire::report::{CHAIN_TYPE, Report, SealedReport};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::world::{TestClock, soon};

#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    service: String,
    clock: Arc<TestClock>,
    key: Ed25519KeyPair,
    history: Mutex<Vec<Change>>,
    authorities: Mutex<Vec<Vec<u8>>>,
    /// The authorities of the last answer.
    told: Mutex<Vec<Vec<u8>>>,
    per_page: Mutex<usize>,
    mode: Mutex<Mode>,
    questions: watch::Sender<u64>,
    news: watch::Sender<()>,
    /// What a report is answered with instead of nothing.
    handed_over: Mutex<Option<String>>,
    /// What the gateway reported, each as it came.
    reports: watch::Sender<Vec<Vec<u8>>>,
    /// Reports whose number is greater are refused: by a clock that is fast.
    latest: Mutex<u64>,
}

/// What the feed answers.
#[derive(Clone)]
pub(crate) enum Mode {
    /// What it should.
    Honest,
    /// Nothing: 503.
    Down,
    /// These octets, whatever was asked.
    Fixed(Vec<u8>),
}

impl Feed {
    pub(crate) async fn start(
        service: &str,
        seed: u8,
        authorities: Vec<Vec<u8>>,
        clock: Arc<TestClock>,
    ) -> Self {
        let state = Arc::new(State {
            service: service.to_owned(),
            clock,
            key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
            history: Mutex::default(),
            authorities: Mutex::new(authorities),
            told: Mutex::default(),
            per_page: Mutex::new(1_000),
            mode: Mutex::new(Mode::Honest),
            questions: watch::Sender::new(0),
            news: watch::Sender::new(()),
            handed_over: Mutex::default(),
            reports: watch::Sender::default(),
            latest: Mutex::new(u64::MAX),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(listen(listener, state.clone()));
        Self { addr, state }
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.state.key.public_key().as_ref().try_into().unwrap()
    }

    /// Announces a change; returns the position behind it.
    pub(crate) fn announce(&self, serial: Serial, status: RevocationStatus) -> u64 {
        let mut history = self.state.history.lock().unwrap();
        history.push(Change { serial, status });
        let position = history.len() as u64;
        drop(history);
        self.state.news.send_replace(());
        position
    }

    pub(crate) fn authorise(&self, authorities: Vec<Vec<u8>>) {
        *self.state.authorities.lock().unwrap() = authorities;
        self.state.news.send_replace(());
    }

    pub(crate) fn set_page_size(&self, changes: usize) {
        *self.state.per_page.lock().unwrap() = changes;
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
        self.state.news.send_replace(());
    }

    /// Refuses reports from later than `second`.
    pub(crate) fn refuse_after(&self, second: i64) {
        *self.state.latest.lock().unwrap() = second as u64 * 1_000_000;
    }

    /// Answers reports with these certificates from now on.
    pub(crate) fn hand_over(&self, pem: String) {
        *self.state.handed_over.lock().unwrap() = Some(pem);
    }

    /// The page that answers for `after`, signed.
    pub(crate) fn signed(&self, after: u64) -> Vec<u8> {
        self.state.sign(&self.state.page(after))
    }

    /// Any page, signed with this feed's key.
    pub(crate) fn sign(&self, change: impl FnOnce(&mut Page)) -> Vec<u8> {
        let mut page = self.state.page(0);
        change(&mut page);
        self.state.sign(&page)
    }

    /// The reports that a gateway sent, once `until` holds of them.
    pub(crate) async fn reports(&self, mut until: impl FnMut(&[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let mut reports = self.state.reports.subscribe();
        soon(reports.wait_for(|reports| until(reports))).await.unwrap().clone()
    }

    /// Resolves when `more` further questions have come in.
    pub(crate) async fn asked(&self, more: u64) {
        let mut questions = self.state.questions.subscribe();
        let before = *questions.borrow();
        questions.wait_for(|count| *count >= before + more).await.unwrap();
    }
}

impl State {
    fn page(&self, after: u64) -> Page {
        let history = self.history.lock().unwrap();
        let rest = history.get(after as usize..).unwrap_or_default();
        let changes: Vec<_> = rest.iter().take(*self.per_page.lock().unwrap()).copied().collect();
        Page {
            service: self.service.clone(),
            after,
            position: after + changes.len() as u64,
            at: self.clock.now(),
            complete: changes.len() == rest.len(),
            receipt: Vec::new(),
            authorities: self.authorities.lock().unwrap().clone(),
            changes,
        }
    }

    fn sign(&self, page: &Page) -> Vec<u8> {
        let signed = page.to_signed_octets();
        [self.key.sign(&signed).as_ref(), &signed].concat()
    }

    async fn take_report(&self, body: Incoming) -> Response<Full<Bytes>> {
        let octets = body.collect().await.unwrap().to_bytes().to_vec();
        let is_down = matches!(*self.mode.lock().unwrap(), Mode::Down);
        let mut answer = Response::new(Full::default());
        *answer.status_mut() =
            if is_down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT };
        let report = Report::parse(SealedReport::split(&octets).unwrap().body).unwrap();
        if !is_down && report.sequence > *self.latest.lock().unwrap() {
            *answer.status_mut() = StatusCode::CONFLICT;
        } else if !is_down {
            self.reports.send_modify(|reports| reports.push(octets));
            if let Some(pem) = self.handed_over.lock().unwrap().clone() {
                *answer.status_mut() = StatusCode::OK;
                answer.headers_mut().insert("content-type", CHAIN_TYPE.parse().unwrap());
                *answer.body_mut() = Full::from(pem);
            }
        }
        answer
    }

    async fn answer(&self, query: &str) -> Response<Full<Bytes>> {
        let value = |name: &str| -> u64 {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name));
            pair.unwrap().parse().unwrap()
        };
        let (after, wait) = (value("after="), value("wait="));
        let mut news = self.news.subscribe();
        self.questions.send_modify(|count| *count += 1);
        loop {
            match self.mode.lock().unwrap().clone() {
                Mode::Honest => {}
                Mode::Fixed(octets) => return Response::new(Full::from(octets)),
                Mode::Down => {
                    let mut answer = Response::new(Full::default());
                    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    return answer;
                }
            }
            let page = self.page(after);
            let news_now =
                !page.changes.is_empty() || page.authorities != *self.told.lock().unwrap();
            if news_now || wait == 0 {
                self.told.lock().unwrap().clone_from(&page.authorities);
                return Response::new(Full::from(self.sign(&page)));
            }
            let wait = std::time::Duration::from_secs(wait);
            if tokio::time::timeout(wait, news.changed()).await.is_err() {
                return Response::new(Full::from(self.sign(&self.page(after))));
            }
        }
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let state = state.clone();
                async move {
                    if request.uri().path().ends_with("/used") {
                        return Ok::<_, Infallible>(state.take_report(request.into_body()).await);
                    }
                    let query = request.uri().query().unwrap_or_default();
                    Ok(state.answer(query).await)
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
