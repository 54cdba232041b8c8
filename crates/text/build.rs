//! Turns `messages/{ja,en}/*.ftl` into one method a message on `Text`.
//!
//! A message that exists in one language only, or takes other variables there, fails the build:
//! a page can neither ask for a text that is not there nor forget a variable.

#![expect(clippy::expect_used, clippy::panic, reason = "a build script fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

type Signatures = BTreeMap<String, BTreeSet<String>>;

fn main() {
    println!("cargo::rerun-if-changed=messages");
    let (ja, ja_text) = read("messages/ja");
    let (en, en_text) = read("messages/en");
    for id in ja.keys().chain(en.keys()) {
        assert!(
            ja.get(id) == en.get(id),
            "message `{id}` differs between ja and en: {:?} / {:?}",
            ja.get(id),
            en.get(id)
        );
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    fs::write(out.join("ja.ftl"), &ja_text).expect("OUT_DIR is writable");
    fs::write(out.join("en.ftl"), &en_text).expect("OUT_DIR is writable");
    fs::write(out.join("methods.rs"), methods(&ja)).expect("OUT_DIR is writable");
    fs::write(out.join("mail.rs"), mail(&ja, &ja_text, &en_text)).expect("OUT_DIR is writable");
}

/// Messages that a service may say in its own words begin so.
const MAIL: &str = "mail-";

/// The messages of mails, each with its variables and what is built in.
fn mail(signatures: &Signatures, ja: &str, en: &str) -> String {
    let (ja, en) = (sources(ja), sources(en));
    let mut out =
        String::from("/// Every message of a mail, by id.\nstatic MESSAGES: &[MailMessage] = &[\n");
    for (id, variables) in signatures.iter().filter(|(id, _)| id.starts_with(MAIL)) {
        let variables: Vec<_> = variables.iter().collect();
        let (ja, en) = (&ja[id], &en[id]);
        writeln!(
            out,
            "    MailMessage {{ id: {id:?}, variables: &{variables:?}, ja: {ja:?}, en: {en:?} }},"
        )
        .expect("a String takes everything");
    }
    out.push_str("];\n");
    out
}

/// The source of each message, by its id.
fn sources(text: &str) -> BTreeMap<String, String> {
    let resource = fluent_syntax::parser::parse(text).expect("parsed before");
    let messages = resource.body.into_iter().filter_map(|entry| match entry {
        Entry::Message(mut message) => {
            message.comment = None;
            Some((message.id.name.to_owned(), Entry::Message(message)))
        }
        _ => None,
    });
    messages
        .map(|(id, entry)| {
            let alone = fluent_syntax::ast::Resource { body: vec![entry] };
            (id, fluent_syntax::serializer::serialize(&alone))
        })
        .collect()
}

fn read(folder: &str) -> (Signatures, String) {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("messages are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "ftl"))
        .collect();
    files.sort();
    let mut signatures = Signatures::new();
    let mut all = String::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("UTF-8");
        let resource = fluent_syntax::parser::parse(text.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
        for entry in &resource.body {
            if let Entry::Message(message) = entry {
                let mut variables = BTreeSet::new();
                let pattern = message.value.as_ref().expect("every message has a value");
                collect(pattern, &mut variables);
                let old = signatures.insert(message.id.name.to_owned(), variables);
                assert!(old.is_none(), "{}: `{}` stands twice", file.display(), message.id.name);
            }
        }
        all.push_str(&text);
        all.push('\n');
    }
    (signatures, all)
}

fn collect(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            match expression {
                Expression::Inline(inline) => collect_inline(inline, variables),
                Expression::Select { selector, variants } => {
                    collect_inline(selector, variables);
                    variants.iter().for_each(|variant| collect(&variant.value, variables));
                }
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, variables: &mut BTreeSet<String>) {
    if let InlineExpression::VariableReference { id } = inline {
        variables.insert(id.name.to_owned());
    }
}

fn methods(signatures: &Signatures) -> String {
    // What mails say may be replaced: only `MailText` says it.
    let of_mails = |(id, _): &(&String, &BTreeSet<String>)| id.starts_with(MAIL);
    let mut out = String::new();
    let (mails, others): (Vec<_>, Vec<_>) = signatures.iter().partition(of_mails);
    for (owner, receiver, messages) in [("Text", "self", others), ("MailText<'_>", "&self", mails)]
    {
        writeln!(out, "impl {owner} {{").expect("a String takes everything");
        for (id, variables) in messages {
            method(&mut out, receiver, id, variables);
        }
        out.push_str("}\n\n");
    }
    out.push_str("/// Every message id, for the test that renders them all.\n");
    let ids: Vec<_> = signatures.keys().collect();
    writeln!(out, "#[cfg(test)]\nconst IDS: &[&str] = &{ids:?};")
        .expect("a String takes everything");
    out
}

fn method(out: &mut String, receiver: &str, id: &str, variables: &BTreeSet<String>) {
    let name = id.replace('-', "_");
    let parameters: String = variables.iter().map(|v| format!(", {v}: &str")).collect();
    let pairs: String = variables.iter().map(|v| format!("({v:?}, {v}), ")).collect();
    writeln!(
        out,
        "    /// `{id}`\n    pub fn {name}({receiver}{parameters}) -> String {{ self.format({id:?}, &[{pairs}]) }}"
    )
    .expect("a String takes everything");
}
