//! Compares a tree with the schema: unknown keys, missing keys and values of another kind, all at
//! once and each with its place.
//!
//! Forms of texts (durations, names, paths) are left to the checks that read them, which say more
//! than a pattern can.

use serde_json::{Map, Value};
use shipway_compose::diagnostic::{Diagnostic, nearest};
use shipway_compose::yaml::{Mapping, Node, ScalarKind, Span, Value as Yaml};

use super::View;
use crate::config::error::problem;

/// What the comparison found.
#[derive(Debug)]
pub(in crate::config) struct Findings {
    /// Everything that is wrong.
    pub(in crate::config) problems: Vec<Diagnostic>,
    /// Whether what is left of the tree can be read all the same.
    pub(in crate::config) is_readable: bool,
    /// The mappings out of which something was taken: what they lack may be what was taken.
    pub(in crate::config) lessened: Vec<Span>,
}

/// Compares a tree with the schema, and takes out of the tree what can be left out and is wrong.
pub(in crate::config) fn check(schema: &Value, tree: &mut Node) -> Findings {
    let mut checker = Checker {
        root: schema,
        problems: Vec::new(),
        lessened: Vec::new(),
    };
    let start = Span {
        end: tree.span.start,
        ..tree.span
    };
    let is_readable = checker.value("", schema, tree, start);
    Findings {
        problems: checker.problems,
        is_readable,
        lessened: checker.lessened,
    }
}

struct Checker<'s> {
    root: &'s Value,
    problems: Vec<Diagnostic>,
    lessened: Vec<Span>,
}

// Each function says whether the value can be read.
impl<'s> Checker<'s> {
    fn refuse(&mut self, problem: Diagnostic) -> bool {
        self.problems.push(problem);
        false
    }

    /// `path` leads to the value; `key` is where its key stands.
    fn value(&mut self, path: &str, piece: &'s Value, node: &mut Node, key: Span) -> bool {
        let views = View::all(self.root, piece);
        if node.is_null() {
            let (name, expected) = (called(path), describe(&views));
            return allows_nothing(piece)
                || self.refuse(problem(
                    key,
                    format!("{name} is empty: expected {expected}"),
                ));
        }
        let Some(view) = views.iter().find(|view| is_kind(view, node)) else {
            return self.refuse(wrong_kind(path, &views, node));
        };
        match (view, &mut node.value) {
            (View::Section(keys, required), Yaml::Mapping(mapping)) => {
                let written = mapping.len();
                let is_readable = self.section(path, keys, required, mapping, key);
                if mapping.len() < written {
                    self.lessened.push(node.span);
                }
                is_readable
            }
            (View::Map(values), Yaml::Mapping(mapping)) => {
                let entry = |key: &str| (join(path, key), *values);
                self.entries(mapping, entry).is_empty()
            }
            (View::List(items), Yaml::Sequence(list)) => {
                let mut is_readable = true;
                for (index, item) in list.iter_mut().enumerate() {
                    let place = item.span;
                    is_readable &= self.value(&format!("{path}[{index}]"), items, item, place);
                }
                is_readable
            }
            _ => self.scalar(path, view, &views, node),
        }
    }

    fn section(
        &mut self,
        path: &str,
        keys: &'s Map<String, Value>,
        required: &[&str],
        mapping: &mut Mapping,
        place: Span,
    ) -> bool {
        for (key, entry) in mapping.entries() {
            if !keys.contains_key(key) {
                let known = keys.keys().map(String::as_str);
                self.problems
                    .push(unknown_key(path, key, known, entry.key_span));
            }
        }
        mapping.retain(|key, _| keys.contains_key(key));
        let wrong = self.entries(mapping, |key| (join(path, key), &keys[key]));
        let mut is_readable = true;
        for key in required {
            if !mapping.contains(key) {
                let told = format!("{} has no `{key}`", called(path));
                is_readable &= self.refuse(problem(place, told));
            }
            is_readable &= !wrong.iter().any(|wrong| wrong == key);
        }
        mapping.retain(|key, _| !wrong.iter().any(|wrong| wrong == key));
        is_readable
    }

