//! Values of the canonical tree.

use std::str::FromStr;
use std::time::Duration;

use indexmap::IndexMap;

use crate::short::duration;
use crate::yaml::{Mapping, Node};

/// Where paths start that are shown as seen from there.
#[derive(Clone, Copy)]
pub(crate) struct Home<'a>(pub(crate) &'a str);

// === impl Home ===

impl Home<'_> {
    /// Returns a path as seen from the project's directory, if it is there.
    pub(super) fn seen(self, path: &str) -> String {
        match crate::path::below(self.0, path) {
            Some(".") => ".".to_owned(),
            Some(below) => format!("./{below}"),
            None => path.to_owned(),
        }
    }
}

pub(super) fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

pub(super) fn number<T: FromStr>(node: &Node, key: &str) -> Option<T> {
    node.get(key).and_then(Node::as_str)?.parse().ok()
}

pub(super) fn flag(node: &Node, key: &str) -> Option<bool> {
    node.get(key).and_then(Node::as_bool)
}

pub(super) fn time(node: &Node, key: &str) -> Option<Duration> {
    node.get(key)
        .and_then(Node::as_str)
        .and_then(duration::parse)
}

pub(super) fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    let items = node.get(key).and_then(Node::as_sequence);
    items.unwrap_or_default()
}

pub(super) fn texts(node: &Node, key: &str) -> Vec<String> {
    words(node, key).unwrap_or_default()
}

/// Reads a list of texts; `None` where there is none, an empty one is one.
pub(super) fn words(node: &Node, key: &str) -> Option<Vec<String>> {
    let items = node.get(key)?.as_sequence()?;
    let texts = items.iter().filter_map(Node::as_str);
    Some(texts.map(str::to_owned).collect())
}

pub(super) fn entries<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let mapping = node.get(key).and_then(Node::as_map);
    mapping.into_iter().flat_map(Mapping::iter)
}

pub(super) fn pairs(node: &Node, key: &str) -> IndexMap<String, Option<String>> {
    entries(node, key)
        .map(|(key, value)| (key.to_owned(), value.as_str().map(str::to_owned)))
        .collect()
}
