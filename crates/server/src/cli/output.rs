//! Tables and JSON on standard output, errors on standard error. The only place that prints.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use super::Failure;

/// Warnings as they stand below a sentence.
pub(crate) fn warned(warnings: &[String]) -> String {
    warnings.iter().map(|warning| format!("\n\nwarning: {warning}")).collect()
}

/// Prints a list: JSON, or a table with these headings.
pub(crate) fn list<T: Serialize>(
    json: bool,
    rows: &[T],
    headings: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<(), Failure> {
    if json {
        return say(&(serde_json::to_string(rows)? + "\n"));
    }
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0).max(heading.len())
        })
        .collect();
    let mut table = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    };
    line(&mut headings.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    say(&table)
}

/// Prints one thing: JSON, or the sentence.
pub(crate) fn one(json: bool, value: &impl Serialize, sentence: &str) -> Result<(), Failure> {
    if json { say(&(serde_json::to_string(value)? + "\n")) } else { say(&format!("{sentence}\n")) }
}

/// Prints a text as it is.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    say(text)
}

/// Says what went wrong: as JSON on standard output too, for whoever asked for JSON.
pub(crate) fn error(json: bool, sentence: &str) {
    if json {
        let problem = serde_json::json!({ "result": "error", "detail": sentence });
        let _ = say(&format!("{problem}\n"));
    }
    let _ = writeln!(std::io::stderr(), "tegata: {sentence}");
}

/// Says on standard error what is being done.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A number with what it counts, in the singular for one.
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
