//! Every key of `shipway.yml` with its default and its meaning, made from the schema.

mod annotated;
mod markdown;

use serde::Serialize;
use serde_json::{Map, Value};

pub use annotated::annotated;
pub use markdown::markdown;

use super::schema::{View, resolve, schema};

/// A mapping of `shipway.yml` and its keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Where it stands, such as `environments.<name>.bake`; empty for the whole file.
    pub path: String,
    /// What it is.
    pub meaning: String,
    /// Its keys, in the order of the schema.
    pub keys: Vec<Key>,
}

/// A key of `shipway.yml`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// What it takes, in words.
    pub takes: String,
    /// The names that it takes, each with its meaning, where it takes only some.
    pub choices: Vec<Choice>,
    /// Whether the file is not valid without it.
    pub required: bool,
    /// What holds without it, where that is a value.
    pub default: Option<Value>,
    /// What holds without it, in words, where that follows from something else.
    pub default_rule: Option<String>,
    /// Values that it may have.
    pub examples: Vec<Value>,
    /// The section that it holds.
    #[serde(skip)]
    holds: Option<Holds>,
}

/// A name that a key takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The name.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// What is below a key.
#[derive(Debug, Clone, PartialEq)]
enum Holds {
    /// One section.
    Section(Section),
    /// A section for each name.
    Map(Section),
}

/// The whole file as one section with all that it holds.
fn file() -> Section {
    section(schema(), schema(), String::new())
}

/// All sections, each before those that it holds.
pub fn sections() -> Vec<Section> {
    let mut all = Vec::new();
    collect(file(), &mut all);
    all
}

fn collect(section: Section, all: &mut Vec<Section>) {
    let held: Vec<Section> = section
        .keys
        .iter()
        .filter_map(|key| match &key.holds {
            Some(Holds::Section(held) | Holds::Map(held)) => Some(held.clone()),
            None => None,
        })
        .collect();
    all.push(section);
    for section in held {
        collect(section, all);
    }
}

fn section(root: &Value, piece: &Value, path: String) -> Section {
    let keys = View::all(root, piece)
        .into_iter()
        .find_map(|view| match view {
            View::Section(properties, required) => Some((properties, required)),
            _ => None,
        });
    let keys = keys.map_or_else(Vec::new, |(properties, required)| {
        keys_of(root, &path, properties, &required)
    });
    Section {
        meaning: text(target(root, piece), "description"),
        path,
        keys,
    }
}

/// The piece that describes a section: its type, not the key that holds it.
fn target<'s>(root: &'s Value, piece: &'s Value) -> &'s Value {
    let piece = resolve(root, piece);
    let choices = piece.get("anyOf").and_then(Value::as_array);
    choices
        .and_then(|choices| choices.first())
        .map_or(piece, |first| resolve(root, first))
}

fn keys_of(
    root: &Value,
    path: &str,
    properties: &Map<String, Value>,
    required: &[&str],
) -> Vec<Key> {
    let one = |(name, piece): (&String, &Value)| {
        let below = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        key(root, name, piece, below, required.contains(&name.as_str()))
    };
    properties.iter().map(one).collect()
}

fn key(root: &Value, name: &str, piece: &Value, path: String, required: bool) -> Key {
    let views = View::all(root, piece);
    let takes: Vec<String> = views.iter().map(View::describe).collect();
    let choices = views.iter().find_map(|view| match view {
        View::Names(names) => Some(names.iter().map(choice).collect()),
        _ => None,
    });
    let holds = views.iter().find_map(|view| match view {
        View::Section(..) => Some(Holds::Section(section(root, piece, path.clone()))),
        View::Map(values) => Some(Holds::Map(section(root, values, format!("{path}.<name>")))),
        _ => None,
    });
    let examples = piece.get("examples").and_then(Value::as_array);
    Key {
        name: name.to_owned(),
        meaning: text(piece, "description"),
        takes: takes.join(" or "),
        choices: choices.unwrap_or_default(),
        required,
        default: piece.get("default").cloned(),
        default_rule: Some(text(piece, "x-default")).filter(|rule| !rule.is_empty()),
        examples: examples.cloned().unwrap_or_default(),
        holds,
    }
}

fn choice((name, meaning): &(&str, &str)) -> Choice {
    Choice {
        name: (*name).to_owned(),
        meaning: (*meaning).to_owned(),
    }
}

fn text(piece: &Value, key: &str) -> String {
    let text = piece.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
