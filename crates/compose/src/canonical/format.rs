//! Values in the form in which Compose prints them.

use super::edit::mapping_at;
use crate::short::duration;
use crate::spec::{self, Object, PROJECT, Shape, Unset};
use crate::yaml::{Mapping, Node, Scalar, ScalarKind, Style, Value};

/// Gives every value of a document the form in which Compose prints it.
///
/// Values that say nothing, such as `privileged: false`, are left out.
pub(crate) fn format(tree: &mut Node) {
    if let Some(root) = tree.as_map_mut() {
        keys(root, &PROJECT);
    }
}

fn keys(mapping: &mut Mapping, object: &Object) {
    mapping.retain(|key, entry| match object.field(key) {
        Some(field) => {
            !entry.node.is_null() && (!value(&mut entry.node, &field.shape) || field.keeps_zero)
        }
        None => {
            plain(&mut entry.node);
            true
        }
    });
}

/// Formats a value and returns whether it says nothing.
fn value(node: &mut Node, shape: &Shape) -> bool {
    match shape {
        Shape::Any => {
            plain(node);
            false
        }
        Shape::Ignored => true,
        Shape::Keys(object)
        | Shape::KeysOrNull(object)
        | Shape::Short(_, object)
        | Shape::ShortOrNumber(_, object) => mapping(node, |mapping| keys(mapping, object)),
        Shape::Named(_, shape) | Shape::NamedOrList(shape) => mapping(node, |mapping| {
            for (_, node) in mapping.iter_mut() {
                value(node, shape);
            }
        }),
        Shape::List(shape) | Shape::Set(shape) => list(node, shape),
        Shape::ShortOrList(shape) | Shape::WordOrList(_, shape) => value(node, shape),
        Shape::OneOrMany => {
            into_list(node);
            list(node, &Shape::Text)
        }
        Shape::Command => command(node),
        Shape::HealthTest => health_test(node),
        Shape::Pairs(unset) => {
            into_pairs(node);
            mapping(node, |mapping| texts(mapping, *unset))
        }
        Shape::Agents => agents(node),
        Shape::Options => mapping(node, |mapping| texts(mapping, Unset::Empty)),
        Shape::Hosts => hosts(node),
        Shape::Ulimit => ulimit(node),
        Shape::Text
        | Shape::TextOrNull
        | Shape::Scalar
        | Shape::Word(_)
        | Shape::Matching(..)
        | Shape::Published
        | Shape::Flag
        | Shape::External
        | Shape::Integer(..)
        | Shape::Fraction
        | Shape::Bytes
        | Shape::Duration
        | Shape::Count => scalar(node, shape),
    }
}

fn mapping(node: &mut Node, change: impl FnOnce(&mut Mapping)) -> bool {
    match node.as_map_mut() {
        Some(mapping) => {
            change(mapping);
            mapping.is_empty()
        }
        None => false,
    }
}

fn list(node: &mut Node, shape: &Shape) -> bool {
    let Value::Sequence(items) = &mut node.value else {
        return false;
    };
    for item in items.iter_mut() {
        value(item, shape);
    }
    items.is_empty()
}

fn into_list(node: &mut Node) {
    if node.as_str().is_some() {
        let item = node.clone();
        node.value = Value::Sequence(vec![item]);
    }
}

fn command(node: &mut Node) -> bool {
    let words = node.as_str().and_then(|text| shell_words::split(text).ok());
    if let Some(words) = words {
        let span = node.span;
        let words = words.into_iter().map(|word| Node::string(word, span));
        node.value = Value::Sequence(words.collect());
    }
    false
}

fn health_test(node: &mut Node) -> bool {
    if let Some(line) = node.as_str() {
        let words = ["CMD-SHELL", line].map(|word| Node::string(word, node.span));
        node.value = Value::Sequence(words.to_vec());
    }
    node.as_sequence().is_some_and(<[Node]>::is_empty)
}

fn texts(mapping: &mut Mapping, unset: Unset) {
    for (_, node) in mapping.iter_mut() {
        match &node.value {
            Value::Null if unset == Unset::Empty => *node = Node::string("", node.span),
            Value::Scalar(scalar) => {
                let text = scalar.value_text().into_owned();
                node.value = Value::Scalar(Scalar::string(text));
            }
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => {}
        }
    }
}

