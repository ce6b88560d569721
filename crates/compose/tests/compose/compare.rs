//! Two documents beside each other.

use shipway_compose::yaml::{Mapping, Node, Scalar, ScalarKind, Value};

/// Lists what differs between two documents, as values: one line for each place.
///
/// The order of keys says nothing.
pub(crate) fn differences(theirs: &Node, ours: &Node) -> Vec<String> {
    let mut found = Vec::new();
    compare("", theirs, ours, &mut found);
    found
}

fn compare(path: &str, theirs: &Node, ours: &Node, found: &mut Vec<String>) {
    match (&theirs.value, &ours.value) {
        (Value::Mapping(theirs), Value::Mapping(ours)) => {
            compare_mappings(path, theirs, ours, found);
        }
        (Value::Sequence(theirs), Value::Sequence(ours)) if theirs.len() == ours.len() => {
            if path.ends_with(".build.ssh") && agents(theirs) == agents(ours) {
                return;
            }
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{path}[{index}]"), theirs, ours, found);
            }
        }
        (Value::Null, Value::Null) => {}
        (Value::Scalar(theirs), Value::Scalar(ours)) if is_same_scalar(theirs, ours) => {}
        _ => found.push(format!(
            "{path}: Compose {}, we {}",
            show(theirs),
            show(ours)
        )),
    }
}

fn compare_mappings(path: &str, theirs: &Mapping, ours: &Mapping, found: &mut Vec<String>) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    for (key, value) in theirs.iter() {
        match ours.get(key) {
            Some(other) => compare(&below(key), value, other, found),
            None => found.push(format!("{}: Compose {}, we none", below(key), show(value))),
        }
    }
    for (key, value) in ours.iter() {
        if theirs.get(key).is_none() {
            found.push(format!("{}: Compose none, we {}", below(key), show(value)));
        }
    }
}

/// SSH keys in an order that can be compared, and in one form: Compose prints them as they fall out
/// of a hash map, as `ID: path`, and reads only `ID=path`.
fn agents(items: &[Node]) -> Vec<String> {
    let mut agents: Vec<String> = items
        .iter()
        .map(|item| show(item).replace(": ", "="))
        .collect();
    agents.sort();
    agents
}

fn is_same_scalar(theirs: &Scalar, ours: &Scalar) -> bool {
    let number = |scalar: &Scalar| scalar.text.parse::<f64>().ok();
    match (theirs.kind(), ours.kind()) {
        (ScalarKind::Bool, ScalarKind::Bool) => theirs.as_bool() == ours.as_bool(),
        (ScalarKind::Integer | ScalarKind::Float, ScalarKind::Integer | ScalarKind::Float) => {
            theirs.text == ours.text || number(theirs).is_some() && number(theirs) == number(ours)
        }
        (ScalarKind::String, ScalarKind::String) => theirs.text == ours.text,
        _ => false,
    }
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar(scalar) if scalar.kind() == ScalarKind::String => {
            format!("{:?}", scalar.text)
        }
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(mapping) => {
            let pairs: Vec<String> = mapping
                .iter()
                .map(|(key, value)| format!("{key}: {}", show(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

#[test]
fn what_differs_is_named_with_its_place() {
    let tree = |text: &str| {
        shipway_compose::yaml::parse(text, 0, shipway_compose::yaml::Limits::default())
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    let theirs = tree("{a: {b: '1', c: [1, 2.50]}, d: x}");
    let ours = tree("{d: x, a: {c: [1, 2.5], b: 1, e: null}}");
    assert_eq!(
        differences(&theirs, &ours),
        ["a.b: Compose \"1\", we 1", "a.e: Compose none, we null",]
    );
}
