//! The merge key `<<`.

use super::{Mapping, Node, Span, Value};

/// What `<<` was given and cannot take: where it stands and its kind.
pub(super) struct NotMergeable(pub(super) Span, pub(super) &'static str);

/// Adds the keys of `<<` that the mapping does not have itself.
pub(super) fn apply(mapping: &mut Mapping, merged: Node) -> Result<(), NotMergeable> {
    match merged.value {
        // Earlier mappings of the list win over later ones.
        Value::Sequence(items) => items.into_iter().try_for_each(|item| one(mapping, item)),
        Value::Mapping(_) | Value::Null | Value::Scalar(_) => one(mapping, merged),
    }
}

fn one(mapping: &mut Mapping, merged: Node) -> Result<(), NotMergeable> {
    let kind = merged.kind();
    let Value::Mapping(entries) = merged.value else {
        return Err(NotMergeable(merged.span, kind));
    };
    for (key, entry) in entries {
        if !mapping.contains(&key) {
            mapping.insert(key, entry.key_span, entry.node);
        }
    }
    Ok(())
}
