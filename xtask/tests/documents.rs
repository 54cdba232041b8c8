//! What the documents tell people to type exists.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository; empty when there is none.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// README, ARCHITECTURE and everything in docs, with their texts.
fn documents() -> Vec<(String, String)> {
    let mut names: Vec<String> =
        ["README.md", "README.ja.md", "ARCHITECTURE.md"].map(str::to_owned).to_vec();
    for entry in std::fs::read_dir(root().join("docs")).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    let with_text = |name: String| (name.clone(), read(&name));
    names.into_iter().map(with_text).collect()
}

/// Lines of the fenced blocks of a page, continued lines joined, comments and prompts gone.
/// Pictures drawn with lines are not typed.
fn typed(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(|block| {
        let joined = block.replace("\\\n", " ");
        joined.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    lines
        .filter(|line| !line.contains('─'))
        .map(|line| {
            let line = line.split("  #").next().unwrap_or_default().trim();
            line.trim_start_matches("$ ").to_owned()
        })
        .collect()
}

#[test]
fn make_targets_in_the_documents_exist() {
    let makefile = read("Makefile");
    let is_target = |word: &str| makefile.lines().any(|line| line.starts_with(&format!("{word}:")));
    assert!(is_target("demo") && is_target("test"));
    for (name, text) in documents() {
        let in_line = text.split('`').skip(1).step_by(2).map(str::to_owned);
        for code in in_line.chain(typed(&text)) {
            if let Some(target) = code.trim().strip_prefix("make ") {
                let target = target.split_whitespace().next().unwrap_or_default();
                assert!(is_target(target), "{name}: there is no `make {target}`");
            }
        }
    }
}

/// The program that was built with this test; `None` when only the test was built.
fn program(name: &str) -> Option<PathBuf> {
    let exe = std::env::current_exe().unwrap();
    let path = exe.ancestors().nth(2)?.join(name);
    assert!(path.exists() || std::env::var_os("CI").is_none(), "{} is missing", path.display());
    path.exists().then_some(path)
}

/// Every command line is read to its end by the program itself: words, options and values.
#[test]
fn command_lines_in_the_documents_are_understood() {
    for (name, text) in documents() {
        for line in typed(&text) {
            let mut words = words(&line);
            if words.is_empty() || !["tegata", "tegata-app"].contains(&words[0].as_str()) {
                continue;
            }
            let Some(program) = program(&words.remove(0)) else { return };
            let output = Command::new(program).args(&words).arg("--help").output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {line}\n{error}");
        }
    }
}

/// Words of a command line up to the first pipe or redirection; quotes keep a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars().chain([' ']) {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if "|><;&".contains(c) => break,
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => word.push(c),
        }
    }
    words
}

#[test]
fn command_lines_are_taken_apart_as_a_shell_does() {
    let page =
        "text\n```sh\n$ tegata a --name \"Head Office\" \\\n    --x 1  # why\ntegata b > f\n```\n";
    let lines = typed(page);
    assert_eq!(words(&lines[0]), ["tegata", "a", "--name", "Head Office", "--x", "1"]);
    assert_eq!(words(&lines[1]), ["tegata", "b"]);
}
