//! `!reset` and `!override` once there is nothing more to merge them with.

use crate::yaml::{Node, Tag, Value};

/// Takes away what is tagged `!reset` and the tag of what is tagged `!override`.
pub fn settle(node: &mut Node) {
    if node.tag == Some(Tag::Override) {
        node.tag = None;
    }
    match &mut node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::Sequence(items) => {
            items.retain(|item| item.tag != Some(Tag::Reset));
            items.iter_mut().for_each(settle);
        }
        Value::Mapping(mapping) => {
            mapping.retain(|_, entry| entry.node.tag != Some(Tag::Reset));
            for (_, value) in mapping.iter_mut() {
                settle(value);
            }
        }
    }
}
