//! One form for what may be written as a mapping, a list or a string.

use super::identity::deduplicate;
use super::rules::{Identity, Rule, rule};
use crate::yaml::{Mapping, Node, ScalarKind, Value};

/// Gives every value with more than one form its normal one.
///
/// What has none of its forms is left for the reader to complain about. Short
/// forms of ports and mounts stay as written.
pub fn normalise(root: &mut Node) {
    walk(root, &mut Vec::new());
}

fn walk(node: &mut Node, path: &mut Vec<String>) {
    if let Some(rule) = rule(path) {
        apply(node, rule);
    }
    if let Some(mapping) = node.as_map_mut() {
        for (key, value) in mapping.iter_mut() {
            path.push(key.to_owned());
            walk(value, path);
            path.pop();
        }
    }
}

fn apply(node: &mut Node, rule: Rule) {
    match rule {
        Rule::Replace | Rule::Logging | Rule::Pools => {}
        Rule::Pairs => pairs(node),
        Rule::Names => names(node, |_| Node::default()),
        Rule::DependsOn => names(node, started),
        Rule::Build => context(node),
        Rule::Hosts => hosts(node),
        Rule::Unique(identity) => unique(node, identity),
        Rule::OneOrMany(identity) => {
            list(node);
            unique(node, identity);
        }
    }
}

fn unique(node: &mut Node, identity: Identity) {
    if let Value::Sequence(items) = &mut node.value {
        *items = deduplicate(std::mem::take(items), identity);
    }
}

/// `[KEY=value, KEY]` becomes a mapping; values become strings.
fn pairs(node: &mut Node) {
    if let Value::Sequence(items) = &node.value
        && items.iter().all(is_text)
    {
        let mut mapping = Mapping::new();
        for item in items {
            let text = item.as_str().unwrap_or_default();
            let (key, value) = match text.split_once('=') {
                Some((key, value)) => (key, Node::string(value, item.span)),
                None => (text, Node::new(Value::Null, item.span)),
            };
            mapping.insert(
                key,
                item.span,
                Node {
                    tag: item.tag.clone(),
                    ..value
                },
            );
        }
        node.value = Value::Mapping(mapping);
    }
    let Some(mapping) = node.as_map_mut() else {
        return;
    };
    for (_, value) in mapping.iter_mut() {
        // `DEBUG: TRUE` is `true` for a container and `VERSION: 1.10` is `1.1`, as in Compose.
        let scalar = value.as_scalar().filter(|scalar| scalar.is_finite());
        if let Some(text) = scalar.map(|scalar| scalar.value_text().into_owned()) {
            value.value = Node::string(text, value.span).value;
        }
    }
}

/// `[a, b]` becomes a mapping with these keys.
fn names(node: &mut Node, value: impl Fn(&Node) -> Node) {
    if let Value::Sequence(items) = &node.value
        && items.iter().all(is_text)
    {
        let mut mapping = Mapping::new();
        for item in items {
            if mapping.contains(item.as_str().unwrap_or_default()) {
                // The check complains of doubles.
                return;
            }
            let entry = Node {
                span: item.span,
                tag: item.tag.clone(),
                ..value(item)
            };
            mapping.insert(item.as_str().unwrap_or_default(), item.span, entry);
        }
        node.value = Value::Mapping(mapping);
    }
}

fn started(item: &Node) -> Node {
    let mut mapping = Mapping::new();
    mapping.insert(
        "condition",
        item.span,
        Node::string("service_started", item.span),
    );
    mapping.insert("required", item.span, Node::plain("true", item.span));
    Node::mapping(mapping, item.span)
}

/// `build: .` becomes `build: {context: .}`.
fn context(node: &mut Node) {
    if is_text(node) {
        let span = node.span;
        let context = Node {
            tag: None,
            ..node.clone()
        };
        let mut mapping = Mapping::new();
        mapping.insert("context", span, context);
        node.value = Value::Mapping(mapping);
    }
}

/// `{host: address}` becomes `[host=address]`; a host may have several addresses.
fn hosts(node: &mut Node) {
    if let Some(mapping) = node.as_map() {
        let mut items = Vec::new();
        for (host, addresses) in mapping.iter() {
            for address in addresses
                .as_sequence()
                .unwrap_or(std::slice::from_ref(addresses))
            {
                let Some(text) = address.as_str() else { return };
                let item = Node::string(format!("{host}={text}"), address.span);
                items.push(Node {
                    tag: address.tag.clone(),
                    ..item
                });
            }
        }
        node.value = Value::Sequence(items);
    }
    unique(node, Identity::Text);
}

/// A text becomes a list of one.
fn list(node: &mut Node) {
    if is_text(node) {
        let item = Node {
            tag: None,
            ..node.clone()
        };
        node.value = Value::Sequence(vec![item]);
    }
}

fn is_text(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.kind() == ScalarKind::String)
}
