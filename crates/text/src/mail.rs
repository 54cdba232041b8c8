//! What mails say, which a service may say in its own words.
//!
//! A replacement is a Fluent message of the same id and with no other variables than the
//! built-in one. Whoever takes one in renders every sample with it first; one that fails all the
//! same, in a mail, gives way to what is built in: a mail is sent in any case.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement};
use fluent_syntax::unicode::unescape_unicode_to_string;
use tegata_domain::is_hidden;

use crate::guard::{DEEPEST, nests_at};
use crate::{Lang, Text};

/// What the first line of an export begins with; its language stands behind it.
const MARK: &str = "# tegata mail-template: ";

/// A message that a service may say in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailMessage {
    /// Its id.
    pub id: &'static str,
    /// The variables that it may use.
    pub variables: &'static [&'static str],
    ja: &'static str,
    en: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/mail.rs"));

impl MailMessage {
    /// Every message of a mail, by id.
    pub fn all() -> &'static [Self] {
        MESSAGES
    }

    /// The message of this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        MESSAGES.iter().find(|message| message.id == id)
    }

    /// What is built in, Fluent.
    pub fn built_in(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }
}

/// What is wrong with a replacement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Longer than anyone would write.
    #[error("longer than 256 KiB")]
    TooLong,
    /// Exported in another language.
    #[error("it says of itself that it is in {0}; with --lang {0} it would be taken")]
    OtherLang(String),
    /// Braces in braces.
    #[error("line {line}: nested deeper than {DEEPEST}")]
    TooDeep {
        /// Counted from 1.
        line: usize,
    },
    /// A character that cannot be seen or turns the direction of others.
    #[error("{place}: U+{:04X} cannot be seen, or turns what is seen", u32::from(*.character))]
    Hidden {
        /// Which line or message.
        place: String,
        /// Which character.
        character: char,
    },
    /// No Fluent.
    #[error("line {line}: not Fluent: {cause}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        cause: String,
    },
    /// Nothing that could be replaced.
    #[error("there is no message {0}; `mail-template list` names them all")]
    Unknown(String),
    /// The same message once more.
    #[error("{0} stands twice")]
    Twice(String),
    /// Attributes and terms have no place in a mail.
    #[error("{0} is no plain message")]
    NotPlain(String),
    /// Nothing is said.
    #[error("{0} is empty")]
    Empty(String),
    /// A variable that this message is not given.
    #[error("{id} has no variable ${variable}; it has {}", known(.id))]
    Variable {
        /// Which message.
        id: String,
        /// Which variable.
        variable: String,
    },
    /// It could not be rendered.
    #[error("{id} cannot be rendered: {cause}")]
    Rendering {
        /// Which message.
        id: String,
        /// Why.
        cause: String,
    },
}

