//! Stopping what runs: before the next thing is sent, and in the middle of a wait.
//!
//! A request that is on its way is not cut off: whatever it bought shall be installed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tegata_agent::issue::Pause;
use tegata_agent::transport::{
    Identity, Network, Presented, Reply, Stream, Transport, TransportError,
};
use tegata_agent::trust::Trusted;

/// Whether the person wants a job to stop. Each job has its own, from the moment it is handed in: a
/// stop that is set stays set.
#[derive(Default)]
pub(crate) struct Stop {
    is_set: Mutex<bool>,
    changed: Condvar,
    /// The same for those who look without waiting.
    flag: AtomicBool,
}

impl Stop {
    /// What runs stops.
    pub(crate) fn set(&self) {
        *self.state() = true;
        self.flag.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Whether it is set, for what takes it in this form.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.state()
    }

    fn check(&self) -> Result<(), TransportError> {
        if self.is_set() {
            return Err(TransportError::NoConnection("stopped".into()));
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause for Stop {
    fn pause(&self, duration: Duration) {
        // How the wait ended makes no difference: the next request looks again.
        drop(self.changed.wait_timeout_while(self.state(), duration, |is_set| !*is_set));
    }
}

/// A network that sends nothing more once it was stopped.
pub(crate) struct Stoppable<N> {
    pub(crate) inner: N,
    pub(crate) stop: Arc<Stop>,
}

impl<N: Network> Network for Stoppable<N> {
    fn get_unbelieved(&self, url: &str) -> Result<Reply, TransportError> {
        self.stop.check()?;
        self.inner.get_unbelieved(url)
    }

    fn believe(&self, trusted: &Trusted) -> Result<Box<dyn Transport>, TransportError> {
        let inner = self.inner.believe(trusted)?;
        Ok(Box::new(Stoppable { inner, stop: Arc::clone(&self.stop) }))
    }

    /// What is proven is installed already: there is nothing left to stop.
    fn present(
        &self,
        trusted: &Trusted,
        identity: &Identity,
        url: &str,
    ) -> Result<Presented, TransportError> {
        self.inner.present(trusted, identity, url)
    }
}

impl Transport for Stoppable<Box<dyn Transport>> {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.stop.check()?;
        self.inner.get(url)
    }

    fn post_json(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
        self.stop.check()?;
        self.inner.post_json(url, body)
    }

    fn open(&self, url: &str, from: u64) -> Result<Stream, TransportError> {
        self.stop.check()?;
        self.inner.open(url, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answers;

    impl Network for Answers {
        fn get_unbelieved(&self, _: &str) -> Result<Reply, TransportError> {
            Ok(Reply {
                status: 200,
                content_type: String::new(),
                retry_after: None,
                date: None,
                body: vec![],
            })
        }

        fn believe(&self, _: &Trusted) -> Result<Box<dyn Transport>, TransportError> {
            Err(TransportError::HostNotFound)
        }

        fn present(&self, _: &Trusted, _: &Identity, _: &str) -> Result<Presented, TransportError> {
            Err(TransportError::HostNotFound)
        }
    }

    #[test]
    fn nothing_is_sent_once_it_was_stopped() {
        let network = Stoppable { inner: Answers, stop: Arc::default() };
        network.get_unbelieved("https://a/").unwrap();
        network.stop.set();
        assert!(network.get_unbelieved("https://a/").is_err());
    }

    #[test]
    fn a_wait_ends_when_it_is_stopped() {
        let stop = Arc::new(Stop::default());
        let other = Arc::clone(&stop);
        let waits = std::thread::spawn(move || other.pause(Duration::from_secs(600)));
        stop.set();
        waits.join().unwrap();
    }
}
