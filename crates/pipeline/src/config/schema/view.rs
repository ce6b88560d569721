//! What a piece of the schema says, whatever form it says it in.
//!
//! Generated schemas say "a text or nothing" as a list of types, as `anyOf` or behind a `$ref`;
//! here all of them are the same.

use serde_json::{Map, Value};

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum View<'s> {
    /// One of these names, each with its meaning.
    Names(Vec<(&'s str, &'s str)>),
    /// A mapping with keys of its own, and those that it must have.
    Section(&'s Map<String, Value>, Vec<&'s str>),
    /// A mapping of names to this.
    Map(&'s Value),
    /// A list of this.
    List(&'s Value),
    /// A text, of this form where it has one.
    Text(Option<&'s str>),
    /// A whole number in this range.
    Integer(Range),
    /// A number in this range.
    Number(Range),
    /// One of these whole numbers.
    Integers(Vec<u64>),
    /// Yes or no.
    Boolean,
}

/// From, to; both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Range {
    pub(in crate::config) minimum: Option<f64>,
    pub(in crate::config) maximum: Option<f64>,
}

/// A piece of the schema, without indirection.
pub(in crate::config) fn resolve<'s>(root: &'s Value, piece: &'s Value) -> &'s Value {
    // A description beside a `$ref` puts that into an `allOf` of one.
    let inner = piece
        .get("allOf")
        .and_then(|all| all.get(0))
        .unwrap_or(piece);
    match inner.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let pointer = reference.trim_start_matches('#');
            root.pointer(pointer)
                .map_or(inner, |target| resolve(root, target))
        }
        None => inner,
    }
}

impl<'s> View<'s> {
    /// All that a value may be, "nothing" aside.
    pub(in crate::config) fn all(root: &'s Value, piece: &'s Value) -> Vec<Self> {
        let piece = resolve(root, piece);
        if let Some(names) = names(piece) {
            return vec![Self::Names(names)];
        }
        if let Some(choices) = piece
            .get("anyOf")
            .or_else(|| piece.get("oneOf"))
            .and_then(Value::as_array)
        {
            return choices
                .iter()
                .flat_map(|choice| Self::all(root, choice))
                .collect();
        }
        types(piece)
            .into_iter()
            .filter_map(|kind| Self::of_type(kind, piece))
            .collect()
    }

    fn of_type(kind: &str, piece: &'s Value) -> Option<Self> {
        let range = Range {
            minimum: piece.get("minimum").and_then(Value::as_f64),
            maximum: piece.get("maximum").and_then(Value::as_f64),
        };
        match kind {
            "string" => Some(Self::Text(piece.get("x-form").and_then(Value::as_str))),
            "integer" => Some(match piece.get("enum").and_then(Value::as_array) {
                Some(values) => Self::Integers(values.iter().filter_map(Value::as_u64).collect()),
                None => Self::Integer(range),
            }),
            "boolean" => Some(Self::Boolean),
            "number" => Some(Self::Number(range)),
            "array" => piece.get("items").map(Self::List),
            "object" => match piece.get("properties").and_then(Value::as_object) {
                Some(properties) => Some(Self::Section(properties, required(piece))),
                None => map_value(piece).map(Self::Map),
            },
            _ => None,
        }
    }

    /// Says in words what this is.
    pub(in crate::config) fn describe(&self) -> String {
        match self {
            Self::Names(names) => one_of(names.iter().map(|(name, _)| format!("`{name}`"))),
            Self::Section(..) | Self::Map(_) => "a mapping".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Text(form) => form.unwrap_or("a text").to_owned(),
            Self::Integers(values) => one_of(values.iter().map(ToString::to_string)),
            Self::Integer(range) => format!("a whole number{range}"),
            Self::Number(range) => format!("a number{range}"),
            Self::Boolean => "`true` or `false`".to_owned(),
        }
    }
}

// === impl Range ===

impl Range {
    pub(in crate::config) fn contains(&self, number: f64) -> bool {
        self.minimum.is_none_or(|minimum| number >= minimum)
            && self.maximum.is_none_or(|maximum| number <= maximum)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.minimum, self.maximum) {
            (Some(minimum), Some(maximum)) => write!(f, " from {minimum} to {maximum}"),
            (Some(minimum), None) if minimum > 0.0 => write!(f, ", {minimum} or more"),
            _ => Ok(()),
        }
    }
}

/// The names of a choice, each with its meaning.
fn names(piece: &Value) -> Option<Vec<(&str, &str)>> {
    let choices = piece.get("oneOf").or_else(|| piece.get("anyOf"))?;
    let choices = choices.as_array()?;
    let mut names = Vec::new();
    for choice in choices {
        if choice.get("type").and_then(Value::as_str) == Some("null") {
            continue;
        }
        if let Some(nested) = self::names(choice) {
            names.extend(nested);
            continue;
        }
        let name = choice.get("const")?.as_str()?;
        let meaning = choice.get("description").and_then(Value::as_str);
        names.push((name, meaning.unwrap_or_default()));
    }
    Some(names).filter(|names| !names.is_empty())
}

/// The types of a piece, "nothing" aside.
fn types(piece: &Value) -> Vec<&str> {
    let types: Vec<&str> = match piece.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.into_iter().filter(|kind| *kind != "null").collect()
}

/// The keys that a section must have.
fn required(piece: &Value) -> Vec<&str> {
    let keys = piece.get("required").and_then(Value::as_array);
    keys.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What the values of a mapping of names are.
fn map_value(piece: &Value) -> Option<&Value> {
    piece
        .get("patternProperties")
        .and_then(Value::as_object)
        .and_then(|patterns| patterns.values().next())
        .or_else(|| piece.get("additionalProperties"))
}

fn one_of(choices: impl Iterator<Item = String>) -> String {
    let choices: Vec<String> = choices.collect();
    match choices.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        _ => format!("one of {}", choices.join(", ")),
    }
}
