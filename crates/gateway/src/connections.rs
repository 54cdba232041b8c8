use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use http::HeaderValue;
use tegata_domain::Serial;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::leaf::Leaf;

/// The open connections, by the serial number of their certificate.
///
/// A change of status looks its serial number up and wakes the connections under it, no others.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<Serial, Vec<Weak<Connection>>>>);

/// One open connection. Lives until its last request, answer and tunnel is done.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Where it comes from.
    pub(crate) peer: IpAddr,
    /// The same as the value of `X-Forwarded-For`.
    pub(crate) peer_header: HeaderValue,
    /// The certificate that was presented and proven.
    pub(crate) leaf: Option<Arc<Leaf>>,
    cut: AtomicBool,
    wake: Notify,
    /// Admitted requests whose answers are not complete.
    running: AtomicUsize,
    /// Admitted requests that have begun.
    begun: AtomicU64,
    all: Arc<Connections>,
    /// Its place among the connections that are allowed.
    _permit: OwnedSemaphorePermit,
}

/// Counts as a running, admitted request until dropped.
#[derive(Debug)]
pub(crate) struct Running(Arc<Connection>);

impl Connections {
    /// Cuts the connections of these certificates.
    pub(crate) fn cut(&self, serials: &[Serial]) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let found: Vec<_> = serials
            .iter()
            .filter_map(|serial| open.get(serial))
            .flatten()
            .filter_map(Weak::upgrade)
            .collect();
        // The last owner of a connection takes this lock to remove it.
        drop(open);
        found.iter().for_each(|connection| connection.cut());
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Serial, Vec<Weak<Connection>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.open().values().map(Vec::len).sum()
    }
}

impl Connection {
    /// Registers a connection. From here on no change of status passes it by.
    pub(crate) fn open(
        all: Arc<Connections>,
        peer: IpAddr,
        leaf: Option<Arc<Leaf>>,
        permit: OwnedSemaphorePermit,
    ) -> Arc<Self> {
        let peer = peer.to_canonical();
        let connection = Arc::new(Self {
            peer,
            peer_header: HeaderValue::try_from(peer.to_string())
                .unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            leaf,
            cut: AtomicBool::new(false),
            wake: Notify::new(),
            running: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            all,
            _permit: permit,
        });
        if let Some(serial) = connection.serial() {
            let mut open = connection.all.open();
            open.entry(serial).or_default().push(Arc::downgrade(&connection));
        }
        connection
    }

    /// Counts an admitted request.
    pub(crate) fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self.clone())
    }

    /// Whether a request is running.
    pub(crate) fn is_busy(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// How many admitted requests have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Returns when the certificate is no longer good.
    pub(crate) async fn until_cut(&self) {
        let woken = self.wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        if !self.cut.load(Ordering::Acquire) {
            woken.await;
        }
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.wake.notify_waiters();
    }

    fn serial(&self) -> Option<Serial> {
        Some(self.leaf.as_ref()?.facts()?.serial)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(serial) = self.serial() else { return };
        let mut open = self.all.open();
        if let Some(same) = open.get_mut(&serial) {
            same.retain(|connection| !std::ptr::eq(connection.as_ptr(), self));
            if same.is_empty() {
                open.remove(&serial);
            }
        }
    }
}

impl Running {
    /// The connection it runs on.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::sync::Semaphore;

    use super::*;
    use crate::leaf::tests::Issuer;

    async fn open(all: &Arc<Connections>, leaf: Option<&Arc<Leaf>>) -> Arc<Connection> {
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        Connection::open(all.clone(), Ipv4Addr::LOCALHOST.into(), leaf.cloned(), permit)
    }

    fn is_cut(connection: &Connection) -> bool {
        connection.cut.load(Ordering::Acquire)
    }

    #[tokio::test]
    async fn only_the_connections_of_the_certificate_are_cut() {
        let all = Arc::new(Connections::default());
        let issuer = Issuer::new("SB0001002C");
        let (one, other) = (issuer.leaf(1), issuer.leaf(2));
        let first = open(&all, Some(&one)).await;
        let second = open(&all, Some(&one)).await;
        let third = open(&all, Some(&other)).await;
        let bare = open(&all, None).await;

        all.cut(&[one.facts().unwrap().serial]);
        assert!(is_cut(&first) && is_cut(&second));
        assert!(!is_cut(&third) && !is_cut(&bare));
        first.until_cut().await;
    }

    #[tokio::test]
    async fn a_closed_connection_leaves_nothing_behind() {
        let all = Arc::new(Connections::default());
        let leaf = Issuer::new("SB0001002C").leaf(1);
        let first = open(&all, Some(&leaf)).await;
        let second = open(&all, Some(&leaf)).await;
        assert_eq!(all.len(), 2);
        drop(first);
        assert_eq!(all.len(), 1);
        drop(second);
        assert!(all.open().is_empty());
    }

    #[tokio::test]
    async fn a_request_runs_until_its_answer_is_done() {
        let connection = open(&Arc::default(), None).await;
        let running = connection.begin();
        assert!(connection.is_busy());
        drop(running);
        assert!(!connection.is_busy());
        assert_eq!(connection.begun(), 1);
    }
}
