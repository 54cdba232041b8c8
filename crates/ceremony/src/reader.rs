use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use toml::{Table, Value};

/// Everything that is wrong so far, each with the place where it stands.
pub(crate) type Errors = RefCell<Vec<String>>;

/// A table of the file. Each question that it cannot answer is noted down and answered `None`, so
/// that the whole file is read and everything wrong is said at once.
pub(crate) struct Section<'a> {
    path: String,
    table: &'a Table,
    errors: &'a Errors,
}

impl<'a> Section<'a> {
    /// The file itself.
    pub(crate) fn whole(table: &'a Table, errors: &'a Errors) -> Self {
        Self { path: String::new(), table, errors }
    }

    /// Refuses what is not among `known`, with the nearest of them.
    pub(crate) fn permit(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            let nearest = known.iter().min_by_key(|other| strsim::damerau_levenshtein(other, key));
            let hint = nearest.copied().unwrap_or_default();
            self.wrong(key, &format!("there is no such entry; did you mean {}?", self.name(hint)));
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(crate) fn wrong(&self, key: &str, what: &str) {
        self.errors.borrow_mut().push(format!("{}: {what}", self.name(key)));
    }

    /// A text that must be there.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        if !self.has(key) {
            self.wrong(key, "is missing");
        }
        self.optional_text(key)
    }

    pub(crate) fn optional_text(&self, key: &str) -> Option<String> {
        match self.table.get(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                self.wrong(key, "must be a text in quotes");
                None
            }
        }
    }

    /// A text of a certain form that must be there.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Option<T> {
        let text = self.text(key)?;
        self.parse(key, &text)
    }

    pub(crate) fn optional<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Option<T> {
        let text = self.optional_text(key)?;
        self.parse(key, &text)
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&self, key: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.wrong(key, &error.to_string())).ok()
    }

    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A whole number that must be there and in range.
    pub(crate) fn number(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(value) = self.table.get(key) else {
            self.wrong(key, "is missing");
            return None;
        };
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.wrong(key, &format!("must be a whole number from {from} to {to}"));
        }
        number
    }

    /// A moment with its time zone, in quotes or as TOML writes it.
    pub(crate) fn moment(&self, key: &str) -> Option<jiff::Timestamp> {
        let text = match self.table.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Datetime(moment)) => Some(moment.to_string()),
            _ => None,
        };
        let moment = text.and_then(|text| text.parse().ok());
        if moment.is_none() {
            self.wrong(key, "must be a moment with its zone, such as 2027-01-31T09:00:00+09:00");
        }
        moment
    }

    /// A list of texts; none when it is left out.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let list = match self.table.get(key) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|value| value.as_str().filter(|text| !text.trim().is_empty()))
                .map(|text| text.map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            Some(_) => None,
        };
        list.unwrap_or_else(|| {
            self.wrong(key, "must be a list of texts");
            Vec::new()
        })
    }

    /// A table within.
    pub(crate) fn section(&self, key: &str) -> Option<Section<'a>> {
        match self.table.get(key)? {
            Value::Table(table) => {
                Some(Section { path: self.name(key), table, errors: self.errors })
            }
            _ => {
                self.wrong(key, &format!("must be a section, [{}]", self.name(key)));
                None
            }
        }
    }

    /// Tables within, each headed by `[[key]]`.
    pub(crate) fn sections(&self, key: &str) -> Vec<Section<'a>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let tables = value
            .as_array()
            .and_then(|list| list.iter().map(Value::as_table).collect::<Option<Vec<_>>>());
        let Some(tables) = tables else {
            self.wrong(key, &format!("must be sections, each [[{}]]", self.name(key)));
            return Vec::new();
        };
        let numbered = |(i, table): (usize, &'a Table)| Section {
            path: format!("{}[{}]", self.name(key), i + 1),
            table,
            errors: self.errors,
        };
        tables.into_iter().enumerate().map(numbered).collect()
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