    /// The keys whose values cannot be read.
    fn entries(
        &mut self,
        mapping: &mut Mapping,
        entry: impl Fn(&str) -> (String, &'s Value),
    ) -> Vec<String> {
        let spans: Vec<Span> = mapping.entries().map(|(_, entry)| entry.key_span).collect();
        let mut wrong = Vec::new();
        for ((key, node), span) in mapping.iter_mut().zip(spans) {
            let (path, piece) = entry(key);
            if !self.value(&path, piece, node, span) {
                wrong.push(key.to_owned());
            }
        }
        wrong
    }

    fn scalar(&mut self, path: &str, view: &View<'s>, all: &[View<'s>], node: &Node) -> bool {
        let text = node.as_str().unwrap_or_default();
        let (is_good, help) = match view {
            View::Names(names) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                let near = nearest(text, names.iter().copied());
                let help = near.map(|near| format!("did you mean `{near}`?"));
                (names.contains(&text), help)
            }
            View::Integers(values) => (node.as_u64().is_some_and(|n| values.contains(&n)), None),
            View::Integer(range) => {
                // Beyond 64 bits is beyond any range.
                let number = text.parse::<i64>().ok().map(|number| number as f64);
                (number.is_some_and(|number| range.contains(number)), None)
            }
            View::Number(range) => {
                let number = text.parse::<f64>().ok();
                (number.is_some_and(|number| range.contains(number)), None)
            }
            View::Boolean | View::Text(_) | View::Section(..) | View::Map(_) | View::List(_) => {
                (true, None)
            }
        };
        if is_good {
            return true;
        }
        let told = format!("{} is `{text}`: expected {}", called(path), describe(all));
        self.refuse(problem(node.span, told).with_help_if_any(help))
    }
}

fn allows_nothing(piece: &Value) -> bool {
    let is_null = |kind: &Value| kind.as_str() == Some("null");
    let of_types = match piece.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_null),
        Some(kind) => is_null(kind),
        None => false,
    };
    let choices = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| piece.get(key)?.as_array())
        .flatten();
    of_types || choices.into_iter().any(allows_nothing)
}

/// Whether a node is of the kind that a view is about, whatever its value.
fn is_kind(view: &View<'_>, node: &Node) -> bool {
    let kind = node.as_scalar().map(shipway_compose::yaml::Scalar::kind);
    match view {
        View::Section(..) | View::Map(_) => node.as_map().is_some(),
        View::List(_) => node.as_sequence().is_some(),
        View::Names(_) | View::Text(_) => kind == Some(ScalarKind::String),
        View::Integer(_) | View::Integers(_) => kind == Some(ScalarKind::Integer),
        View::Boolean => kind == Some(ScalarKind::Bool),
        View::Number(_) => matches!(kind, Some(ScalarKind::Integer | ScalarKind::Float)),
    }
}

fn wrong_kind(path: &str, views: &[View<'_>], node: &Node) -> Diagnostic {
    let expected = describe(views);
    let (name, found) = (called(path), node.kind());
    let told = match node.as_str() {
        Some(text) => format!("{name} is {found}, `{text}`: expected {expected}"),
        None => format!("{name} is {found}: expected {expected}"),
    };
    let help = match (views, node.as_str()) {
        // YAML reads `8000`, `1.10` and `true` as something else than a text.
        (views, Some(text)) if views.contains(&View::Text(None)) => {
            Some(format!("write it in quotes: `\"{text}\"`"))
        }
        ([View::Section(..) | View::Map(_)], _) => {
            Some("a mapping is lines of `key: value`, or `{ key: value }`".to_owned())
        }
        ([View::List(_)], _) => Some("a list is `[a, b]`, or lines of `- a`".to_owned()),
        _ => None,
    };
    problem(node.span, told).with_help_if_any(help)
}

fn unknown_key<'k>(
    path: &str,
    key: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    span: Span,
) -> Diagnostic {
    let help = match nearest(key, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "{} has {}",
            called(path),
            known.collect::<Vec<_>>().join(", ")
        ),
    };
    problem(span, format!("unknown key `{key}` in {}", called(path))).with_help(help)
}

fn describe(views: &[View<'_>]) -> String {
    let words: Vec<String> = views.iter().map(View::describe).collect();
    words.join(" or ")
}

/// What people call the value that a path leads to.
fn called(path: &str) -> String {
    if path.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{path}`")
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
