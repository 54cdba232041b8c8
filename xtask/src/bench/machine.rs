use serde::Serialize;

/// What the figures were measured on.
#[derive(Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) processors: usize,
    /// Load average of the last minute when the run ended; the run itself makes about as much
    /// load as it has clients.
    pub(super) load: String,
}

impl Machine {
    pub(super) fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name").map(str::to_owned))
            .map_or_else(
                || "unknown".to_owned(),
                |name| name.trim_matches([' ', '\t', ':']).to_owned(),
            );
        let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
        Self { processor, processors: processors(), load }
    }
}

/// Processors that this process may use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
