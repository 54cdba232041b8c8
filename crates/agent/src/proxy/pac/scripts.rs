//! Scripts that this program fetches and runs itself, kept for the session.

#[cfg(not(windows))]
pub(in crate::proxy) use here::Scripts;
#[cfg(windows)]
pub(in crate::proxy) use windows::Scripts;

#[cfg(windows)]
mod windows {
    use crate::proxy::{Surroundings, Way};

    /// None: Windows fetches, keeps and runs scripts itself.
    #[derive(Default)]
    pub(in crate::proxy) struct Scripts;

    impl Scripts {
        #[expect(clippy::unused_self, reason = "elsewhere it keeps scripts")]
        pub(in crate::proxy) fn ask(
            &self,
            _: &str,
            _: &str,
            _: Option<&str>,
            _: &Surroundings,
        ) -> Result<Vec<Way>, String> {
            Err("Windows runs scripts itself".to_owned())
        }
    }
}

#[cfg(not(windows))]
mod here {
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use jiff::Timestamp;

    use super::super::engine::{Limits, Script, ScriptError};
    use super::super::fetch::fetch;
    use crate::proxy::{Surroundings, Way, script_answer};

    /// How long a script that could not be fetched is not asked for again.
    const REST: Duration = Duration::from_secs(60);

    /// A script by its address: when it was fetched, and what came of it.
    type Kept = (String, Timestamp, Result<Script, String>);

    /// The scripts of this session.
    #[derive(Default)]
    pub(in crate::proxy) struct Scripts(Mutex<Vec<Kept>>);

    impl Scripts {
        /// What a script says of `url`, the first one that the network offers when it has no
        /// address.
        pub(in crate::proxy) fn ask(
            &self,
            url: &str,
            host: &str,
            script: Option<&str>,
            around: &Surroundings,
        ) -> Result<Vec<Way>, String> {
            let places = match script {
                Some(place) => vec![place.to_owned()],
                None => around.system.detected_scripts(),
            };
            let mut last = Err("the network offers no script".to_owned());
            for place in places {
                let now = around.clock.now();
                last = self.script(&place, now).and_then(|script| {
                    let now = now.to_zoned(around.zone.clone());
                    let names = Arc::clone(&around.names);
                    let answer = script.ask(url, host, &now, names, Limits::default());
                    if answer == Err(ScriptError::TooLong) {
                        // It may still run: not again at once.
                        self.rest(&place, now.timestamp());
                    }
                    answer.map(|said| script_answer(&said)).map_err(|error| error.to_string())
                });
                if last.is_ok() {
                    break;
                }
            }
            last
        }

        fn rest(&self, place: &str, now: Timestamp) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|(url, ..)| url != place);
            kept.push((place.to_owned(), now, Err(ScriptError::TooLong.to_string())));
        }

        /// The script from an address, fetched once a session; after a failure, again a minute
        /// later.
        fn script(&self, place: &str, now: Timestamp) -> Result<Script, String> {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, at, script)) = kept.iter().find(|(url, ..)| url == place)
                && (script.is_ok() || now.duration_since(*at).unsigned_abs() < REST)
            {
                return script.clone();
            }
            let fetched = fetch(place);
            kept.retain(|(url, ..)| url != place);
            kept.push((place.to_owned(), now, fetched.clone()));
            fetched
        }
    }
}
