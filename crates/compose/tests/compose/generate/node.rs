//! Nodes, and strategies for them.

use proptest::prelude::*;
use shipway_compose::yaml::{Mapping, Node, Span};

/// A key that may be left out.
pub(super) type Entry = Option<(String, Node)>;

/// A string that is written as one.
pub(super) fn text(text: impl Into<String>) -> Node {
    Node::string(text, Span::default())
}

/// A scalar written without quotes.
pub(super) fn plain(text: impl ToString) -> Node {
    Node::plain(text.to_string(), Span::default())
}

/// A list.
pub(super) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::sequence(items.into_iter().collect(), Span::default())
}

/// A mapping; of keys that are there twice the last counts.
pub(super) fn map(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    let mut mapping = Mapping::new();
    for (key, node) in entries {
        mapping.insert(key, Span::default(), node);
    }
    Node::mapping(mapping, Span::default())
}

/// A key that is there with some probability.
pub(super) fn optional(
    probability: f64,
    key: &str,
    value: impl Strategy<Value = Node> + 'static,
) -> BoxedStrategy<Entry> {
    let key = key.to_owned();
    prop::option::weighted(probability, value)
        .prop_map(move |value| value.map(|value| (key.clone(), value)))
        .boxed()
}

/// A key that is always there.
pub(super) fn always(
    key: &str,
    value: impl Strategy<Value = Node> + 'static,
) -> BoxedStrategy<Entry> {
    let key = key.to_owned();
    value
        .prop_map(move |value| Some((key.clone(), value)))
        .boxed()
}

/// A mapping of keys that may be left out.
pub(super) fn mapping_of(keys: Vec<BoxedStrategy<Entry>>) -> BoxedStrategy<Node> {
    keys.prop_map(|entries| map(entries.into_iter().flatten()))
        .boxed()
}

/// One of some strings.
pub(super) fn one_of(words: &'static [&'static str]) -> BoxedStrategy<Node> {
    prop::sample::select(words).prop_map(text).boxed()
}

/// A list of different ones of some strings, in any order.
pub(super) fn some_of(words: &'static [&'static str]) -> BoxedStrategy<Node> {
    prop::sample::subsequence(words, 1..=words.len())
        .prop_shuffle()
        .prop_map(|words| list(words.into_iter().map(text)))
        .boxed()
}

/// A whole number.
pub(super) fn integer(range: std::ops::Range<i64>) -> BoxedStrategy<Node> {
    range.prop_map(plain).boxed()
}

/// `true` or `false`.
pub(super) fn boolean() -> BoxedStrategy<Node> {
    any::<bool>().prop_map(plain).boxed()
}