/// `[KEY=value, KEY]` becomes a mapping, where no merge has made it one.
fn into_pairs(node: &mut Node) {
    let Value::Sequence(items) = &node.value else {
        return;
    };
    let mut pairs = Mapping::new();
    for item in items {
        let Some(text) = item.as_str() else { return };
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Node::string(value, item.span)),
            None => (text, Node::new(Value::Null, item.span)),
        };
        pairs.insert(key, item.span, value);
    }
    node.value = Value::Mapping(pairs);
}

/// `{default: null, id: path}` becomes `[default, id=path]`.
fn agents(node: &mut Node) -> bool {
    let Some(agents) = node.as_map() else {
        return false;
    };
    let text = |id: &str, path: &Node| match path.as_str() {
        Some(path) if !path.is_empty() => format!("{id}={path}"),
        _ => id.to_owned(),
    };
    let items: Vec<_> = agents
        .iter()
        .map(|(id, path)| Node::string(text(id, path), path.span))
        .collect();
    let is_empty = items.is_empty();
    node.value = Value::Sequence(items);
    is_empty
}

/// `[host:address, …]` becomes a sorted list of `host=address`.
fn hosts(node: &mut Node) -> bool {
    let Value::Sequence(items) = &mut node.value else {
        return false;
    };
    let mut hosts = Vec::new();
    for item in items.iter() {
        let Some(text) = item.as_str() else { continue };
        let Some((host, addresses)) = text.split_once('=').or_else(|| text.split_once(':')) else {
            continue;
        };
        for address in addresses.split(',') {
            let bare = address
                .strip_prefix('[')
                .and_then(|ip| ip.strip_suffix(']'));
            let text = format!("{host}={}", bare.unwrap_or(address));
            hosts.push(Node::string(text, item.span));
        }
    }
    hosts.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    *items = hosts;
    items.is_empty()
}

fn ulimit(node: &mut Node) -> bool {
    let span = node.span;
    let Some(limits) = node.as_map_mut() else {
        return scalar(node, &Shape::Integer(i64::MIN, i64::MAX));
    };
    for (_, limit) in limits.iter_mut() {
        scalar(limit, &Shape::Integer(i64::MIN, i64::MAX));
    }
    let (soft, hard) = (limits.get("soft").cloned(), limits.get("hard").cloned());
    let entries = [("soft", soft), ("hard", hard)];
    let entries = entries
        .into_iter()
        .filter_map(|(key, node)| Some((key, node?)));
    *limits = mapping_at(span, entries);
    false
}

fn scalar(node: &mut Node, shape: &Shape) -> bool {
    let formatted = match shape {
        Shape::Flag | Shape::External => {
            spec::flag(node).map(|flag| (!flag, flag.to_string(), Style::Plain))
        }
        Shape::Integer(..) => {
            spec::whole(node).map(|number| (number == 0, number.to_string(), Style::Plain))
        }
        Shape::Count => match node.as_str() {
            Some(text) if text.eq_ignore_ascii_case("all") => {
                Some((false, "-1".to_owned(), Style::Plain))
            }
            _ => spec::whole(node).map(|number| (number == 0, number.to_string(), Style::Plain)),
        },
        Shape::Fraction => {
            spec::fraction(node).map(|number| (number == 0.0, number.to_string(), Style::Plain))
        }
        Shape::Bytes => spec::size(node).map(|size| {
            // Nobody reads a negative size that is a text, not even Compose, which prints it.
            let style = if size < 0 {
                Style::Plain
            } else {
                Style::Quoted
            };
            (size == 0, size.to_string(), style)
        }),
        Shape::Duration => node.as_str().and_then(duration::parse).map(|duration| {
            (
                duration.is_zero(),
                duration::format(duration),
                Style::Quoted,
            )
        }),
        _ => node.as_scalar().map(|scalar| {
            let text = scalar.value_text().into_owned();
            (text.is_empty(), text, Style::Quoted)
        }),
    };
    let Some((is_zero, text, style)) = formatted else {
        return false;
    };
    node.value = Value::Scalar(Scalar { text, style });
    is_zero
}

/// Writes numbers and booleans in one way; `010` is 8.
fn plain(node: &mut Node) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if scalar.kind() != ScalarKind::String {
                scalar.text = scalar.value_text().into_owned();
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(plain),
        Value::Mapping(mapping) => {
            for (_, node) in mapping.iter_mut() {
                plain(node);
            }
        }
    }
}
