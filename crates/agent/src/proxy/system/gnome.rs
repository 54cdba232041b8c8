//! GNOME and its relatives keep proxies under `org.gnome.system.proxy`; `gsettings` prints them.

use super::SystemSettings;
use crate::proxy::choice::is_script;
use crate::proxy::{Bypass, ProxyAddress, Way};

/// Reads what `gsettings list-recursively org.gnome.system.proxy` prints.
pub(super) fn read(printed: &str) -> SystemSettings {
    let value = |schema: &str, key: &str| {
        printed.lines().find_map(|line| {
            let rest = line.strip_prefix("org.gnome.system.proxy")?;
            let (of, rest) = rest.split_once(' ')?;
            let (name, value) = rest.split_once(' ')?;
            (of == schema && name == key).then(|| value.trim())
        })
    };
    let text = |schema, key| value(schema, key).map(unquoted).unwrap_or_default();
    let proxy = |schema| {
        let port: u16 = value(schema, "port")?.parse().ok()?;
        let host = text(schema, "host");
        ProxyAddress::from_host_port(&host, false, port).ok().filter(|_| port > 0).map(Way::Proxy)
    };
    match text("", "mode").as_str() {
        "auto" => {
            let script = text("", "autoconfig-url");
            SystemSettings {
                auto_detect: script.is_empty(),
                script: Some(script).filter(|script| is_script(script)),
                ..SystemSettings::default()
            }
        }
        "manual" => {
            let shares_one = value("", "use-same-proxy") != Some("false");
            let manual = proxy(".https").or_else(|| proxy(".http").filter(|_| shares_one));
            let ignored = value("", "ignore-hosts").unwrap_or_default();
            let ignored = ignored.trim_start_matches("@as ").trim_matches(['[', ']']);
            let ignored: Vec<_> = ignored.split(',').map(|host| unquoted(host.trim())).collect();
            SystemSettings {
                manual: manual.into_iter().collect(),
                bypass: Bypass::of_system(ignored.iter().map(String::as_str)),
                ..SystemSettings::default()
            }
        }
        _ => SystemSettings::default(),
    }
}

/// A text of GVariant without its quotes.
fn unquoted(value: &str) -> String {
    let inner = ['\'', '"']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)));
    inner.unwrap_or(value).replace("\\'", "'").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(mode: &str, more: &str) -> String {
        format!(
            "org.gnome.system.proxy autoconfig-url ''\n\
             org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '*.head.jp']\n\
             org.gnome.system.proxy use-same-proxy true\n\
             org.gnome.system.proxy.http port 8080\n\
             {more}\norg.gnome.system.proxy mode '{mode}'\n"
        )
    }

    #[test]
    fn a_proxy_entered_by_hand() {
        let https = "org.gnome.system.proxy.https host 'Proxy.head.jp'\n\
                     org.gnome.system.proxy.https port 3128";
        let settings = read(&printed("manual", https));
        let way = Way::Proxy("http://proxy.head.jp:3128".parse().unwrap());
        assert_eq!(settings.manual, [way]);
        assert!(settings.bypass.includes("www.head.jp", 443));
        assert!(settings.bypass.includes("127.0.0.9", 443));
        assert!(!settings.bypass.includes("issue.example.jp", 443));
        assert_eq!(read(&printed("none", https)), SystemSettings::default());
    }

    #[test]
    fn one_proxy_for_everything() {
        let http = "org.gnome.system.proxy.http host 'proxy'\n\
                    org.gnome.system.proxy.https host ''\norg.gnome.system.proxy.https port 0";
        let way = Way::Proxy("http://proxy:8080".parse().unwrap());
        assert_eq!(read(&printed("manual", http)).manual, [way]);
        let apart = printed("manual", http).replace("use-same-proxy true", "use-same-proxy false");
        assert!(read(&apart).manual.is_empty());
    }

    #[test]
    fn a_script_or_the_network() {
        let detect = read(&printed("auto", ""));
        assert!(detect.auto_detect && detect.script.is_none());
        let given = printed("auto", "").replace("url ''", "url 'http://head.jp/proxy.pac'");
        let settings = read(&given);
        assert!(!settings.auto_detect);
        assert_eq!(settings.script.as_deref(), Some("http://head.jp/proxy.pac"));
        let hostile = printed("auto", "").replace("url ''", "url 'gopher://x'");
        assert_eq!(read(&hostile), SystemSettings::default());
    }

    #[test]
    fn nothing_and_garbage_are_no_settings() {
        for printed in [
            "",
            "No such schema",
            "org.gnome.system.proxy mode",
            "org.gnome.system.proxy mode manual",
        ] {
            let settings = read(printed);
            assert!(settings.manual.is_empty() && !settings.auto_detect, "{printed}");
        }
    }
}
