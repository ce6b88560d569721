//! The merge key `<<`.

use super::{Mapping, Node, Value};

/// Adds the keys of `<<` that the mapping does not have itself.
///
/// Returns the first value that is not a mapping, where there is one.
pub(super) fn apply(mapping: &mut Mapping, merged: Node) -> Result<(), Node> {
    match merged.value {
        Value::Mapping(entries) => {
            add_missing(mapping, entries);
            Ok(())
        }
        // Earlier mappings of the list win over later ones.
        Value::Sequence(items) => items.into_iter().try_for_each(|item| match item.value {
            Value::Mapping(entries) => {
                add_missing(mapping, entries);
                Ok(())
            }
            Value::Null | Value::Scalar(_) | Value::Sequence(_) => Err(item),
        }),
        Value::Null | Value::Scalar(_) => Err(merged),
    }
}

fn add_missing(mapping: &mut Mapping, entries: Mapping) {
    for (key, entry) in entries {
        if !mapping.contains(&key) {
            mapping.insert(key, entry.key_span, entry.node);
        }
    }
}
