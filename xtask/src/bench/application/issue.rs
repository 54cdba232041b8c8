//! Time from the start of `tegata-app issue` to its end: what a person waits after typing.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::Serialize;
use tegata_text::{Lang, Text};

use super::super::stats::{quantile, sorted};
use super::{Demo, Seat, by_hand};
use crate::package::tool;
use crate::{Failure, say};

/// What a line of the report is about.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    /// Files.
    Pem,
    /// The key database of Chromium.
    Nss,
}

/// A line of the report: medians, in milliseconds.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) store: Store,
    pub(super) runs: usize,
    pub(super) total_ms: f64,
    pub(super) least_ms: f64,
    pub(super) most_ms: f64,
    /// What the program says it is doing, in that order.
    pub(super) steps: Vec<Step>,
    /// The same by hand; absent where its tools are not installed.
    pub(super) by_hand_ms: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) median_ms: f64,
}

/// Issues certificates on new PCs, into each kind of store, and beside it by hand.
pub(super) fn measure(
    demo: &Demo<'_>,
    program: &Path,
    dir: &Path,
    runs: usize,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for store in [Store::Pem, Store::Nss] {
        if store == Store::Nss && !tool::is_there("certutil") {
            say("application: NSS's tools are not installed; nothing is put into its database");
            continue;
        }
        say(&format!("application: issuance into {}", store.name()));
        let (mut totals, mut steps, mut hands) = (Vec::new(), Vec::new(), Vec::new());
        let hand = by_hand::is_possible(store);
        let mut seats = demo.seats(2 * (runs + 1))?.into_iter();
        // The first one finds cold files.
        for run in 0..=runs {
            let (Some(seat), Some(other)) = (seats.next(), seats.next()) else {
                return Err("the demo gave too few seats".into());
            };
            let home = dir.join(format!("pc-{}-{run}", store.name()));
            std::fs::create_dir_all(&home)?;
            let took = issue(demo, program, store, &seat, &home)?;
            // In turns: what the machine does meanwhile meets both.
            let by_hand =
                if hand { Some(by_hand::issue(demo, store, &other, &home)?) } else { None };
            if run > 0 {
                totals.push(took.iter().sum());
                steps.push(took);
                hands.extend(by_hand.map(|took| took.as_secs_f64() * 1000.0));
            }
        }
        rows.push(row(store, &totals, &steps, &hands));
    }
    Ok(rows)
}

fn row(store: Store, totals: &[f64], runs: &[Vec<f64>], hands: &[f64]) -> Row {
    let totals = sorted(totals);
    let median = |values: Vec<f64>| quantile(&sorted(&values), 0.5);
    let steps = NAMES.iter().enumerate().map(|(at, name)| Step {
        name,
        median_ms: median(runs.iter().filter_map(|run| run.get(at).copied()).collect()),
    });
    Row {
        store,
        runs: totals.len(),
        total_ms: quantile(&totals, 0.5),
        least_ms: quantile(&totals, 0.0),
        most_ms: quantile(&totals, 1.0),
        steps: steps.collect(),
        by_hand_ms: (!hands.is_empty()).then(|| median(hands.to_vec())),
    }
}

impl Store {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Nss => "nss",
        }
    }
}

/// From the start of the process to its first line, from there to the next, to the end.
const NAMES: [&str; 9] =
    ["start", "connect", "trust", "key", "request", "install", "read back", "prove", "end"];

/// The lines, in the order of [`NAMES`] without the first one.
fn lines() -> [String; 8] {
    let text = Text::of(Lang::En);
    [
        text.app_step_connect(),
        text.app_step_trust(),
        text.app_step_key(),
        text.app_step_request(),
        text.app_step_install(),
        text.app_step_read_back(),
        text.app_step_prove(),
        text.app_step_done(),
    ]
}

/// Issues one certificate and returns the milliseconds of each step.
fn issue(
    demo: &Demo<'_>,
    program: &Path,
    store: Store,
    seat: &Seat,
    home: &Path,
) -> Result<Vec<f64>, Failure> {
    let password = home.join("initial-password");
    let mut file = std::fs::File::options();
    let file = file.write(true).create_new(true).mode(0o600).open(&password)?;
    std::io::Write::write_all(&mut &file, seat.password.as_bytes())?;
    let uri = match store {
        Store::Pem => format!("pem:{}", home.join("certificate").display()),
        Store::Nss => "nss".to_owned(),
    };
    let mut app = Command::new(program);
    app.args(["issue", "--json", "--site", &demo.ready.site, "--store", &uri]);
    app.args(["--root-sha256", &demo.ready.root_sha256, "--user", &seat.user_id]);
    app.args(["--mail", "taro@example.co.jp", "--password-file"]).arg(&password);
    app.env_clear().env("HOME", home).env("LANG", "en_US.UTF-8");
    app.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    app.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());

    let begin = Instant::now();
    let mut child = app.spawn().map_err(|error| format!("{app:?}: {error}"))?;
    let (mut said, mut moments) = (Vec::new(), vec![begin]);
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            moments.push(Instant::now());
            said.push(line?);
        }
    }
    let output = child.wait_with_output()?;
    moments.push(Instant::now());
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    // A line more or less would give every step the time of another.
    if !output.status.success() || result["gateway"] != "accepted" || said != lines() {
        return Err(format!("{app:?} ended with {}: {result}\n{said:#?}", output.status).into());
    }
    let steps = moments.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1000.0);
    Ok(steps.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_line_and_its_own_median() {
        assert_eq!(lines().len() + 1, NAMES.len());
        let run = |first: f64| (0..9).map(|at| first + f64::from(at)).collect();
        let runs = [run(1.0), run(2.0), run(9.0)];
        let row = row(Store::Nss, &[3.0, 1.0, 2.0], &runs, &[]);
        assert_eq!((row.least_ms, row.total_ms, row.most_ms), (1.0, 2.0, 3.0));
        let read_back = row.steps.iter().find(|step| step.name == "read back").unwrap();
        assert_eq!((read_back.median_ms, row.by_hand_ms), (8.0, None));
    }
}
