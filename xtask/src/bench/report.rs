use std::fmt::Write;

use serde::Serialize;

use super::limits::Limits;
use super::lists::Audit;
use super::machine::Machine;
use super::{
    answers, application, authority, gateway, issue, lists, mails, reminders, renewals, timing,
};
use crate::Failure;

/// Everything that a run measured.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    #[serde(flatten)]
    pub(super) server: Option<Server>,
    /// When only the gateway was measured: else it stands among the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gateway: Option<Vec<gateway::Row>>,
    pub(super) mails: Option<Vec<mails::Row>>,
    pub(super) application: Option<application::Figures>,
    pub(super) reminders: Option<reminders::Reminders>,
    pub(super) renewals: Option<renewals::Renewals>,
}

/// Figures of the server and the gateway.
#[derive(Serialize)]
pub(super) struct Server {
    pub(super) limits: Limits,
    pub(super) issuance: Vec<issue::Row>,
    pub(super) timing: Vec<timing::Row>,
    pub(super) gateway: Vec<gateway::Row>,
    pub(super) answers: Vec<answers::Row>,
    pub(super) signatures: Vec<authority::Row>,
    pub(super) lists: Vec<lists::Row>,
    pub(super) audit: lists::Audit,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "the report is what the chore is for")]
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            print!("{}", self.tables()?);
        }
        Ok(())
    }

    fn tables(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        let Machine { processor, processors, load } = &self.machine;
        writeln!(out, "{processor}, {processors} processors, load {load}\n")?;
        if let Some(server) = &self.server {
            server.tables(&mut out)?;
            writeln!(out)?;
        }
        if let Some(rows) = &self.gateway {
            gateway_table(rows, &mut out)?;
        }
        if let Some(rows) = &self.mails {
            mails::table(rows, &mut out)?;
            writeln!(out)?;
        }
        if let Some(application) = &self.application {
            application.table(&mut out)?;
        }
        if let Some(reminders) = &self.reminders {
            reminders.table(&mut out)?;
        }
        if let Some(renewals) = &self.renewals {
            renewals.table(&mut out)?;
        }
        Ok(out)
    }
}

impl Server {
    fn tables(&self, out: &mut String) -> std::fmt::Result {
        self.limits(out)?;
        self.issuance(out)?;
        self.timing(out)?;
        self.gateway(out)?;
        self.answers(out)?;
        self.signatures(out)?;
        self.lists(out)
    }

    fn limits(&self, out: &mut String) -> std::fmt::Result {
        let limits = &self.limits;
        writeln!(out, "Limits of this machine                                  a second")?;
        for (what, rate) in [
            ("4 KiB appended and fdatasync, one thread", limits.append),
            ("4 KiB overwritten and fdatasync, one thread", limits.overwrite),
            ("database commit of one row, one caller", limits.commit),
            ("database commit of one row, 16 callers", limits.commit_shared),
            ("P-256 signature, one processor", limits.p256_sign),
            ("P-256 verification, one processor", limits.p256_verify),
            ("Argon2id of 19 MiB and 2 passes, one processor", limits.argon2id),
            ("Argon2id of 19 MiB and 2 passes, all processors", limits.argon2id_all),
        ] {
            writeln!(out, "  {what:<52} {rate:>9.0}")?;
        }
        writeln!(out)
    }

    fn issuance(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "Issuance over TLS, each commit on the disk; server ms: its processor time for each
  password hash      clients   issued  a second   p50 ms   p99 ms  server ms   of Argon2id  of commits  of P-256"
        )?;
        for row in &self.issuance {
            writeln!(
                out,
                "  {:<17}{:>9}{:>9}{:>10.0}{:>9.2}{:>9.2}{:>11.2}{:>14}{:>12}{:>10}",
                row.hash,
                row.clients,
                row.issued,
                row.per_second,
                row.p50_ms,
                row.p99_ms,
                row.server_ms,
                row.of_argon2id.map_or_else(|| "-".to_owned(), percent),
                percent(row.of_commits),
                percent(row.of_p256),
            )?;
        }
        writeln!(
            out,
            "  of the limits for as many clients: two commits, one P-256 verification and one signature each\n"
        )
    }

    fn timing(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "Time of a refusal, interleaved; p: Mann-Whitney U against the first line
  cause                    requests  median ms    mean ms        p"
        )?;
        for row in &self.timing {
            writeln!(
                out,
                "  {:<25}{:>8}{:>11.3}{:>11.3}{:>9}",
                row.cause,
                row.requests,
                row.median_ms,
                row.mean_ms,
                row.p.map_or_else(|| "-".to_owned(), |p| format!("{p:.3}")),
            )?;
        }
        writeln!(out)
    }

    fn gateway(&self, out: &mut String) -> std::fmt::Result {
        gateway_table(&self.gateway, out)
    }
}

