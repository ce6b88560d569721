//! The check of a tree against the tables.

use std::collections::HashSet;

use super::shape::{Field, Names, Object, Shape, Unset};
use super::short;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::short::{duration, port};
use crate::yaml::{Mapping, Node, Number, ScalarKind, Span, Value};

/// Checks trees and collects what is wrong with them, each thing once.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    diagnostics: Vec<Diagnostic>,
    /// Ports that the document stands for.
    ports: usize,
    seen: HashSet<(Span, Code, String)>,
}

/// Where the check is: the keys and items that lead there.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

// === impl Place ===

impl<'a> Place<'a> {
    fn key(&'a self, key: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    fn item(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Item(index),
        }
    }

    fn name(&self) -> String {
        let mut name = self.parent.map(Place::name).unwrap_or_default();
        match self.step {
            Step::Key(key) if name.is_empty() => key.clone_into(&mut name),
            Step::Key(key) => name.extend([".", key]),
            Step::Item(index) => name.push_str(&format!("[{index}]")),
        }
        name
    }
}

const TOP: Place<'static> = Place {
    parent: None,
    step: Step::Key(""),
};

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
            (Shape::Pairs(unset), Value::Mapping(mapping)) => {
                self.scalars(mapping, place);
                if *unset == Unset::Refused {
                    self.values(mapping, place);
                }
            }
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

    fn scalars(&mut self, mapping: &Mapping, place: &Place<'_>) {
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

    fn names(&mut self, items: &[Node], place: &Place<'_>) {
        self.items(items, &Shape::Text, place);
        self.doubles(items, place);
    }

    fn doubles(&mut self, items: &[Node], place: &Place<'_>) {
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

    fn values(&mut self, mapping: &Mapping, place: &Place<'_>) {
        for (key, entry) in mapping.entries() {
            if entry.node.is_null() {
                let message = format!("`{}` has no value", place.key(key).name());
                let help = "write `NAME=VALUE`".to_owned();
                self.push(Code::WrongValue, message, entry.key_span, Some(help));
            }
        }
    }

    fn agents(&mut self, items: &[Node], place: &Place<'_>) {
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
    fn pair_items(&mut self, items: &[Node], place: &Place<'_>) {
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

    fn hosts(&mut self, node: &Node, place: &Place<'_>) {
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

    fn health_test(&mut self, items: &[Node], node: &Node, place: &Place<'_>) {
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

    fn ulimit(&mut self, mapping: &Mapping, span: Span, place: &Place<'_>) {
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

    fn scalar(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let Some(scalar) = node.as_scalar() else {
            return self.wrong_type(node, shape, place);
        };
        let text = scalar.text.as_str();
        let is_text = scalar.kind() == ScalarKind::String;
        let number = scalar.as_number();
        match shape {
            Shape::Text | Shape::TextOrNull | Shape::OneOrMany | Shape::HealthTest if is_text => {}
            Shape::Command if is_text => self.command(node, text, place),
            Shape::Scalar => {}
            Shape::Word(words) if is_text => self.word(node, text, words, place),
            Shape::Matching(matches, rule) if is_text => {
                if !matches(text) {
                    self.mismatch(node, text, rule, place);
                }
            }
            Shape::Flag | Shape::External => {
                if super::flag(node).is_none() {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Integer(least, most) => {
                let bounds = i128::from(*least)..=i128::from(*most);
                let whole = super::whole(node);
                if !whole.is_some_and(|number| bounds.contains(&number)) {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Fraction if number.is_some_and(is_finite) => {}
            Shape::Bytes => {
                if super::size(node).is_none() {
                    self.wrong(node, shape, place);
                }
            }
            Shape::Duration => self.duration(node, text, is_text, place),
            Shape::Count if text.eq_ignore_ascii_case("all") || super::whole(node).is_some() => {}
            Shape::Ulimit if super::whole(node).is_some() => {}
            Shape::Short(check, _) if is_text => self.short(node, check(text), place),
            Shape::ShortOrNumber(check, _) => {
                self.ports += port::count(text);
                if self.ports > port::MAX_PORTS {
                    let message = "the port ranges of all services stand for too many ports";
                    self.push(Code::WrongPort, message.to_owned(), node.span, None);
                } else {
                    self.short(node, check(text), place);
                }
            }
            Shape::Published => {
                if !short::is_published(text) {
                    self.wrong(node, shape, place);
                }
            }
            _ => self.wrong(node, shape, place),
        }
    }

    fn command(&mut self, node: &Node, text: &str, place: &Place<'_>) {
        if shell_words::split(text).is_err() {
            let message = format!("`{}` has a quote that is never closed", place.name());
            self.push(Code::WrongValue, message, node.span, None);
        }
    }

    fn word(&mut self, node: &Node, text: &str, words: &[&str], place: &Place<'_>) {
        if words.contains(&text) {
            return;
        }
        let message = match place.step {
            Step::Key("condition") => format!("`{text}` is no condition"),
            Step::Key("type") => format!("`{text}` is no type of mount"),
            _ => format!("`{}` cannot be `{text}`", place.name()),
        };
        let help = did_you_mean(text, words.iter().copied())
            .unwrap_or_else(|| format!("it is one of `{}`", words.join("`, `")));
        self.push(Code::WrongValue, message, node.span, Some(help));
    }

    fn mismatch(&mut self, node: &Node, text: &str, rule: &str, place: &Place<'_>) {
        let (code, message) = match place.name().as_str() {
            "name" => (
                Code::WrongName,
                format!("`{text}` is no name for a project"),
            ),
            name => (Code::WrongValue, format!("`{name}` cannot be `{text}`")),
        };
        self.push(code, message, node.span, Some(rule.to_owned()));
    }

    fn duration(&mut self, node: &Node, text: &str, is_text: bool, place: &Place<'_>) {
        if is_text && duration::parse(text).is_some() {
            return;
        }
        let message = format!(
            "`{}` must be a duration like `1m30s`, not `{text}`",
            place.name()
        );
        let seconds = format!("{text}s");
        let help = duration::parse(&seconds).map(|_| format!("did you mean `{seconds}`?"));
        self.push(Code::WrongValue, message, node.span, help);
    }

    fn short(&mut self, node: &Node, outcome: Result<(), String>, place: &Place<'_>) {
        if let Err(reason) = outcome {
            let name = place.name();
            let code = if name.contains(".ports[") {
                Code::WrongPort
            } else {
                Code::WrongMount
            };
            let (reason, help) = match reason.split_once(": ") {
                Some((reason, help)) => (reason.to_owned(), Some(help.to_owned())),
                None => (reason, None),
            };
            self.push(code, format!("`{name}`: {reason}"), node.span, help);
        }
    }

    /// Complains about the text of a value, or about its type.
    fn wrong(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let is_of_scalars = matches!(
            shape,
            Shape::Flag
                | Shape::External
                | Shape::Integer(..)
                | Shape::Fraction
                | Shape::Bytes
                | Shape::Published
                | Shape::Count
                | Shape::Ulimit
        );
        match node.as_str() {
            Some(text) if is_of_scalars => {
                let message = format!(
                    "`{}` must be {}, not `{text}`",
                    place.name(),
                    expected(shape)
                );
                self.push(Code::WrongValue, message, node.span, None);
            }
            _ => self.wrong_type(node, shape, place),
        }
    }

    fn wrong_type(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let name = place.name();
        let expected = expected(shape);
        let message = format!("`{name}` must be {expected}, not {}", node.kind());
        let help = match (expected, node.as_str()) {
            ("a text", Some(text)) => Some(format!("write it in quotes: `\"{text}\"`")),
            (_, None) if node.is_null() => Some("give it a value, or remove the key".to_owned()),
            _ => None,
        };
        self.push(Code::WrongType, message, node.span, help);
    }
}

fn is_text(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.kind() == ScalarKind::String)
}

fn is_finite(number: Number) -> bool {
    match number {
        Number::Integer(_) => true,
        Number::Float(number) => number.is_finite(),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Says what a value must be.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::TextOrNull | Shape::Word(_) | Shape::Matching(..) => "a text",
        Shape::Scalar => "a text, a number or a boolean",
        Shape::Flag | Shape::External => "`true` or `false`",
        Shape::Integer(0, _) => "a whole number, not below 0",
        Shape::Integer(i64::MIN, _) => "a whole number",
        Shape::Integer(..) => "a whole number from -1000 to 1000",
        Shape::Fraction => "a number",
        Shape::Bytes => "a size like `64m`",
        Shape::Duration => "a duration like `1m30s`",
        Shape::Command => "a text or a list of texts",
        Shape::HealthTest => "a text or a list of texts",
        Shape::Pairs(_) => "a mapping or a list of `KEY=value`",
        Shape::Options
        | Shape::Ignored
        | Shape::Keys(_)
        | Shape::KeysOrNull(_)
        | Shape::Named(..) => "a mapping",
        Shape::Agents => "a list of `ID=path` or a mapping",
        Shape::Hosts => "a mapping or a list of `HOST=ADDRESS`",
        Shape::NamedOrList(_) => "a list of names or a mapping",
        Shape::List(_) | Shape::Set(_) => "a list",
        Shape::WordOrList(..) => "`all` or a list",
        Shape::OneOrMany | Shape::ShortOrList(_) => "a text or a list",
        Shape::Short(..) => "a text or a mapping",
        Shape::ShortOrNumber(..) => "a text, a number or a mapping",
        Shape::Ulimit => "a whole number, or `soft` and `hard`",
        Shape::Count => "`all` or a whole number",
        Shape::Published => "a port or a range of ports",
    }
}
