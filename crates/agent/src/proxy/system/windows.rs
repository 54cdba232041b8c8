//! Windows keeps proxies per person ("Internet options") and runs scripts itself (WinHTTP).

use tegata_windows::proxy::{self, Search};

use super::{Scripted, SystemSettings};
use crate::proxy::choice::is_script;
use crate::proxy::way::windows_list;
use crate::proxy::{Bypass, Way};

/// The settings of the person who is signed in.
pub(super) fn settings() -> SystemSettings {
    let Ok(found) = proxy::settings() else { return SystemSettings::default() };
    SystemSettings {
        auto_detect: found.auto_detect,
        script: found.script.filter(|script| is_script(script)),
        manual: found.proxy.as_deref().map(windows_list).unwrap_or_default(),
        bypass: bypass(found.bypass.as_deref()),
    }
}

/// Lets WinHTTP run a script.
pub(super) fn ask_script(url: &str, script: Option<&str>) -> Scripted {
    let search = script.map_or(Search::Detect, Search::Script);
    match proxy::for_url(url, search) {
        Err(error) => Scripted::Failed(error.to_string()),
        Ok(found) => Scripted::Ways(match found.proxy {
            None => vec![Way::Direct],
            Some(list) => windows_list(&list),
        }),
    }
}

fn bypass(list: Option<&str>) -> Bypass {
    let list = list.unwrap_or_default();
    Bypass::of_system(list.split(|c: char| c == ';' || c.is_whitespace()))
}
