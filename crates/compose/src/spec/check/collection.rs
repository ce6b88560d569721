//! The check of lists and mappings that have rules of their own.

use std::collections::HashSet;

use super::place::Place;
use super::{Checker, is_text};
use crate::diagnostic::{Code, did_you_mean};
use crate::spec::shape::{Shape, Unset};
use crate::yaml::{Mapping, Node, Span, Value};

impl Checker {
    pub(super) fn scalars(&mut self, mapping: &Mapping, place: &Place<'_>) {
        for (key, node) in mapping.iter() {
            if matches!(node.value, Value::Sequence(_) | Value::Mapping(_)) {
                self.wrong_type(node, &Shape::Scalar, &place.key(key));
            }
            if node.as_scalar().is_some_and(|scalar| !scalar.is_finite()) {
                let message = format!("`{}` cannot be infinite", place.key(key).name());
                self.push(Code::WrongValue, message, node.span, None);
            }
        }
    }

    pub(super) fn names(&mut self, items: &[Node], place: &Place<'_>) {
        self.items(items, &Shape::Text, place);
        self.doubles(items, place);
    }

    pub(super) fn doubles(&mut self, items: &[Node], place: &Place<'_>) {
        let mut seen = HashSet::new();
        for item in items {
            let Some(text) = item.as_str() else { continue };
            if !seen.insert((item.kind(), text)) {
                let message = format!("`{}` names `{text}` twice", place.name());
                let help = "remove one of them".to_owned();
                self.push(Code::WrongValue, message, item.span, Some(help));
            }
        }
    }

    pub(super) fn pairs(&mut self, mapping: &Mapping, unset: Unset, place: &Place<'_>) {
        self.scalars(mapping, place);
        if unset == Unset::Refused {
            self.values(mapping, place);
        }
        if let Some(entry) = mapping.entry("") {
            let message = format!("`{}` has a value without a name", place.name());
            let help = "write `NAME=VALUE`".to_owned();
            self.push(Code::WrongValue, message, entry.key_span, Some(help));
        }
    }

    fn values(&mut self, mapping: &Mapping, place: &Place<'_>) {
        for (key, entry) in mapping.entries() {
            if entry.node.is_null() {
                let message = format!("`{}` has no value", place.key(key).name());
                let help = "write `NAME=VALUE`".to_owned();
                self.push(Code::WrongValue, message, entry.key_span, Some(help));
            }
        }
    }

    pub(super) fn agents(&mut self, items: &[Node], place: &Place<'_>) {
        for (index, item) in items.iter().enumerate() {
            let text = item.as_str().unwrap_or_default();
            if !is_text(item) || !(text == "default" || text.contains(['=', ':'])) {
                let name = place.item(index).name();
                let message = format!("`{name}` must be `default` or `ID=path`, not `{text}`");
                self.push(Code::WrongValue, message, item.span, None);
            }
        }
    }

    /// `- KEY: value` is the usual slip.
    pub(super) fn pair_items(&mut self, items: &[Node], place: &Place<'_>) {
        for item in items {
            if is_text(item) {
                continue;
            }
            let message = format!(
                "an item of `{}` must be a text `KEY=value`, not {}",
                place.name(),
                item.kind()
            );
            // The value may be a secret and is at the place shown anyway.
            let help = item.as_map().and_then(|mapping| {
                let key = mapping.keys().next()?;
                Some(format!("write `- {key}=…`, or drop the `-` from all items"))
            });
            self.push(Code::WrongType, message, item.span, help);
        }
    }

    pub(super) fn hosts(&mut self, node: &Node, place: &Place<'_>) {
        let items: Vec<(Option<&str>, &Node)> = match &node.value {
            Value::Sequence(items) => items.iter().map(|item| (None, item)).collect(),
            Value::Mapping(mapping) => mapping
                .iter()
                .flat_map(|(host, node)| {
                    let all = node.as_sequence().unwrap_or(std::slice::from_ref(node));
                    all.iter().map(move |item| (Some(host), item))
                })
                .collect(),
            Value::Null | Value::Scalar(_) => return self.wrong_type(node, &Shape::Hosts, place),
        };
        for (host, item) in items {
            let Some(text) = item.as_str().filter(|_| is_text(item)) else {
                self.wrong_type(item, &Shape::Text, place);
                continue;
            };
            if host.is_none() && !text.contains(['=', ':']) {
                let message = format!("`{}`: `{text}` has no address", place.name());
                let help = "write `HOST=ADDRESS`".to_owned();
                self.push(Code::WrongValue, message, item.span, Some(help));
            }
        }
    }

    pub(super) fn health_test(&mut self, items: &[Node], node: &Node, place: &Place<'_>) {
        self.items(items, &Shape::Text, place);
        let words: Vec<_> = items.iter().filter_map(Node::as_str).collect();
        let is_right = match words.as_slice() {
            [] | ["NONE", ..] | ["CMD", _, ..] | ["CMD-SHELL", _] => true,
            [..] => false,
        };
        if !is_right {
            let message = format!(
                "`{}` must start with `CMD`, `CMD-SHELL` or `NONE`",
                place.name()
            );
            let help = "`[CMD, program, argument]`, `[CMD-SHELL, line]` or `[NONE]`".to_owned();
            self.push(Code::WrongValue, message, node.span, Some(help));
        }
    }

    pub(super) fn ulimit(&mut self, mapping: &Mapping, span: Span, place: &Place<'_>) {
        for key in ["soft", "hard"] {
            match mapping.get(key) {
                Some(node) => self.value(node, &Shape::Ulimit, &place.key(key)),
                None => {
                    let message = format!("`{}` has no `{key}`", place.name());
                    let help = "give both limits, or one number for both".to_owned();
                    self.push(Code::WrongValue, message, span, Some(help));
                }
            }
        }
        for (key, entry) in mapping.entries() {
            if !matches!(key, "soft" | "hard") && !key.starts_with("x-") {
                let message = format!("unknown key `{key}` in `{}`", place.name());
                let help = did_you_mean(key, ["soft", "hard"]);
                self.push(Code::UnknownKey, message, entry.key_span, help);
            }
        }
    }
}
