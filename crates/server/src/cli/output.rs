//! Tables and JSON on standard output, errors on standard error. The only place that prints.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

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
    say(&table(headings, &rows.iter().map(cells).collect::<Vec<_>>()))
}

/// A table whose columns begin below each other on a terminal, where a Japanese character takes two
/// places (UAX #11).
fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            rows.iter().map(|row| row[i].width()).max().unwrap_or(0).max(heading.width())
        })
        .collect();
    let mut table = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    };
    line(&mut headings.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    table
}

fn padded(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_japanese_names_begin_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["950", "丸の内支店", "live"]),
            row(["951", "Marunouchi", "live"]),
            row(["952", "ｶﾅ支店", "held"]),
        ];
        assert_eq!(
            table(&["CODE", "NAME", "STATE"], &rows),
            "CODE  NAME        STATE\n\
             950   丸の内支店  live\n\
             951   Marunouchi  live\n\
             952   ｶﾅ支店      held\n"
        );
    }
}
