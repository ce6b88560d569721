//! `ipam.config`: ranges of addresses merge by their subnet.

use crate::yaml::{Node, Value};

/// Merges two lists of ranges as Compose does.
///
/// A range stays only where the later file names its subnet again.
pub(super) fn merge(base: &[Node], over: Vec<Node>) -> Vec<Node> {
    if base.is_empty() {
        return Vec::new();
    }
    let mut pools: Vec<Node> = Vec::new();
    for pool in over {
        if pools.iter().any(|known| subnet(known) == subnet(&pool)) {
            continue;
        }
        let same = base.iter().find(|known| subnet(known) == subnet(&pool));
        pools.push(match same {
            Some(known) => extend(known.clone(), pool),
            None => pool,
        });
    }
    pools
}

fn subnet(pool: &Node) -> Option<&str> {
    pool.get("subnet").and_then(Node::as_str)
}

fn extend(mut pool: Node, over: Node) -> Node {
    pool.span = over.span;
    if let (Some(known), Value::Mapping(over)) = (pool.as_map_mut(), over.value) {
        for (key, entry) in over {
            known.insert(key, entry.key_span, entry.node);
        }
    }
    pool
}
