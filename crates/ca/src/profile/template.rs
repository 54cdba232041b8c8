//! Texts with placeholders, and what they become.

use std::collections::BTreeMap;

use super::Placeholder;
use crate::NameError;

/// A text with placeholders, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Placeholder(Placeholder),
}

/// What the placeholders of one certificate become. All of it comes from the registry or the
/// settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Placeholder, String>);

impl Values {
    /// With what one placeholder becomes.
    #[must_use]
    pub fn with(mut self, placeholder: Placeholder, value: impl Into<String>) -> Self {
        self.0.insert(placeholder, value.into());
        self
    }
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence.
    pub(super) fn parse(text: &str, permitted: &[Placeholder]) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (literal, tail) = rest.split_at(at);
            if !literal.is_empty() {
                segments.push(Segment::Literal(literal.to_owned()));
            }
            let inner = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'));
            let (name, tail) = inner.ok_or("has a brace without its partner")?;
            let placeholder = permitted.iter().find(|placeholder| placeholder.name() == name);
            let Some(placeholder) = placeholder else {
                let names: Vec<_> = permitted.iter().map(|p| format!("{{{}}}", p.name())).collect();
                return Err(match &names[..] {
                    [] => format!("{{{name}}}: no placeholder can stand here"),
                    _ => format!("{{{name}}} is none of {}", names.join(", ")),
                });
            };
            segments.push(Segment::Placeholder(*placeholder));
            rest = tail;
        }
        if !rest.is_empty() {
            segments.push(Segment::Literal(rest.to_owned()));
        }
        Ok(Self(segments))
    }

    pub(super) fn contains(&self, placeholder: Placeholder) -> bool {
        self.0.contains(&Segment::Placeholder(placeholder))
    }

    /// Whether it is this placeholder and nothing else.
    pub(super) fn is_just(&self, placeholder: Placeholder) -> bool {
        self.0 == [Segment::Placeholder(placeholder)]
    }

    /// Whether what it becomes always holds a character that `is` permits.
    pub(super) fn always_has(&self, is: impl Fn(char) -> bool) -> bool {
        self.0.iter().any(|segment| match segment {
            Segment::Literal(text) => text.chars().any(&is),
            Segment::Placeholder(_) => false,
        })
    }

    pub(super) fn is_literal(&self) -> bool {
        self.0.iter().all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Whether every placeholder has a value.
    pub(super) fn has_all(&self, values: &Values) -> bool {
        self.0.iter().all(|segment| match segment {
            Segment::Literal(_) => true,
            Segment::Placeholder(placeholder) => values.0.contains_key(placeholder),
        })
    }

    /// The text with its placeholders filled in. What a value holds stays a value: braces in it
    /// are not looked at again.
    pub(super) fn fill(&self, values: &Values) -> Result<String, NameError> {
        let parts = self.0.iter().map(|segment| match segment {
            Segment::Literal(text) => Ok(text.as_str()),
            Segment::Placeholder(placeholder) => values
                .0
                .get(placeholder)
                .map(String::as_str)
                .ok_or(NameError::Missing(placeholder.name())),
        });
        parts.collect()
    }
}
