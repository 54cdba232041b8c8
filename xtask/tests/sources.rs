//! Rules for the sources that no compiler holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Lines of a file, tests excluded, from which it must have a reason.
const LONG: usize = 500;

/// Files that are longer, and why.
const LONG_FOR_A_REASON: &[(&str, &str)] = &[];

/// Rust files below these directories, by their path from the root.
fn sources(dirs: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dir in dirs {
        gather(&root().join(dir), &mut found);
    }
    assert!(found.len() > 100, "the sources are elsewhere");
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn gather(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn long_files_have_a_reason() {
    let mut long = Vec::new();
    for (name, text) in sources(&["crates", "xtask", "fuzz"]) {
        let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
        let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        if lines > LONG && !is_test {
            long.push((name, lines));
        }
    }
    for (name, lines) in &long {
        let reason = LONG_FOR_A_REASON.iter().find(|(listed, _)| listed == name);
        let reason = reason.map_or("", |(_, reason)| reason);
        assert!(reason.len() > 20, "{name} has {lines} lines: split it, or write down why not");
    }
    for (listed, _) in LONG_FOR_A_REASON {
        assert!(long.iter().any(|(name, _)| name == listed), "{listed} needs no reason any more");
    }
}

/// Every string in a source, documentation excluded.
fn strings(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                tokens.next_if(|next| match next {
                    TokenTree::Group(group) => group.stream().to_string().starts_with("doc"),
                    _ => false,
                });
            }
            TokenTree::Group(group) => strings(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('"') {
                    found.push(text);
                }
            }
            _ => {}
        }
    }
}

/// Whether a text holds these words in this order, each in capitals as SQL writes them.
fn holds(text: &str, words: [&str; 2]) -> bool {
    let mut left = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.iter().all(|word| left.any(|found| found == *word))
}

const SQL: [[&str; 2]; 6] = [
    ["SELECT", "FROM"],
    ["INSERT", "INTO"],
    ["UPDATE", "SET"],
    ["DELETE", "FROM"],
    ["CREATE", "TABLE"],
    ["CREATE", "INDEX"],
];

#[test]
fn no_sql_stands_outside_the_store() {
    for (name, text) in sources(&["crates", "xtask"]) {
        if name.starts_with("crates/store/") {
            continue;
        }
        let mut found = Vec::new();
        let tokens = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        strings(tokens, &mut found);
        for literal in found {
            let sql = SQL.iter().any(|words| holds(&literal, *words));
            assert!(!sql, "{name}: SQL belongs into crates/store: {literal}");
        }
    }
}

#[test]
fn the_search_for_sql_finds_it() {
    let select = ["SELECT", " id\n FROM seat"].concat();
    let source = format!("/// {select}\nfn f() {{ g(r#\"{select}\"#) }} // {select}");
    let mut found = Vec::new();
    strings(source.parse().unwrap(), &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(SQL.iter().any(|words| holds(&found[0], *words)));
    assert!(!SQL.iter().any(|words| holds("please select a file from the list", *words)));
}
