//! A difference for people and for machines, without secrets.

use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use shipway_pipeline::difference::{Change, Difference, Effect, Presence, ServiceDifference};

use crate::mask;

/// What differs, as text.
pub(super) fn text(difference: &Difference, before: &str, after: &str) -> String {
    if difference.is_empty() {
        return format!("{before} and {after} run the same\n");
    }
    let mut text = format!("{before} → {after}\n");
    for service in &difference.services {
        let role = service.role.map(|role| format!(" ({role})"));
        text.push_str(&format!(
            "{}{}: {}\n",
            service.name.bold(),
            role.unwrap_or_default(),
            meaning(service)
        ));
        push_changes(&mut text, &service.changes);
    }
    for (title, changes) in [
        ("shared definitions", &difference.resources),
        ("settings", &difference.settings),
    ] {
        if !changes.is_empty() {
            text.push_str(&format!("{}\n", title.bold()));
            push_changes(&mut text, changes);
        }
    }
    text
}

/// What differs, as a document.
pub(super) fn document(difference: &Difference, before: &str, after: &str) -> Value {
    let mut masked = difference.clone();
    let of_services = masked.services.iter_mut().flat_map(|one| &mut one.changes);
    for change in of_services
        .chain(&mut masked.resources)
        .chain(&mut masked.settings)
    {
        let (one, other) = (shown(change, &change.before), shown(change, &change.after));
        (change.before, change.after) = (one, other);
    }
    json!({ "before": before, "after": after, "difference": masked })
}

fn meaning(service: &ServiceDifference) -> String {
    let told = match (service.presence, service.effect) {
        (Presence::Added, _) => "only here, is started",
        (Presence::Removed, _) => "no longer here, is stopped",
        (Presence::Both, Effect::None | Effect::NextDeployment) => "no effect on what runs",
        (Presence::Both, Effect::Scale) => "instances are started or stopped",
        (Presence::Both, Effect::Restart) => "restart",
        (Presence::Both, Effect::Recreate) => "recreate",
    };
    if service.downtime {
        format!("{told}, in a step of its own with downtime: both colours share it")
    } else {
        told.to_owned()
    }
}

fn push_changes(text: &mut String, changes: &[Change]) {
    for change in changes {
        let path = change.path.join(".");
        let (before, after) = (shown(change, &change.before), shown(change, &change.after));
        let told = match (&before, &after) {
            (Some(before), Some(after)) if before == after => "changed (secret)".to_owned(),
            (Some(before), Some(after)) => format!("{before} → {after}"),
            (None, Some(after)) => format!("+ {after}"),
            (Some(before), None) => format!("- {before}"),
            (None, None) => String::new(),
        };
        let note = match change.effect {
            Effect::None => "  (no effect on what runs)",
            Effect::Restart => "  (read at the start)",
            Effect::NextDeployment | Effect::Scale | Effect::Recreate => "",
        };
        text.push_str(&format!("  {path}: {told}{}\n", note.dimmed()));
    }
}

/// A value as it may be shown.
fn shown(change: &Change, value: &Option<Value>) -> Option<Value> {
    let value = value.as_ref()?;
    let keys: Vec<&str> = change.path.iter().map(String::as_str).collect();
    let name = match keys.as_slice() {
        [.., "environment" | "args" | "labels" | "driver_opts", name] => name,
        ["secrets" | "configs", _, "content"] => return Some(json!(mask::MASK)),
        _ => "",
    };
    Some(masked(name, value))
}

fn masked(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => json!(mask::value(name, text)),
        Value::Array(items) => words(name, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.clone(),
    }
}

/// The words of a command, without what follows an option such as `--password`.
fn words(name: &str, items: &[Value]) -> Value {
    let mut follows = false;
    let shown = items.iter().map(|item| {
        let text = item.as_str();
        let is_secret = follows && text.is_some_and(|text| !text.starts_with('-'));
        follows = text.is_some_and(mask::is_before_secret);
        if is_secret {
            json!(mask::MASK)
        } else {
            masked(name, item)
        }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &[&str], value: Value) -> Option<Value> {
        let change = Change {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            before: None,
            after: Some(value),
            effect: Effect::Recreate,
        };
        shown(&change, &change.after)
    }

    #[test]
    fn no_secret_is_shown_whatever_key_it_is_below() {
        let mask = json!(mask::MASK);
        let cases = [
            (
                &["environment", "API_TOKEN"][..],
                json!("hunter2"),
                mask.clone(),
            ),
            (&["environment", "GREETING"], json!("hello"), json!("hello")),
            (
                &["secrets", "key", "content"],
                json!("hunter2"),
                mask.clone(),
            ),
            (
                &["command"],
                json!(["serve", "--password", "hunter2", "--port", "80"]),
                json!(["serve", "--password", mask, "--port", "80"]),
            ),
        ];
        for (path, value, expected) in cases {
            assert_eq!(told(path, value), Some(expected), "{path:?}");
        }
    }
}
