//! What values may be, as tables.

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A text, a number or a boolean.
    Scalar,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text that matches, and what to say of one that does not.
    Matching(fn(&str) -> bool, &'static str),
    /// `true` or `false`, also as a text.
    Flag,
    /// A whole number within bounds, also as a text.
    Integer(i64, i64),
    /// A number with a fraction, also as a text.
    Fraction,
    /// A number of bytes: `64m`.
    Bytes,
    /// `1m30s`.
    Duration,
    /// A line, a list of words, or nothing.
    Command,
    /// The test of a health check.
    HealthTest,
    /// `KEY=value` in a list, or a mapping.
    Pairs(Unset),
    /// A mapping to texts, numbers or nothing.
    Options,
    /// `HOST=address` in a list, or a mapping.
    Hosts,
    /// A mapping with these keys.
    Keys(&'static Object),
    /// The same, or nothing.
    KeysOrNull(&'static Object),
    /// A mapping from names to values.
    Named(Names, &'static Shape),
    /// A list of names, or a mapping from names to values.
    NamedOrList(&'static Shape),
    /// A list.
    List(&'static Shape),
    /// A list in which nothing stands twice.
    Set(&'static Shape),
    /// A text, or a list of texts.
    OneOrMany,
    /// A short form as a text, or a long one.
    Short(fn(&str) -> Result<(), String>, &'static Object),
    /// The same, and a number is a text.
    ShortOrNumber(fn(&str) -> Result<(), String>, &'static Object),
    /// The same for a list of these, or one text alone.
    ShortOrList(&'static Shape),
    /// One word, or a list.
    WordOrList(&'static [&'static str], &'static Shape),
    /// A number, or soft and hard limits.
    Ulimit,
    /// `all` or a number.
    Count,
    /// `true`, or the older mapping with a name.
    External,
    /// A text or nothing.
    TextOrNull,
    /// A port of the host or a range of them.
    Published,
    /// Agents and keys: a list of `ID=path`, or a mapping.
    Agents,
    /// A mapping that Compose takes and does nothing with.
    Ignored,
}

/// What a key without a value stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unset {
    /// Nothing: it stays without a value.
    Null,
    /// The empty text.
    Empty,
    /// Nothing useful: it must have a value.
    Refused,
}

/// Which names a mapping takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Letters, digits, `.`, `_` and `-`.
    Strict,
    /// Any.
    Any,
}

/// A mapping's keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// The keys that the specification knows, sorted.
    pub(crate) fields: &'static [Field],
}

/// A key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The key.
    pub(crate) key: &'static str,
    /// What its value may be.
    pub(crate) shape: Shape,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether `false`, 0 and nothing at all say something.
    pub(crate) keeps_zero: bool,
}

/// A key that need not be there and says nothing when it is empty.
pub(super) const fn field(key: &'static str, shape: Shape) -> Field {
    Field {
        key,
        shape,
        required: false,
        keeps_zero: false,
    }
}

// === impl Field ===

impl Field {
    /// Marks the key as one that must be there.
    pub(super) const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// Marks the key as one whose empty value says something.
    pub(super) const fn kept(self) -> Self {
        Self {
            keeps_zero: true,
            ..self
        }
    }
}

// === impl Object ===

impl Object {
    /// Returns a key's field.
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        let found = self.fields.binary_search_by(|field| field.key.cmp(key));
        found.ok().map(|index| &self.fields[index])
    }
}
