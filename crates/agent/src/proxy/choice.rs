use std::fmt;
use std::str::FromStr;

use super::{ProxyAddress, ProxyAddressError};

/// Longest address of a proxy script that is taken, in octets.
const MAX_URL: usize = 2048;

/// Which way out a person wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the environment says, else what the system says.
    #[default]
    Automatic,
    /// Always straight to the server.
    None,
    /// Always through this one.
    At(ProxyAddress),
    /// What this script says.
    Script(String),
}

/// Not a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyChoiceError {
    /// Not the address of a proxy.
    #[error(transparent)]
    Address(#[from] ProxyAddressError),
    /// Not the address of a script, or one with a name or a password in it: it would end up in
    /// lists of processes, in reports and in the settings.
    #[error("a proxy script is pac:http://HOST/PATH")]
    Script,
}

/// `auto`, `none`, an address, or `pac:` and the address of a script.
impl FromStr for ProxyChoice {
    type Err = ProxyChoiceError;

    fn from_str(text: &str) -> Result<Self, ProxyChoiceError> {
        let text = text.trim();
        match text {
            "auto" => Ok(Self::Automatic),
            "none" => Ok(Self::None),
            _ => match text.strip_prefix("pac:") {
                Some(url) if is_script(url) && shown(url) == url => {
                    Ok(Self::Script(url.to_owned()))
                }
                Some(_) => Err(ProxyChoiceError::Script),
                None => Ok(Self::At(text.parse()?)),
            },
        }
    }
}

/// As it is read.
impl fmt::Display for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::At(address) => address.fmt(f),
            Self::Script(url) => write!(f, "pac:{url}"),
        }
    }
}

/// Whether a proxy script can be fetched from there: HTTP, HTTPS or a file of this PC.
pub(super) fn is_script(url: &str) -> bool {
    if url.len() > MAX_URL || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    if let Some(path) = url.strip_prefix("file://") {
        return path.starts_with('/') && path.len() > 1;
    }
    url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|h| !h.is_empty())
    })
}

/// The address of a script without the name and password that may stand in it (RFC 3986 §3.2.1).
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    format!("{scheme}://{place}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_as_they_are_shown() {
        for text in [
            "auto",
            "none",
            "http://proxy.example.jp:8080",
            "pac:http://wpad.example.jp/wpad.dat",
            "pac:https://intra.example.jp:8443/proxy.pac?x=1",
            "pac:file:///etc/proxy.pac",
            "pac:http://wpad.example.jp/a@b?c@d",
        ] {
            assert_eq!(text.parse::<ProxyChoice>().unwrap().to_string(), text);
        }
        let short: ProxyChoice = "proxy:8080".parse().unwrap();
        assert_eq!(short.to_string(), "http://proxy:8080");
    }

    #[test]
    fn an_address_is_shown_without_the_password_in_it() {
        for (url, said) in [
            ("http://taro:s@cret@wpad.example.jp:80/a@b", "http://wpad.example.jp:80/a@b"),
            ("https://taro:secret@wpad.example.jp", "https://wpad.example.jp"),
            ("http://wpad.example.jp/?mail=a@b", "http://wpad.example.jp/?mail=a@b"),
            ("file:///etc/proxy.pac", "file:///etc/proxy.pac"),
        ] {
            assert_eq!(shown(url), said);
        }
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        for text in [
            "",
            "yes please",
            "pac:",
            "pac:ftp://a/b",
            "pac:http://",
            "pac:http://a b/",
            "pac:file://a",
            "pac:http://taro:secret@wpad.example.jp/wpad.dat",
            "pac:https://taro@wpad.example.jp/",
        ] {
            assert!(text.parse::<ProxyChoice>().is_err(), "{text:?}");
        }
    }
}
