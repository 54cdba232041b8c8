//! A word to whoever sits at the PC, from a program without a window.
//!
//! On Linux the desktop's own service (Desktop Notifications Specification), on Windows a balloon
//! at the clock, on macOS through AppleScript (not tried on a Mac).

/// Says `body` under `title`. `pause` waits for as long as the word has to stay up: some systems
/// take it away with the program.
///
/// # Errors
/// When nobody can be told: no desktop, nobody signed in to it.
pub fn tell(title: &str, body: &str, pause: &dyn crate::issue::Pause) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    {
        let _ = pause;
        linux::tell(title, body)
    }
    #[cfg(windows)]
    {
        let balloon = tegata_windows::balloon::show(title, body).map_err(|e| e.to_string())?;
        pause.pause(std::time::Duration::from_secs(20));
        drop(balloon);
        Ok(())
    }
    #[cfg(target_os = "macos")]
    {
        let _ = pause;
        let said = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let script =
            format!("display notification \"{}\" with title \"{}\"", said(body), said(title));
        let ran = std::process::Command::new("osascript").args(["-e", &script]).output();
        let ran = ran.map_err(|error| error.to_string())?;
        if ran.status.success() { Ok(()) } else { Err(ran.status.to_string()) }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{self, Thread};
    use std::time::{Duration, Instant};

    use zbus::Connection;
    use zbus::zvariant::Value;

    const SERVICE: &str = "org.freedesktop.Notifications";
    const OBJECT: &str = "/org/freedesktop/Notifications";
    /// Longest wait for a desktop that may hang: whoever tells has more to do.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) fn tell(title: &str, body: &str) -> Result<(), String> {
        match block_on(notify(title, body), Instant::now() + PATIENCE) {
            Some(told) => told.map_err(|error| error.to_string()),
            None => Err("the desktop gives no answer".to_owned()),
        }
    }

    async fn notify(title: &str, body: &str) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        // It stays until it is closed: it may come while nobody looks.
        let hints = HashMap::from([("urgency", Value::from(1_u8)), ("resident", true.into())]);
        let (actions, icon, never): (&[&str], _, _) = (&[], "tegata", 0_i32);
        let message = ("Tegata", 0_u32, icon, title, marked_up(body), actions, hints, never);
        bus.call_method(Some(SERVICE), OBJECT, Some(SERVICE), "Notify", &message).await?;
        Ok(())
    }

    /// A body may hold markup; ours holds none.
    fn marked_up(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }

    /// Wakes the thread that waits.
    struct Waiter(Thread);

    impl Wake for Waiter {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Waits for one thing, no longer than `until`; the bus has threads of its own.
    fn block_on<T>(future: impl Future<Output = T>, until: Instant) -> Option<T> {
        let waker = Waker::from(Arc::new(Waiter(thread::current())));
        let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(result) => return Some(result),
                Poll::Pending => match until.checked_duration_since(Instant::now()) {
                    Some(left) => thread::park_timeout(left),
                    None => return None,
                },
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_desktop_that_says_nothing_is_not_waited_for() {
            assert_eq!(block_on(std::future::pending::<()>(), Instant::now()), None);
            assert_eq!(block_on(async { 1 }, Instant::now()), Some(1));
        }
    }
}
