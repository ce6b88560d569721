//! Ways into a document that several transforms go.

use crate::yaml::{Mapping, Node, Span};

/// Returns the entries of a section of the top level that are mappings.
pub(super) fn entries<'n>(
    document: &'n Node,
    section: &str,
) -> impl Iterator<Item = (&'n str, &'n Node)> + use<'n> {
    let section = document.get(section).and_then(Node::as_map);
    section.into_iter().flat_map(Mapping::iter)
}

/// Returns the entries of a section for changing them; what is no mapping is passed over.
pub(super) fn entries_mut<'n>(
    document: &'n mut Node,
    section: &str,
) -> impl Iterator<Item = (&'n str, &'n mut Mapping)> + use<'n> {
    let section = document
        .as_map_mut()
        .and_then(|root| root.get_mut(section))
        .and_then(Node::as_map_mut);
    section
        .into_iter()
        .flat_map(Mapping::iter_mut)
        .filter_map(|(name, node)| Some((name, node.as_map_mut()?)))
}

/// Returns the mapping at a key, made where there is none, in place of what is no mapping.
pub(super) fn mapping_at<'m>(parent: &'m mut Mapping, key: &str) -> &'m mut Mapping {
    if parent.get(key).and_then(Node::as_map).is_none() {
        set(parent, key, Node::mapping(Mapping::new(), Span::default()));
    }
    parent
        .get_mut(key)
        .and_then(Node::as_map_mut)
        .expect("the key was just given a mapping")
}

/// Sets a key to a value that no file gave.
pub(super) fn set(mapping: &mut Mapping, key: &str, value: Node) {
    mapping.insert(key, Span::default(), value);
}

/// Sets a key to a text that no file gave.
pub(super) fn set_text(mapping: &mut Mapping, key: &str, text: impl Into<String>) {
    set(mapping, key, Node::string(text, Span::default()));
}
