//! Links of the issuing site that start the application: `tegata:issue?site=…&nonce=…`.
//!
//! The nonce says that the link was made by this site, for this service, a short while ago, and
//! it works once. What it can do is little by design: choose a form and a language. Nothing is
//! issued by it, and an application that cannot redeem one only shows its menu.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use tegata_domain::{Clock, Entropy, ServiceKey};
use tegata_text::Lang;
use tegata_wire::api::LinkTask;

/// How long a link works after its page was shown: time to install the application first.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// Most nonces that are remembered as used: at 16 octets each about 5 MiB. Beyond it no link
/// is redeemed until some have run out.
const MOST_USED: usize = 100_000;

/// Octets before the tag: form, task, language, end (seconds, big-endian), random.
const BODY: usize = 1 + 1 + 1 + 8 + 12;
const FORM: u8 = 1;

/// Makes nonces and takes them back. The key lives as long as the process: a link from before a
/// restart has run out.
pub(crate) struct Links {
    key: hmac::Key,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The random part of what was redeemed, with the end of its lifetime.
    used: Mutex<BTreeMap<[u8; 12], i64>>,
}

/// Not a link of ours, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkRefused {
    /// Made elsewhere, for another service, changed, run out or used.
    NotValid,
    /// Too many were redeemed within their lifetime.
    Busy,
}

impl Links {
    pub(crate) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        entropy.fill(secret.as_mut());
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref());
        Self { key, clock, entropy, used: Mutex::default() }
    }

    /// A nonce for a link of `service`.
    pub(crate) fn mint(&self, service: &ServiceKey, task: LinkTask, lang: Lang) -> String {
        let end = self.clock.now().as_second() + LIFETIME.as_secs();
        let mut random = [0; 12];
        self.entropy.fill(&mut random);
        let mut octets = Vec::with_capacity(BODY + 32);
        octets.extend([FORM, code_of_task(task), code_of_lang(lang)]);
        octets.extend(end.to_be_bytes());
        octets.extend(random);
        let tag = hmac::sign(&self.key, &signed(service, &octets));
        octets.extend(tag.as_ref());
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// What the link of `nonce` was made for. It works once.
    pub(crate) fn redeem(
        &self,
        service: &ServiceKey,
        nonce: &str,
    ) -> Result<(LinkTask, Lang), LinkRefused> {
        let octets = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| LinkRefused::NotValid)?;
        let (body, tag) = octets.split_at_checked(BODY).ok_or(LinkRefused::NotValid)?;
        hmac::verify(&self.key, &signed(service, body), tag).map_err(|_| LinkRefused::NotValid)?;
        let (task, lang, end, random) = parts(body).ok_or(LinkRefused::NotValid)?;
        let now: Timestamp = self.clock.now();
        if end <= now.as_second() {
            return Err(LinkRefused::NotValid);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST_USED {
            used.retain(|_, end| *end > now.as_second());
        }
        if used.contains_key(&random) {
            return Err(LinkRefused::NotValid);
        }
        if used.len() >= MOST_USED {
            return Err(LinkRefused::Busy);
        }
        used.insert(random, end);
        Ok((task, lang))
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}

/// What the tag is over: the service is not in the nonce, but it is in the link.
fn signed(service: &ServiceKey, body: &[u8]) -> Vec<u8> {
    [b"tegata link\0", service.to_string().as_bytes(), b"\0", body].concat()
}

fn parts(body: &[u8]) -> Option<(LinkTask, Lang, i64, [u8; 12])> {
    let [form, task, lang, rest @ ..] = body else { return None };
    let (end, random) = rest.split_first_chunk::<8>()?;
    let task =
        [LinkTask::Issue, LinkTask::Renew].into_iter().find(|t| code_of_task(*t) == *task)?;
    let lang = Lang::ALL.into_iter().find(|l| code_of_lang(*l) == *lang)?;
    (*form == FORM).then_some((task, lang, i64::from_be_bytes(*end), random.try_into().ok()?))
}

fn code_of_task(task: LinkTask) -> u8 {
    match task {
        LinkTask::Issue => 1,
        LinkTask::Renew => 2,
    }
}

fn code_of_lang(lang: Lang) -> u8 {
    match lang {
        Lang::Ja => 1,
        Lang::En => 2,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use super::*;

    struct Turned(AtomicI64);

    impl Clock for Turned {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    struct Counting(AtomicU64);

    impl Entropy for Counting {
        fn fill(&self, octets: &mut [u8]) {
            let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            octets.iter_mut().zip(count.iter().cycle()).for_each(|(octet, one)| *octet = *one);
        }
    }

    fn links() -> (Links, Arc<Turned>) {
        let clock = Arc::new(Turned(1_800_000_000.into()));
        (Links::new(clock.clone(), Arc::new(Counting(1.into()))), clock)
    }

    /// For tests of pages.
    pub(crate) fn some_links() -> Arc<Links> {
        Arc::new(links().0)
    }

    fn service() -> ServiceKey {
        "0001/SB0001002C".parse().unwrap()
    }

    #[test]
    fn a_link_works_once_for_what_it_was_made_for() {
        let (links, _) = links();
        for task in [LinkTask::Issue, LinkTask::Renew] {
            for lang in Lang::ALL {
                let nonce = links.mint(&service(), task, lang);
                assert_eq!(links.redeem(&service(), &nonce), Ok((task, lang)));
                assert_eq!(links.redeem(&service(), &nonce), Err(LinkRefused::NotValid));
            }
        }
    }

    #[test]
    fn another_service_gets_nothing_by_it() {
        let (links, _) = links();
        let nonce = links.mint(&service(), LinkTask::Issue, Lang::Ja);
        let other = "0002/SB0001002C".parse().unwrap();
        assert_eq!(links.redeem(&other, &nonce), Err(LinkRefused::NotValid));
        assert!(links.redeem(&service(), &nonce).is_ok(), "and does not use it up");
    }

    #[test]
    fn it_runs_out_to_the_second() {
        for (later, works) in [(LIFETIME.as_secs() - 1, true), (LIFETIME.as_secs(), false)] {
            let (links, clock) = links();
            let nonce = links.mint(&service(), LinkTask::Issue, Lang::Ja);
            clock.0.fetch_add(later, Ordering::Relaxed);
            assert_eq!(links.redeem(&service(), &nonce).is_ok(), works, "after {later} s");
        }
    }

    #[test]
    fn a_link_of_before_a_restart_is_none() {
        let clock = Arc::new(Turned(1_800_000_000.into()));
        let start = |n| Links::new(clock.clone(), Arc::new(Counting(AtomicU64::new(n))));
        let nonce = start(1).mint(&service(), LinkTask::Issue, Lang::Ja);
        assert_eq!(start(2).redeem(&service(), &nonce), Err(LinkRefused::NotValid));
    }

    #[test]
    fn whatever_is_changed_is_refused() {
        let (links, _) = links();
        let nonce = links.mint(&service(), LinkTask::Renew, Lang::En);
        for at in 0..nonce.len() {
            let by = if nonce.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut changed = nonce.clone();
            changed.replace_range(at..=at, by);
            assert_eq!(links.redeem(&service(), &changed), Err(LinkRefused::NotValid), "{at}");
        }
        for other in ["", "A", &nonce[1..], &nonce[..70], &nonce.repeat(2), "日本", "====", "%00"]
        {
            assert_eq!(links.redeem(&service(), other), Err(LinkRefused::NotValid), "{other}");
        }
        assert!(links.redeem(&service(), &nonce).is_ok());
    }
}
