use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

/// An operating system, as far as installers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Windows,
    Macos,
    Linux,
}

impl System {
    /// The name that its maker gave it, the same in every language.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Macos => "macOS",
            Self::Linux => "Linux",
        }
    }
}

/// A processor family, the most usual first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Arch {
    X64,
    Arm64,
    X86,
}

impl Arch {
    /// The family that a file name or a browser names.
    pub(super) fn named(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
        if has(&["x86_64", "x86-64", "amd64", "x64", "win64", "wow64"]) {
            Some(Self::X64)
        } else if has(&["arm64", "aarch64"]) {
            Some(Self::Arm64)
        } else if has(&["i686", "i386", "x86", "win32"]) {
            Some(Self::X86)
        } else {
            None
        }
    }

    /// Whether a PC of this family can run a program of the `other`: Windows and macOS run the
    /// programs of the families before them.
    pub(super) fn runs(self, other: Self, system: System) -> bool {
        self == other
            || match system {
                System::Windows => self != Self::X86 && other != Self::Arm64,
                System::Macos => self == Self::Arm64 && other == Self::X64,
                System::Linux => false,
            }
    }
}

/// What the visitor's browser says about the device it runs on. It may be wrong, so every page
/// that uses it offers the rest as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// A PC with the family of its processor, when the browser names it, and whether it takes
    /// RPM packages.
    Pc { system: System, arch: Option<Arch>, rpm: bool },
    /// A phone or tablet: no certificate can be issued there.
    Mobile,
    /// Nothing is known.
    Unknown,
}

impl Device {
    /// Reads `Sec-CH-UA-Platform` where it is sent, else `User-Agent`.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let agent = text(USER_AGENT.as_str()).unwrap_or_default();
        let hint = text("sec-ch-ua-platform").map(|hint| hint.trim().trim_matches('"'));
        let system = match hint {
            Some("Windows") => System::Windows,
            Some("macOS") => System::Macos,
            Some("Linux") => System::Linux,
            Some("Android" | "iOS") => return Self::Mobile,
            Some("Chrome OS" | "Chromium OS") => return Self::Unknown,
            _ => match Self::by_agent(agent) {
                Ok(system) => system,
                Err(other) => return other,
            },
        };
        let arch = match (Arch::named(agent), system) {
            // Browsers on Intel and Apple silicon say the same.
            (_, System::Macos) => None,
            // A 64-bit Windows is always named (Win64 or WOW64).
            (None, System::Windows) if agent.contains("Windows NT") => Some(Arch::X86),
            (arch, _) => arch,
        };
        let rpm = ["Fedora", "Red Hat", "CentOS", "SUSE"].iter().any(|name| agent.contains(name));
        Self::Pc { system, arch, rpm }
    }

    fn by_agent(agent: &str) -> Result<System, Self> {
        let has = |names: &[&str]| names.iter().any(|name| agent.contains(name));
        if has(&["Android", "iPhone", "iPad", "iPod", "Mobile"]) {
            Err(Self::Mobile)
        } else if has(&["Windows"]) {
            Ok(System::Windows)
        } else if has(&["Macintosh", "Mac OS X"]) {
            Ok(System::Macos)
        } else if has(&["CrOS"]) {
            Err(Self::Unknown)
        } else if has(&["Linux", "X11"]) {
            Ok(System::Linux)
        } else {
            Err(Self::Unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(agent: &str, hint: Option<&str>) -> Device {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, agent.parse().unwrap());
        if let Some(hint) = hint {
            headers.insert("sec-ch-ua-platform", hint.parse().unwrap());
        }
        Device::of(&headers)
    }

    #[test]
    fn browsers_are_told_apart_by_their_agent() {
        let pc = |system, arch, rpm| Device::Pc { system, arch, rpm };
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                pc(System::Windows, Some(Arch::X64), false),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
                pc(System::Windows, Some(Arch::X86), false),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                pc(System::Macos, None, false),
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                pc(System::Linux, Some(Arch::X64), false),
            ),
            (
                "Mozilla/5.0 (X11; Fedora; Linux aarch64; rv:140.0) Gecko/20100101 Firefox/140.0",
                pc(System::Linux, Some(Arch::Arm64), true),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
                Device::Mobile,
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                Device::Mobile,
            ),
            ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36", Device::Unknown),
            ("curl/8.5.0", Device::Unknown),
            ("", Device::Unknown),
        ] {
            assert_eq!(device(agent, None), expected, "{agent}");
        }
    }

    #[test]
    fn the_hint_wins_over_the_agent() {
        let Device::Pc { system, .. } = device("Mozilla/5.0 (Windows NT 10.0)", Some("\"Linux\""))
        else {
            panic!("not a PC");
        };
        assert_eq!(system, System::Linux);
        assert_eq!(device("Mozilla/5.0 (X11; Linux x86_64)", Some("\"Android\"")), Device::Mobile);
    }

    #[test]
    fn a_32_bit_pc_gets_no_64_bit_program() {
        assert!(!Arch::X86.runs(Arch::X64, System::Windows));
        assert!(Arch::X64.runs(Arch::X86, System::Windows));
        assert!(!Arch::Arm64.runs(Arch::X64, System::Linux));
        assert!(Arch::Arm64.runs(Arch::X64, System::Macos));
    }
}
