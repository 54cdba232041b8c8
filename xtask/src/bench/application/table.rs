//! The lines that people read.

use std::fmt::Write;

use super::super::report::percent;
use super::Figures;

impl Figures {
    /// The lines for people.
    pub(in crate::bench) fn table(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "Application: what is downloaded\n  file{:<52}octets       MB      goal",
            ""
        )?;
        for row in self.executables.iter().chain(&self.packages) {
            let megabytes = row.octets as f64 / 1e6;
            let goal = row.goal.map_or_else(String::new, |goal| {
                let state = if row.octets < goal { "kept" } else { "MISSED" };
                format!("  < {} MB {state}", goal / 1_000_000)
            });
            writeln!(out, "  {:<50}{:>12}{megabytes:>9.2}{goal}", row.name, row.octets)?;
        }
        self.windows(out)?;
        self.issuance(out)
    }

    fn windows(&self, out: &mut String) -> std::fmt::Result {
        let Some(first) = self.windows.first() else {
            return writeln!(out, "\nApplication: no window without Xvfb");
        };
        writeln!(
            out,
            "
Application: from the start of the process until its window has painted itself (goal < 1 s); \
             memory when idle
  window                   median ms    least     most  resident MiB  share MiB     time   memory"
        )?;
        for row in &self.windows {
            // Of the others: how they stand to the first line.
            let part = |own: f64, first: f64| {
                if row.is_ours { "-".to_owned() } else { percent(own / first) }
            };
            writeln!(
                out,
                "  {:<23}{:>11.0}{:>9.0}{:>9.0}{:>14.1}{:>11.1}{:>9}{:>9}",
                row.what,
                row.median_ms,
                row.least_ms,
                row.most_ms,
                row.resident_mib,
                row.own_mib,
                part(row.median_ms, first.median_ms),
                part(row.own_mib, first.own_mib),
            )?;
        }
        writeln!(
            out,
            "  share: what several programs use counts for its part; last two: of the first line"
        )
    }

    fn issuance(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "
Application: `issue` on a new PC from the start of the process to its end (goal < 2 s); by hand: \
             openssl, curl
  store        runs  median ms    least     most  by hand ms"
        )?;
        for row in &self.issuance {
            writeln!(
                out,
                "  {:<11}{:>6}{:>11.0}{:>9.0}{:>9.0}{:>12}",
                row.store.name(),
                row.runs,
                row.total_ms,
                row.least_ms,
                row.most_ms,
                row.by_hand_ms.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}")),
            )?;
            let steps: Vec<String> = row
                .steps
                .iter()
                .map(|step| format!("{} {:.1}", step.name, step.median_ms))
                .collect();
            writeln!(out, "    {}", steps.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{issue, size, window};
    use super::*;

    fn figures() -> Figures {
        let file = |name: &str, octets, goal| size::Row { name: name.to_owned(), octets, goal };
        let window = |what, is_ours, median_ms| window::Row {
            what,
            is_ours,
            median_ms,
            least_ms: 100.0,
            most_ms: 400.0,
            resident_mib: 50.0,
            own_mib: 40.0,
        };
        Figures {
            executables: vec![
                file("tegata-app.exe, 64-bit Windows", 11_999_999, Some(12_000_000)),
                file("tegata-app.exe, 32-bit Windows", 12_000_000, Some(12_000_000)),
                file("tegata-app, Linux", 13_000_000, None),
            ],
            packages: vec![file("tegata_installer_SB0001002C.msi", 5_000_000, None)],
            windows: vec![
                window("tegata-app, Japanese", true, 200.0),
                window("GTK 3, a form", false, 300.0),
            ],
            issuance: vec![issue::Row {
                store: issue::Store::Nss,
                runs: 10,
                total_ms: 250.0,
                least_ms: 200.0,
                most_ms: 300.0,
                steps: vec![issue::Step { name: "read back", median_ms: 12.34 }],
                by_hand_ms: None,
            }],
        }
    }

    #[test]
    fn every_figure_stands_in_the_table() {
        let mut out = String::new();
        figures().table(&mut out).unwrap();
        for part in ["12.00  < 12 MB kept", "< 12 MB MISSED", "150 %", "100 %", "read back 12.3"] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert!(out.lines().all(|line| line.chars().count() <= 120), "{out}");
    }
}
