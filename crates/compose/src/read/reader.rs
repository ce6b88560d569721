//! Values read by type, with the complaints collected.

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::yaml::{Mapping, Node, Span};

/// Reads values and collects what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A value and what it is called: `services.web.image`.
#[derive(Debug, Clone)]
pub(super) struct Field<'n> {
    pub(super) node: &'n Node,
    pub(super) name: String,
}

// === impl Field ===

impl<'n> Field<'n> {
    /// Returns the value of a key, unless it is missing or empty.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let node = self.node.get(key).filter(|node| !node.is_null())?;
        Some(Self {
            node,
            name: format!("{}.{key}", self.name),
        })
    }

    /// Returns an item of a list.
    fn item(&self, index: usize, node: &'n Node) -> Self {
        Self {
            node,
            name: format!("{}[{index}]", self.name),
        }
    }

    /// Returns the value of a key of the mapping that the field is.
    pub(super) fn entry(&self, key: &str, node: &'n Node) -> Self {
        Self {
            node,
            name: format!("{}.{key}", self.name),
        }
    }
}

// === impl Reader ===

impl Reader {
    /// Adds an error at a place.
    pub(super) fn error(&mut self, code: Code, message: String, span: Span) {
        self.diagnostics
            .push(Diagnostic::new(code, message).with_label(span, ""));
    }

    /// Adds an error at a place, with the way out.
    pub(super) fn error_with_help(
        &mut self,
        code: Code,
        message: String,
        span: Span,
        help: impl Into<Option<String>>,
    ) {
        let diagnostic = Diagnostic::new(code, message).with_label(span, "");
        self.diagnostics
            .push(diagnostic.with_help_if_any(help.into()));
    }

    /// Complains about the type of a value.
    pub(super) fn wrong_type(&mut self, field: &Field<'_>, expected: &str) {
        let message = format!(
            "`{}` must be {expected}, not {}",
            field.name,
            field.node.kind()
        );
        self.error(Code::WrongType, message, field.node.span);
    }

    pub(super) fn text(&mut self, field: &Field<'_>) -> Option<String> {
        let text = field.node.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(field, "a text");
        }
        text
    }

    pub(super) fn text_at(&mut self, parent: &Field<'_>, key: &str) -> Option<String> {
        parent.get(key).and_then(|field| self.text(&field))
    }

    /// Reads a list, or nothing where there is none.
    pub(super) fn list_at<'n>(&mut self, parent: &Field<'n>, key: &str) -> Vec<Field<'n>> {
        let Some(field) = parent.get(key) else {
            return Vec::new();
        };
        match field.node.as_sequence() {
            Some(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| field.item(index, item))
                .collect(),
            None => {
                self.wrong_type(&field, "a list");
                Vec::new()
            }
        }
    }

    pub(super) fn texts_at(&mut self, parent: &Field<'_>, key: &str) -> Vec<String> {
        let items = self.list_at(parent, key);
        items.iter().filter_map(|item| self.text(item)).collect()
    }

    /// Reads a mapping; `None` also where it is something else.
    pub(super) fn map<'n>(&mut self, field: &Field<'n>) -> Option<&'n Mapping> {
        let mapping = field.node.as_map();
        if mapping.is_none() {
            self.wrong_type(field, "a mapping");
        }
        mapping
    }

    /// Reads the normalised form of `KEY=value` lists and mappings.
    pub(super) fn pairs_at(
        &mut self,
        parent: &Field<'_>,
        key: &str,
    ) -> IndexMap<String, Option<String>> {
        let Some(field) = parent.get(key) else {
            return IndexMap::new();
        };
        let Some(mapping) = field.node.as_map() else {
            self.wrong_pairs(&field);
            return IndexMap::new();
        };
        let mut pairs = IndexMap::new();
        for (key, node) in mapping.iter() {
            let value = if node.is_null() {
                None
            } else {
                self.text(&field.entry(key, node))
            };
            pairs.insert(key.to_owned(), value);
        }
        pairs
    }

    /// Reads words: a list as it is, a text split as a shell would.
    pub(super) fn words_at(&mut self, parent: &Field<'_>, key: &str) -> Option<Vec<String>> {
        let field = parent.get(key)?;
        if field.node.as_sequence().is_some() {
            return Some(self.texts_at(parent, key));
        }
        let text = self.text(&field)?;
        let words = shell_words::split(&text).ok();
        if words.is_none() {
            let message = format!("`{}` has a quote that is never closed", field.name);
            self.error(Code::WrongValue, message, field.node.span);
        }
        words
    }

    /// Warns of keys that nobody will read.
    pub(super) fn check_keys(&mut self, field: &Field<'_>, known: &[&str]) {
        let Some(mapping) = field.node.as_map() else {
            return;
        };
        for (key, entry) in mapping.entries() {
            if !known.contains(&key) && !key.starts_with("x-") {
                let place = if field.name.is_empty() {
                    "top level"
                } else {
                    field.name.as_str()
                };
                let message = format!("unknown key `{key}` in `{place}`")
                    .replace("`top level`", "the top level");
                let diagnostic = Diagnostic::new(Code::UnknownKey, message)
                    .with_label(entry.key_span, "")
                    .with_help_if_any(did_you_mean(key, known.iter().copied()));
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn wrong_pairs(&mut self, field: &Field<'_>) {
        // `- KEY: value` is the usual slip.
        let slip = field
            .node
            .as_sequence()
            .unwrap_or_default()
            .iter()
            .find(|item| item.as_str().is_none());
        let Some(item) = slip else {
            self.wrong_type(field, "a mapping or a list of `KEY=value`");
            return;
        };
        let message = format!(
            "an item of `{}` must be a text `KEY=value`, not {}",
            field.name,
            item.kind()
        );
        let help = item.as_map().and_then(|mapping| {
            let (key, value) = mapping.iter().next()?;
            // The value may be a secret and is at the place shown anyway.
            value
                .as_str()
                .map(|_| format!("write `- {key}=…`, or drop the `-` from all items"))
        });
        self.error_with_help(Code::WrongType, message, item.span, help);
    }
}
