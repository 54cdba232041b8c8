//! A `tegata:` link, as the operating system hands it over: hostile until parsed.
//!
//! `tegata:issue?site=https%3A%2F%2F…&nonce=…`. Whatever web page may write one, so it can do
//! nothing but choose a form: the site must be one that this PC knows, and the nonce is redeemed
//! there before the choice is followed.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tegata_wire::api::LinkRequest;
pub use tegata_wire::api::{LinkAnswer, LinkTask};

use crate::site::Site;
use crate::transport::Transport;

/// Longest link that is read, in octets. Ours have about 200.
const MAX_LEN: usize = 1024;
/// Longest nonce, in characters. Ours have 74.
const MAX_NONCE: usize = 128;

/// What a link asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What the person chose on the page, if the site made the link.
    pub task: LinkTask,
    /// The site that says that it made it.
    pub site: Site,
    nonce: String,
}

/// Not a link that a site of Tegata makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not the form `tegata:issue?site=…&nonce=…`, or too long.
    #[error("not a link of an issuing site")]
    Form,
    /// For a site that this PC has nothing to do with.
    #[error("a link of another site")]
    ForeignSite,
}

impl Link {
    /// Itself when its site is one of `known`.
    ///
    /// # Errors
    /// [`LinkError::ForeignSite`]
    pub fn of_known<'a>(
        self,
        known: impl IntoIterator<Item = &'a Site>,
    ) -> Result<Self, LinkError> {
        if known.into_iter().any(|site| *site == self.site) {
            Ok(self)
        } else {
            Err(LinkError::ForeignSite)
        }
    }

    /// Asks the site whether it made the link just now and for the first time. `None` when it
    /// says no or says nothing: the person then chooses in the application.
    pub fn redeem(&self, transport: &dyn Transport) -> Option<LinkAnswer> {
        let request = serde_json::to_vec(&LinkRequest { nonce: self.nonce.clone() }).ok()?;
        let reply = transport.post_json(&self.site.api("link"), &request).ok()?;
        let answer: LinkAnswer = serde_json::from_slice(&reply.body).ok()?;
        (reply.status == 200 && answer.task == self.task).then_some(answer)
    }
}

/// Strict: one spelling, each part once, nothing else.
impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LEN || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(LinkError::Form);
        }
        let (task, query) = text
            .strip_prefix("tegata:")
            .and_then(|rest| rest.split_once('?'))
            .ok_or(LinkError::Form)?;
        let task = match task {
            "issue" => LinkTask::Issue,
            "renew" => LinkTask::Renew,
            _ => return Err(LinkError::Form),
        };
        let (mut site, mut nonce) = (None, None);
        for part in query.split('&') {
            let (name, value) = part.split_once('=').ok_or(LinkError::Form)?;
            let place = match name {
                "site" => &mut site,
                "nonce" => &mut nonce,
                _ => return Err(LinkError::Form),
            };
            if place.replace(value).is_some() {
                return Err(LinkError::Form);
            }
        }
        let site = percent_decode_str(site.ok_or(LinkError::Form)?).decode_utf8();
        let site = site.map_err(|_| LinkError::Form)?;
        let nonce = nonce.filter(|nonce| is_nonce(nonce)).ok_or(LinkError::Form)?;
        // What is decoded must be as plain as what was not: no spaces to trim, no controls.
        if !site.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(LinkError::Form);
        }
        let site = site.parse().map_err(|_| LinkError::Form)?;
        Ok(Self { task, site, nonce: nonce.to_owned() })
    }
}

/// As it was read, for the hand-over to an application that runs already.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = match self.task {
            LinkTask::Issue => "issue",
            LinkTask::Renew => "renew",
        };
        let site = self.site.to_string();
        let site = percent_encoding::utf8_percent_encode(&site, percent_encoding::NON_ALPHANUMERIC);
        write!(f, "tegata:{task}?site={site}&nonce={}", self.nonce)
    }
}

fn is_nonce(text: &str) -> bool {
    let is_base64 = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (1..=MAX_NONCE).contains(&text.len()) && text.bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SITE: &str = "https%3A%2F%2Fcert.example.jp%3A8443%2Fissueweb%2F0001%2FSB0001002C%2F";

    #[test]
    fn the_link_of_a_page_is_read() {
        let text = format!("tegata:issue?site={SITE}&nonce=AQEB-_9");
        let link: Link = text.parse().unwrap();
        assert_eq!(link.task, LinkTask::Issue);
        assert_eq!(link.site.to_string(), "https://cert.example.jp:8443/issueweb/0001/SB0001002C/");
        let swapped = format!("tegata:renew?nonce=AQEB-_9&site={SITE}");
        assert_eq!(swapped.parse::<Link>().unwrap().task, LinkTask::Renew);
        assert_eq!(link.to_string().parse(), Ok(link));
    }

    #[test]
    fn hostile_links_are_refused() {
        let good = format!("tegata:issue?site={SITE}&nonce=AAAA");
        let long = format!("tegata:issue?site={SITE}&nonce={}", "A".repeat(129));
        let longer = format!("{good}{}", "&x=1".repeat(300));
        for bad in [
            "",
            "tegata:",
            "tegata:issue",
            "tegata:issue?",
            "tegata://issue?site=x&nonce=y",
            "TEGATA:issue?site=x",
            &long,
            &longer,
            &good.replace("issue?", "remove?"),
            &good.replace("issue?", "issue/../renew?"),
            &good.replace("&nonce=AAAA", ""),
            &good.replace("nonce=AAAA", "nonce="),
            &good.replace("nonce=AAAA", "nonce=AA%41"),
            &good.replace("nonce=AAAA", "nonce=A&nonce=B"),
            &format!("{good}&lang=ja"),
            &format!("{good}&site={SITE}"),
            &format!("{good} --store pem:/"),
            &format!("{good}\n"),
            &format!("{good}\u{0}"),
            &format!("{good}#x"),
            &good.replace("https", "http"),
            &good.replace("https", "file"),
            &good.replace("cert.example.jp", "user%40cert.example.jp"),
            &good.replace("cert.example.jp", "cert.example.jp%00.evil.example"),
            &good.replace("cert.example.jp", "%E2%80%AEcert"),
            &good.replace("%2F&nonce", "%2F%3Fx%3D1&nonce"),
            &good.replace("%2F&nonce", "%2F%20&nonce"),
            &good.replace("issueweb", "other"),
            &good.replace("SB0001002C", "..%2F.."),
        ] {
            assert_eq!(bad.parse::<Link>(), Err(LinkError::Form), "{bad:?}");
        }
    }

    #[test]
    fn a_link_of_another_host_is_told_from_ours() {
        let link = |host: &str| {
            let site = SITE.replace("cert.example.jp", host);
            format!("tegata:issue?site={site}&nonce=AAAA").parse::<Link>().unwrap()
        };
        let ours = link("cert.example.jp").site;
        assert!(link("cert.example.jp").of_known([&ours]).is_ok());
        for other in ["cert.example.jp.evil.example", "cert-example.jp", "xn--cert-example.jp"] {
            assert_eq!(link(other).of_known([&ours]), Err(LinkError::ForeignSite));
        }
        assert_eq!(link("cert.example.jp").of_known([]), Err(LinkError::ForeignSite));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(text in "tegata:(issue|renew)\\?(site=[ -~]{0,80}&nonce=[ -~]{0,20}|[ -~]{0,100})") {
            if let Ok(link) = text.parse::<Link>() {
                prop_assert_eq!(link.to_string().parse(), Ok(link));
            }
        }
    }
}
