//! macOS keeps proxies in its dynamic store; `scutil --proxy` prints those in force. Written from
//! its manual page and never run on a Mac.

use super::SystemSettings;
use crate::proxy::choice::is_script;
use crate::proxy::{Bypass, ProxyAddress, Way};

/// Reads what `scutil --proxy` prints.
pub(super) fn read(printed: &str) -> SystemSettings {
    let value = |key: &str| {
        printed.lines().find_map(|line| {
            let (name, value) = line.split_once(" : ")?;
            (name.trim() == key).then(|| value.trim())
        })
    };
    let is_on = |key| value(key) == Some("1");
    let script = value("ProxyAutoConfigURLString").filter(|url| is_script(url));
    let port = value("HTTPSPort").and_then(|port| port.parse().ok()).unwrap_or(443);
    let manual = value("HTTPSProxy")
        .filter(|_| is_on("HTTPSEnable"))
        .and_then(|host| ProxyAddress::from_host_port(host, false, port).ok());
    let exceptions = printed.split_once("ExceptionsList").map(|(_, rest)| rest);
    let exceptions = exceptions.and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let entries = exceptions.lines().filter_map(|line| Some(line.split_once(" : ")?.1.trim()));
    let plain = is_on("ExcludeSimpleHostnames").then_some("<local>");
    SystemSettings {
        auto_detect: is_on("ProxyAutoDiscoveryEnable"),
        script: script.filter(|_| is_on("ProxyAutoConfigEnable")).map(str::to_owned),
        manual: manual.map(Way::Proxy).into_iter().collect(),
        bypass: Bypass::of_system(entries.chain(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_at_once() {
        let settings = read(
            "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.head.jp\n    1 : 169.254/16\n  }\n\
             \x20 ExcludeSimpleHostnames : 1\n  HTTPSEnable : 1\n  HTTPSPort : 3128\n\
             \x20 HTTPSProxy : proxy.head.jp\n  ProxyAutoConfigEnable : 1\n\
             \x20 ProxyAutoConfigURLString : http://head.jp/proxy.pac\n\
             \x20 ProxyAutoDiscoveryEnable : 1\n}\n",
        );
        assert!(settings.auto_detect);
        assert_eq!(settings.script.as_deref(), Some("http://head.jp/proxy.pac"));
        assert_eq!(settings.manual, [Way::Proxy("proxy.head.jp:3128".parse().unwrap())]);
        assert!(settings.bypass.includes("www.head.jp", 443));
        assert!(settings.bypass.includes("intranet", 443));
        assert!(!settings.bypass.includes("issue.example.jp", 443));
    }

    #[test]
    fn what_is_switched_off_is_not_used() {
        let settings =
            read("HTTPSEnable : 0\n HTTPSProxy : p\n ProxyAutoConfigURLString : http://a/b\n");
        assert!(settings.manual.is_empty() && settings.script.is_none());
    }
}