fn known(id: &str) -> String {
    let variables = MailMessage::find(id).map_or(&[][..], |message| message.variables);
    let named: Vec<_> = variables.iter().map(|name| format!("${name}")).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

/// The replacements of one service in one language.
pub struct MailTemplates {
    bundle: FluentBundle<FluentResource>,
    messages: Vec<(&'static str, String)>,
}

impl MailTemplates {
    /// Largest text that is read, in octets.
    pub const MAX_SOURCE: usize = 256 * 1024;

    /// The first line of texts in `lang`; what says another language there is refused.
    pub fn first_line(lang: Lang) -> String {
        format!("{MARK}{}\n", lang.code())
    }

    /// Reads replacements: Fluent messages, one or many.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(lang: Lang, source: &str) -> Result<Self, Vec<TemplateFault>> {
        if source.len() > Self::MAX_SOURCE {
            return Err(vec![TemplateFault::TooLong]);
        }
        let said = source.lines().next().and_then(|line| line.strip_prefix(MARK));
        if let Some(other) = said.map(str::trim).filter(|said| *said != lang.code()) {
            return Err(vec![TemplateFault::OtherLang(other.chars().take(20).collect())]);
        }
        if let Some(line) = nests_at(source) {
            return Err(vec![TemplateFault::TooDeep { line }]);
        }
        let hidden = source.lines().enumerate().filter_map(|(index, line)| {
            let character = line.chars().find(|c| is_hidden(*c))?;
            Some(TemplateFault::Hidden { place: format!("line {}", index + 1), character })
        });
        let hidden: Vec<_> = hidden.collect();
        if !hidden.is_empty() {
            return Err(hidden);
        }
        let resource = fluent_syntax::parser::parse(source).map_err(|(_, errors)| {
            let fault = |error: fluent_syntax::parser::ParserError| {
                let before = source.get(..error.pos.start).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                TemplateFault::Syntax { line, cause: error.kind.to_string() }
            };
            errors.into_iter().map(fault).collect::<Vec<_>>()
        })?;
        let (mut messages, mut faults) = (Vec::<(&'static str, String)>::new(), Vec::new());
        for entry in resource.body {
            match entry {
                Entry::Message(message) => match checked(message) {
                    Ok((id, _)) if messages.iter().any(|(other, _)| *other == id) => {
                        faults.push(TemplateFault::Twice(id.to_owned()));
                    }
                    Ok(message) => messages.push(message),
                    Err(wrong) => faults.extend(wrong),
                },
                Entry::Term(term) => {
                    faults.push(TemplateFault::NotPlain(format!("-{}", term.id.name)));
                }
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                Entry::Junk { content } => faults.push(TemplateFault::Syntax {
                    line: 1,
                    cause: content.trim().chars().take(80).collect(),
                }),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let all: String = messages.iter().map(|(_, source)| source.as_str()).collect();
        Ok(Self { bundle: crate::bundle(lang.code(), &all), messages })
    }

    /// Each replacement: its id and its source.
    pub fn messages(&self) -> &[(&'static str, String)] {
        &self.messages
    }
}

/// A message alone that can take the place of a built-in one.
fn checked(mut message: Message<&str>) -> Result<(&'static str, String), Vec<TemplateFault>> {
    let id = message.id.name;
    let Some(built_in) = MailMessage::find(id) else {
        return Err(vec![TemplateFault::Unknown(id.to_owned())]);
    };
    if !message.attributes.is_empty() {
        return Err(vec![TemplateFault::NotPlain(id.to_owned())]);
    }
    let Some(value) = &message.value else {
        return Err(vec![TemplateFault::Empty(id.to_owned())]);
    };
    let mut used = Used::default();
    used.in_pattern(value);
    let mut faults: Vec<_> = used
        .variables
        .into_iter()
        .filter(|variable| !built_in.variables.contains(&variable.as_str()))
        .map(|variable| TemplateFault::Variable { id: id.to_owned(), variable })
        .collect();
    let hidden = |character| TemplateFault::Hidden { place: id.to_owned(), character };
    faults.extend(used.hidden.map(hidden));
    if used.others {
        faults.push(TemplateFault::NotPlain(id.to_owned()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    message.comment = None;
    let alone = fluent_syntax::ast::Resource { body: vec![Entry::Message(message)] };
    Ok((built_in.id, fluent_syntax::serializer::serialize(&alone)))
}

/// What a message refers to.
#[derive(Default)]
struct Used {
    variables: BTreeSet<String>,
    /// Other messages, terms, functions.
    others: bool,
    /// What a string holds, written as an escape.
    hidden: Option<char>,
}

impl Used {
    fn in_pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.in_expression(expression);
            }
        }
    }

    fn in_expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.in_inline(inline),
            Expression::Select { selector, variants } => {
                self.in_inline(selector);
                variants.iter().for_each(|variant| self.in_pattern(&variant.value));
            }
        }
    }

    fn in_inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            InlineExpression::StringLiteral { value } => {
                let said = unescape_unicode_to_string(value);
                self.hidden = self.hidden.or_else(|| said.chars().find(|c| is_hidden(*c)));
            }
            InlineExpression::NumberLiteral { .. } => {}
            InlineExpression::Placeable { expression } => self.in_expression(expression),
            InlineExpression::FunctionReference { .. }
            | InlineExpression::MessageReference { .. }
            | InlineExpression::TermReference { .. } => self.others = true,
        }
    }
}

/// What mails say in one language: a method for each message.
pub struct MailText<'a> {
    text: Text,
    templates: Option<&'a MailTemplates>,
    faults: RefCell<Vec<TemplateFault>>,
}

impl<'a> MailText<'a> {
    /// The messages of `lang`, with `templates` in place of those that they replace.
    pub fn of(lang: Lang, templates: Option<&'a MailTemplates>) -> Self {
        Self { text: Text::of(lang), templates, faults: RefCell::default() }
    }

    /// Which language this is.
    pub fn lang(&self) -> Lang {
        self.text.lang()
    }

    /// What could not be rendered so far, so that the built-in message took its place.
    pub fn into_faults(self) -> Vec<TemplateFault> {
        self.faults.into_inner()
    }

    pub(crate) fn format(&self, id: &str, variables: &[(&str, &str)]) -> String {
        self.replaced(id, variables).unwrap_or_else(|| self.text.format(id, variables))
    }

    fn replaced(&self, id: &str, variables: &[(&str, &str)]) -> Option<String> {
        let templates = self.templates?;
        let pattern = templates.bundle.get_message(id)?.value()?;
        let mut args = FluentArgs::with_capacity(variables.len());
        for (name, value) in variables {
            // A number can be counted: one certificate, two certificates.
            args.set(
                *name,
                match *name {
                    "count" => FluentValue::try_number(value),
                    _ => FluentValue::String(Cow::Borrowed(*value)),
                },
            );
        }
        let mut errors = Vec::new();
        let said = templates.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        let mut causes: Vec<_> = errors.iter().map(ToString::to_string).collect();
        if said.trim().is_empty() {
            causes.push("it is empty".to_owned());
        }
        if id.ends_with("-subject") && said.contains(['\r', '\n']) {
            causes.push("a subject is one line".to_owned());
        }
        if causes.is_empty() {
            return Some(said);
        }
        let fault = |cause| TemplateFault::Rendering { id: id.to_owned(), cause };
        self.faults.borrow_mut().extend(causes.into_iter().map(fault));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(source: &str) -> Vec<TemplateFault> {
        MailTemplates::parse(Lang::En, source).err().unwrap_or_default()
    }

    #[test]
    fn what_is_built_in_could_be_taken_in_again() {
        for lang in Lang::ALL {
            let all: String = MailMessage::all().iter().map(|m| m.built_in(lang)).collect();
            let again = MailTemplates::parse(lang, &all).map_err(|faults| format!("{faults:?}"));
            assert_eq!(again.unwrap().messages().len(), MailMessage::all().len());
        }
    }

    #[test]
    fn a_replacement_is_said_and_the_others_stay() {
        let own = MailTemplates::parse(
            Lang::En,
            "# ours\nmail-issued-subject = Hello from { $service }\n",
        );
        let own = own.map_err(|faults| format!("{faults:?}")).unwrap();
        let text = MailText::of(Lang::En, Some(&own));
        assert_eq!(text.mail_issued_subject("X"), "Hello from X");
        let built_in = MailText::of(Lang::En, None);
        assert_eq!(text.mail_held_subject("X"), built_in.mail_held_subject("X"));
        assert!(text.into_faults().is_empty());
    }

    #[test]
    fn everything_wrong_is_named() {
        for (source, wanted) in [
            ("mail-issued-subject = { $service\n", "not Fluent"),
            ("mail-issued-subject = { $serial }\n", "has no variable $serial; it has $service"),
            ("mail-nothing = x\n", "there is no message mail-nothing"),
            ("product = x\n", "there is no message product"),
            ("mail-held-subject = { mail-held-body }\n", "is no plain message"),
            ("mail-held-subject = { NUMBER($service) }\n", "is no plain message"),
            ("mail-held-subject = a\n    .b = c\n", "is no plain message"),
            ("-term = a\n", "is no plain message"),
            ("mail-held-subject = a\nmail-held-subject = b\n", "stands twice"),
            ("nonsense\n", "not Fluent"),
        ] {
            let found = faults(source);
            let said: Vec<_> = found.iter().map(ToString::to_string).collect();
            assert!(said.iter().any(|one| one.contains(wanted)), "{source}: {said:?}");
        }
        let twice = faults("mail-held-subject = { $a }\nmail-issued-subject = { $b }\n");
        assert_eq!(twice.len(), 2, "not only the first");
        assert_eq!(faults(&"#".repeat(MailTemplates::MAX_SOURCE + 1)), [TemplateFault::TooLong]);
    }

    #[test]
    fn what_nests_too_deep_is_refused_before_it_is_parsed() {
        let deep = |open: &str, close: &str| {
            let (open, close) = (open.repeat(9_000), close.repeat(9_000));
            format!("mail-issued-subject = x\nmail-held-subject = {open}$service{close}\n")
        };
        for source in [
            deep("{", "}"),
            deep("{ ", " }"),
            deep("{\n", "\n}"),
            deep("{ A(", ") }"),
            deep("{\n\"}\" ->\n *[x] {", "\n}}"),
        ] {
            let found = faults(&source);
            assert!(matches!(found[..], [TemplateFault::TooDeep { .. }]), "{found:?}");
        }
        let deep =
            format!("mail-held-subject = {{ {}{}\n", "A(".repeat(50_000), ")".repeat(50_000));
        assert_eq!(faults(&deep), [TemplateFault::TooDeep { line: 1 }]);
    }

    #[test]
    fn what_says_another_language_is_refused() {
        for lang in Lang::ALL {
            let source = MailTemplates::first_line(lang) + "\nmail-held-subject = { $service }\n";
            for other in Lang::ALL {
                let faults = MailTemplates::parse(other, &source).err();
                let wanted = vec![TemplateFault::OtherLang(lang.code().to_owned())];
                assert_eq!(faults, (other != lang).then_some(wanted));
            }
        }
    }

    #[test]
    fn no_character_that_cannot_be_seen_is_taken() {
        let hidden =
            |place: &str, character| [TemplateFault::Hidden { place: place.to_owned(), character }];
        for c in ['\u{200b}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}'] {
            let source = format!("# ours\nmail-held-subject = a{c}b\n");
            assert_eq!(faults(&source), hidden("line 2", c));
            for escape in [format!("\\u{:04X}", u32::from(c)), format!("\\U{:06x}", u32::from(c))] {
                let source = format!("mail-held-subject = a{{ \"{escape}\" }}b\n");
                assert_eq!(faults(&source), hidden("mail-held-subject", c), "{source}");
            }
        }
    }

    #[test]
    fn what_fails_with_values_gives_way_and_is_named() {
        for source in [
            "mail-held-subject = { \"\" }\n",
            "mail-held-subject =\n    two\n    lines\n",
            "mail-held-subject = { $service ->\n    [x] { \"\" }\n   *[other] ok\n }\n",
        ] {
            let own = MailTemplates::parse(Lang::En, source).map_err(|f| format!("{f:?}")).unwrap();
            let text = MailText::of(Lang::En, Some(&own));
            let said = text.mail_held_subject("x");
            assert_eq!(said, MailText::of(Lang::En, None).mail_held_subject("x"));
            assert_eq!(text.into_faults().len(), 1, "{source}");
        }
    }
}
