//! A value, its tag and where it stands.

use super::{Mapping, Scalar, ScalarKind, Span, Tag};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// A tag that is not one of YAML's own.
    pub tag: Option<Tag>,
    /// Where the value stands. What comes from an anchor stands at the anchor.
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A boolean, a number or a string, as written.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values.
    Mapping(Mapping),
}

// === impl Node ===

impl Node {
    /// Makes a node without a tag.
    #[must_use]
    pub fn new(value: Value, span: Span) -> Self {
        Self {
            value,
            tag: None,
            span,
        }
    }

    /// Makes a string.
    #[must_use]
    pub fn string(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::Scalar(Scalar::string(text)), span)
    }

    /// Makes a scalar as if written without quotes: `true`, `80`.
    #[must_use]
    pub fn plain(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::Scalar(Scalar::plain(text)), span)
    }

    /// Makes a list.
    #[must_use]
    pub fn sequence(items: Vec<Self>, span: Span) -> Self {
        Self::new(Value::Sequence(items), span)
    }

    /// Makes a mapping.
    #[must_use]
    pub fn mapping(mapping: Mapping, span: Span) -> Self {
        Self::new(Value::Mapping(mapping), span)
    }

    /// Returns whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Returns the scalar, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns the text of any scalar as written, numbers and booleans included.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// Returns the boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.as_scalar().and_then(Scalar::as_bool)
    }

    /// Returns the unsigned integer, if it is one.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_scalar().and_then(Scalar::as_u64)
    }

    /// Returns the items, if it is a list.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            Value::Null | Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns the mapping, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            Value::Null | Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// Returns the mapping for changing, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Mapping(mapping) => Some(mapping),
            Value::Null | Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// Returns the value of a key, if it is a mapping and has the key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map().and_then(|mapping| mapping.get(key))
    }

    /// Follows keys down from here.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Names the kind of value for messages: `a mapping`, `a number`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "empty",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Scalar(scalar) => match scalar.kind() {
                ScalarKind::Bool => "a boolean",
                ScalarKind::Integer | ScalarKind::Float => "a number",
                ScalarKind::String => "a string",
            },
        }
    }

    /// Compares values, tags and the order of keys, but not places.
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        self.tag == other.tag
            && match (&self.value, &other.value) {
                (Value::Null, Value::Null) => true,
                (Value::Scalar(a), Value::Scalar(b)) => a.text == b.text && a.kind() == b.kind(),
                (Value::Sequence(a), Value::Sequence(b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b))
                }
                (Value::Mapping(a), Value::Mapping(b)) => {
                    a.len() == b.len()
                        && a.iter()
                            .zip(b.iter())
                            .all(|(a, b)| a.0 == b.0 && a.1.same_value(b.1))
                }
                _ => false,
            }
    }
}
