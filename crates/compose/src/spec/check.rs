//! The check of a tree against the tables.

mod collection;
mod place;
mod single;
mod wrong;

use std::collections::HashSet;

use self::place::{Place, TOP};
use super::shape::{Field, Names, Object, Shape};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::yaml::{Mapping, Node, ScalarKind, Span, Value};

/// Checks trees and collects what is wrong with them, each thing once.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    diagnostics: Vec<Diagnostic>,
    /// Ports that the document stands for.
    ports: usize,
    seen: HashSet<(Span, Code, String)>,
}

// === impl Checker ===

impl Checker {
    /// Checks a whole document.
    pub(crate) fn document(&mut self, tree: &Node) {
        self.ports = 0;
        match &tree.value {
            Value::Mapping(mapping) => self.keys(mapping, &super::PROJECT, &TOP, tree.span),
            // An empty file is no mistake of a type: it has no services.
            Value::Null => {}
            Value::Scalar(_) | Value::Sequence(_) => {
                let message = format!("a Compose file must be a mapping, not {}", tree.kind());
                self.push(Code::WrongType, message, tree.span, None);
            }
        }
    }

    /// Checks one section of the top level.
    pub(crate) fn section(&mut self, key: &str, node: &Node) {
        if let Some(field) = super::PROJECT.field(key) {
            self.value(node, &field.shape, &TOP.key(key));
        }
    }

    /// Returns whether something is wrong that no level lowers.
    pub(crate) fn is_unusable(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_fatal)
    }

    /// Returns what is wrong.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    fn push(&mut self, code: Code, message: String, span: Span, help: Option<String>) {
        // A tree is checked after each file that is merged into it.
        if self.seen.insert((span, code, message.clone())) {
            let diagnostic = Diagnostic::new(code, message).with_label(span, "");
            self.diagnostics.push(diagnostic.with_help_if_any(help));
        }
    }

    fn keys(&mut self, mapping: &Mapping, object: &Object, place: &Place<'_>, span: Span) {
        self.external_name(mapping, place);
        for (key, entry) in mapping.entries() {
            match object.field(key) {
                Some(field) => self.value(&entry.node, &field.shape, &place.key(key)),
                None if key.starts_with("x-") => {}
                None => self.unknown(key, entry.key_span, object, place),
            }
        }
        for field in object.fields.iter().filter(|field| field.required) {
            if !mapping.contains(field.key) {
                self.missing(field, place, span);
            }
        }
    }

    /// The older form of `external` has a name of its own.
    fn external_name(&mut self, mapping: &Mapping, place: &Place<'_>) {
        let older = mapping.get("external").and_then(|node| node.get("name"));
        let name = mapping.get("name").and_then(Node::as_str);
        if let (Some(older), Some(name)) = (older, name)
            && older.as_str() != Some(name)
        {
            let message = format!("`{}` has two names", place.name());
            let help = "write `external: true`, and `name` for its name".to_owned();
            self.push(Code::WrongValue, message, older.span, Some(help));
        }
    }

    fn unknown(&mut self, key: &str, span: Span, object: &Object, place: &Place<'_>) {
        let message = match place.name().as_str() {
            "" => format!("unknown key `{key}` in the top level"),
            name => format!("unknown key `{key}` in `{name}`"),
        };
        let known = object.fields.iter().map(|field| field.key);
        self.push(Code::UnknownKey, message, span, did_you_mean(key, known));
    }

    fn missing(&mut self, field: &Field, place: &Place<'_>, span: Span) {
        let message = format!("`{}` has no `{}`", place.name(), field.key);
        let help = match field.shape {
            Shape::Word(words) => Some(format!("it is one of `{}`", words.join("`, `"))),
            _ => None,
        };
        self.push(Code::WrongValue, message, span, help);
    }

    fn value(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        match (shape, &node.value) {
            (
                Shape::Any | Shape::Command | Shape::KeysOrNull(_) | Shape::TextOrNull,
                Value::Null,
            )
            | (Shape::Any, _) => {}
            (Shape::Keys(object) | Shape::KeysOrNull(object), Value::Mapping(mapping)) => {
                self.keys(mapping, object, place, node.span);
            }
            (Shape::Named(names, shape), Value::Mapping(mapping)) => {
                self.named(mapping, *names, shape, place);
            }
            (Shape::NamedOrList(shape), Value::Mapping(mapping)) => {
                self.named(mapping, Names::Any, shape, place);
            }
            (Shape::Agents, Value::Mapping(mapping)) => self.scalars(mapping, place),
            (Shape::Agents, Value::Sequence(items)) => self.agents(items, place),
            (Shape::NamedOrList(_), Value::Sequence(items)) => self.names(items, place),
            (Shape::OneOrMany | Shape::Command, Value::Sequence(items)) => {
                self.items(items, &Shape::Text, place);
            }
            (Shape::List(shape), Value::Sequence(items)) => self.items(items, shape, place),
            (Shape::Set(shape), Value::Sequence(items)) => {
                self.items(items, shape, place);
                self.doubles(items, place);
            }
            (
                Shape::Short(_, object) | Shape::ShortOrNumber(_, object),
                Value::Mapping(mapping),
            ) => self.keys(mapping, object, place, node.span),
            (Shape::ShortOrList(_), Value::Scalar(_)) => self.scalar(node, &Shape::Text, place),
            (Shape::WordOrList(words, _), Value::Scalar(_)) => {
                self.scalar(node, &Shape::Word(words), place);
            }
            (Shape::ShortOrList(shape) | Shape::WordOrList(_, shape), _) => {
                self.value(node, shape, place);
            }
            (Shape::HealthTest, Value::Sequence(items)) => self.health_test(items, node, place),
            (Shape::Pairs(unset), Value::Mapping(mapping)) => self.pairs(mapping, *unset, place),
            (Shape::Options | Shape::Ignored, Value::Mapping(mapping)) => {
                self.scalars(mapping, place);
            }
            (Shape::Pairs(_), Value::Sequence(items)) => self.pair_items(items, place),
            (Shape::Hosts, _) => self.hosts(node, place),
            (Shape::Ulimit, Value::Mapping(mapping)) => self.ulimit(mapping, node.span, place),
            (Shape::External, Value::Mapping(mapping)) => {
                if let Some(name) = mapping.get("name") {
                    self.scalar(name, &Shape::Text, &place.key("name"));
                }
            }
            (_, Value::Scalar(_)) => self.scalar(node, shape, place),
            (_, Value::Null | Value::Sequence(_) | Value::Mapping(_)) => {
                self.wrong_type(node, shape, place);
            }
        }
    }

    fn named(&mut self, mapping: &Mapping, names: Names, shape: &Shape, place: &Place<'_>) {
        for (key, entry) in mapping.entries() {
            if names == Names::Strict && !is_name(key) {
                let kind = place.name();
                let message = format!("`{key}` is no name for a {}", kind.trim_end_matches('s'));
                let help = "a name has letters, digits, `.`, `_` and `-`".to_owned();
                self.push(Code::WrongName, message, entry.key_span, Some(help));
            }
            if entry.node.is_null() && place.name() == "services" {
                let message = format!("service `{key}` is empty");
                let help = "give it an `image` or a `build`".to_owned();
                self.push(Code::EmptyService, message, entry.key_span, Some(help));
            } else {
                self.value(&entry.node, shape, &place.key(key));
            }
        }
    }

    fn items(&mut self, items: &[Node], shape: &Shape, place: &Place<'_>) {
        for (index, item) in items.iter().enumerate() {
            self.value(item, shape, &place.item(index));
        }
    }
}

fn is_text(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.kind() == ScalarKind::String)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
