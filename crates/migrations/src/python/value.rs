//! What an expression is worth, as far as that can be known without running it.

use std::ops::Range;

use ruff_python_ast::name::Name;

/// An expression's worth and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// What an expression is worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    None,
    Bool(bool),
    Int(i64),
    /// A number that is no small integer, or bytes.
    Constant,
    Text {
        text: String,
        /// Where the text begins in the file, if it stands there character by character.
        verbatim: Option<usize>,
    },
    /// A list, a tuple or a set.
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Call(Box<Call>),
    /// A name of something outside, with what it was imported from.
    Name(String),
    Lambda,
    /// Why it is not known.
    Unknown(&'static str),
}

/// A call: what is called, and with what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The last part of what is called, such as `CharField`.
    pub(crate) name: Name,
    pub(crate) arguments: Vec<Value>,
    pub(crate) keywords: Vec<(Name, Value)>,
    /// There is a `**` or a star that could not be resolved.
    pub(crate) has_unknown: bool,
}

// === impl Value ===

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(values) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.kind {
            Kind::Call(call) => Some(call),
            _ => None,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.kind == Kind::None
    }

    /// All texts of a list, where all of it is texts.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        self.list()?
            .iter()
            .map(|value| value.text().map(str::to_owned))
            .collect()
    }

    /// The entry of a dict.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match &self.kind {
            Kind::Dict(entries) => entries
                .iter()
                .rev()
                .find(|(name, _)| name.text() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

// === impl Call ===

impl Call {
    /// An argument by its place or its name.
    pub(crate) fn argument(&self, place: usize, name: &str) -> Option<&Value> {
        self.keyword(name).or_else(|| self.arguments.get(place))
    }

    pub(crate) fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords
            .iter()
            .find(|(known, _)| known.as_str() == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self, place: usize, name: &str) -> Option<&str> {
        self.argument(place, name)?.text()
    }

    /// Whether a keyword is given as `True`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.keyword(name)
            .is_some_and(|value| value.kind == Kind::Bool(true))
    }

    /// Whether a keyword is given as `False`.
    pub(crate) fn is_false(&self, name: &str) -> bool {
        self.keyword(name)
            .is_some_and(|value| value.kind == Kind::Bool(false))
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.keyword(name)?.kind {
            Kind::Int(number) => Some(number),
            _ => None,
        }
    }
}
