//! Tables and JSON on standard output, errors on standard error. The only place that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to its caller")]

use serde::Serialize;

use super::Failure;

/// Prints a list: JSON, or a table with these headings.
pub(crate) fn list<T: Serialize>(
    json: bool,
    rows: &[T],
    headings: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<(), Failure> {
    if json {
        println!("{}", serde_json::to_string(rows)?);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0).max(heading.len())
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", padded.join("  ").trim_end());
    };
    line(&mut headings.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    Ok(())
}

/// Prints one thing: JSON, or the sentence.
pub(crate) fn one(json: bool, value: &impl Serialize, sentence: &str) -> Result<(), Failure> {
    if json {
        println!("{}", serde_json::to_string(value)?);
    } else {
        println!("{sentence}");
    }
    Ok(())
}

/// Prints a text as it is.
pub(crate) fn text(text: &str) {
    print!("{text}");
}

/// Says what went wrong.
pub(crate) fn error(sentence: &str) {
    eprintln!("tegata: {sentence}");
}