/// What the gateway does, beside others.
fn gateway_table(rows: &[gateway::Row], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "Full mTLS handshakes with one GET each, chain and revocation list checked
  proxy               handshakes  a second  a processor second"
    )?;
    for row in rows {
        writeln!(
            out,
            "  {:<18}{:>12}{:>10.0}{:>20.0}",
            row.proxy, row.handshakes, row.per_second, row.per_processor_second
        )?;
    }
    writeln!(out, "  16 certificates take turns; the gateway remembers the ones that it verified")
}

impl Server {
    fn answers(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "
Status over plain HTTP, 8 kept connections
  what                          octets  a second  a processor second  of the file  server MiB"
        )?;
        let files = self.answers.iter().filter(|row| row.what.starts_with("static"));
        let file = files.map(|row| row.per_processor_second).fold(f64::NAN, f64::max);
        for row in &self.answers {
            writeln!(
                out,
                "  {:<30}{:>6}{:>10.0}{:>20.0}{:>13}{:>12.1}",
                row.what,
                row.octets,
                row.per_second,
                row.per_processor_second,
                percent(row.per_processor_second / file),
                row.server_mib,
            )?;
        }
        Ok(())
    }

    fn signatures(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "
One certificate after the other, one processor
  key of the CA   bare signatures  prepare, lint, sign  of bare   µs of preparing and linting"
        )?;
        for row in &self.signatures {
            writeln!(
                out,
                "  {:<16}{:>15.0}{:>21.0}{:>9}{:>30.1}",
                row.kind,
                row.bare,
                row.whole,
                percent(row.whole / row.bare),
                row.lint_micros,
            )?;
        }
        Ok(())
    }

    fn lists(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "
CRLs: read from the database, written, linted, signed, stored; beside `openssl ca -gencrl`
  entries        seconds      octets  each  peak MiB  delta ms   openssl s  openssl octets   faster"
        )?;
        for row in &self.lists {
            writeln!(
                out,
                "  {:<12}{:>10.4}{:>12}{:>6.1}{:>10.1}{:>10.2}{:>12.3}{:>16}{:>7.1} x",
                row.entries,
                row.seconds,
                row.octets,
                row.octets_each,
                row.peak_mib,
                row.delta_ms,
                row.openssl_seconds,
                row.openssl_octets,
                row.openssl_seconds / row.seconds,
            )?;
        }
        let Audit { entries, seconds } = &self.audit;
        let rate = *entries as f64 / seconds;
        writeln!(
            out,
            "\nAudit log: {entries} entries verified in {seconds:.2} s, {rate:.0} a second"
        )
    }
}

pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurement_has_a_line() {
        let limits = Limits {
            append: 500.0,
            overwrite: 5000.0,
            commit: 900.0,
            commit_shared: 5000.0,
            p256_sign: 60_000.0,
            p256_verify: 20_000.0,
            argon2id: 60.0,
            argon2id_all: 100.0,
        };
        let row = |hash, of_argon2id| issue::Row {
            hash,
            clients: 16,
            issued: 10,
            per_second: 50.0,
            p50_ms: 1.0,
            p99_ms: 2.0,
            server_ms: 0.5,
            of_argon2id,
            of_commits: 0.25,
            of_p256: 0.001,
        };
        let server = Server {
            limits,
            issuance: vec![row("19 MiB, 2 passes", Some(0.5)), row("least possible", None)],
            timing: vec![timing::Row {
                cause: "unknown user ID",
                requests: 200,
                median_ms: 20.0,
                mean_ms: 20.5,
                p: None,
            }],
            gateway: vec![gateway::Row {
                proxy: "tegata gateway",
                handshakes: 100,
                per_second: 10.0,
                per_processor_second: 20.0,
            }],
            answers: vec![answers::Row {
                what: "static file",
                octets: 500,
                per_second: 10.0,
                per_processor_second: 20.0,
                server_mib: 30.0,
            }],
            signatures: vec![authority::Row {
                kind: "P-256".to_owned(),
                bare: 60_000.0,
                whole: 20_000.0,
                lint_micros: 20.0,
            }],
            lists: vec![lists::Row {
                entries: 1_000_000,
                seconds: 0.5,
                octets: 35_000_400,
                octets_each: 35.0,
                peak_mib: 40.0,
                delta_ms: 2.0,
                openssl_seconds: 13.5,
                openssl_octets: 35_000_400,
            }],
            audit: Audit { entries: 1_000_000, seconds: 1.0 },
        };
        let machine =
            Machine { processor: "any".to_owned(), processors: 2, load: "0.1".to_owned() };
        let mails = vec![mails::Row {
            kind: "P-256".to_owned(),
            per_minute: 700_000.0,
            openssl_per_minute: None,
            octets: 4178,
        }];
        let report = Report {
            machine,
            server: Some(server),
            gateway: None,
            mails: Some(mails),
            application: None,
            reminders: None,
            renewals: None,
        };
        let text = report.tables().unwrap();
        for part in [
            "50 %",
            "25 %",
            "least possible",
            "unknown user ID",
            "tegata gateway",
            "27.0 x",
            "4178",
            "Audit log",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
