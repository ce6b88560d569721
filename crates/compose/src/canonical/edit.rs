//! Ways into a document.

use crate::yaml::{Mapping, Node, Span};

/// The sections of the top level whose entries are named.
pub(crate) const RESOURCES: [&str; 4] = ["volumes", "networks", "secrets", "configs"];

/// Iterates over the services that are mappings, by name.
pub(crate) fn services(tree: &mut Node) -> impl Iterator<Item = (&str, &mut Mapping)> {
    sections(tree, "services")
        .filter_map(|(name, node)| node.as_map_mut().map(|service| (name, service)))
}

/// Iterates over the entries of a section of the top level.
pub(crate) fn sections<'n>(
    tree: &'n mut Node,
    section: &str,
) -> impl Iterator<Item = (&'n str, &'n mut Node)> {
    tree.as_map_mut()
        .and_then(|root| root.get_mut(section))
        .and_then(Node::as_map_mut)
        .into_iter()
        .flat_map(Mapping::iter_mut)
}

/// Sets a key that is not there, at the place of what implies it.
pub(super) fn set_default(mapping: &mut Mapping, key: &str, span: Span, text: &str) {
    if !mapping.contains(key) {
        mapping.insert(key, span, Node::string(text, span));
    }
}

/// Makes a mapping from keys and values that stand in one text.
pub(super) fn mapping_at<'k>(
    span: Span,
    entries: impl IntoIterator<Item = (&'k str, Node)>,
) -> Mapping {
    let mut mapping = Mapping::new();
    for (key, node) in entries {
        mapping.insert(key, span, node);
    }
    mapping
}
