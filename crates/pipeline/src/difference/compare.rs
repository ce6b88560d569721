//! Compares two sides, value by value.

use serde_json::{Map, Value};

use super::effect::{of_key, of_resource};
use super::{Change, Difference, Effect, Presence, Service, ServiceDifference, Side};

/// Compares two sides.
pub fn compare(before: &Side, after: &Side) -> Difference {
    let resources = resources(&before.resources, &after.resources);
    let mut services: Vec<ServiceDifference> = before
        .services
        .iter()
        .map(|one| {
            let other = after.services.iter().find(|other| other.name == one.name);
            service(Some(one), other, &resources)
        })
        .collect();
    let is_new = |other: &&Service| !before.services.iter().any(|one| one.name == other.name);
    let added = after.services.iter().filter(is_new);
    services.extend(added.map(|other| service(None, Some(other), &resources)));
    services.retain(|one| {
        one.presence != Presence::Both || one.effect > Effect::None || !one.changes.is_empty()
    });
    Difference {
        services,
        resources,
        settings: Vec::new(),
    }
}

/// Compares the settings of two environments.
pub fn compare_settings(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let effect = |_: &[String]| Effect::NextDeployment;
    values(
        &mut Vec::new(),
        Some(before),
        Some(after),
        &effect,
        &mut changes,
    );
    changes
}

fn service(
    before: Option<&Service>,
    after: Option<&Service>,
    resources: &[Change],
) -> ServiceDifference {
    let (presence, known) = match (before, after) {
        (Some(_), Some(after)) => (Presence::Both, Some(after)),
        (None, after) => (Presence::Added, after),
        (before, None) => (Presence::Removed, before),
    };
    let mut changes = Vec::new();
    if presence == Presence::Both {
        let effect = |path: &[String]| of_key(&path.iter().map(String::as_str).collect::<Vec<_>>());
        let (before, after) = (before.map(|one| &one.keys), after.map(|one| &one.keys));
        values(&mut Vec::new(), before, after, &effect, &mut changes);
    }
    let own = changes.iter().map(|change| change.effect).max();
    let used = known
        .into_iter()
        .flat_map(|service| used(service, resources))
        .max();
    let effect = match presence {
        Presence::Both => own.max(used).unwrap_or(Effect::None),
        Presence::Added | Presence::Removed => Effect::Scale,
    };
    let role = known.and_then(|service| service.role);
    let is_shared = role.is_some_and(|role| !role.is_coloured());
    ServiceDifference {
        name: known
            .map(|service| service.name.clone())
            .unwrap_or_default(),
        role,
        presence,
        effect,
        downtime: is_shared && presence == Presence::Both && effect >= Effect::Restart,
        changes,
    }
}

/// What differing resources mean for a service that uses them.
fn used<'a>(service: &'a Service, resources: &'a [Change]) -> impl Iterator<Item = Effect> + 'a {
    let uses = |change: &&Change| match change.path.as_slice() {
        [kind, name, ..] => service
            .keys
            .get(kind)
            .is_some_and(|users| names(users, name)),
        _ => false,
    };
    resources.iter().filter(uses).map(|change| change.effect)
}

/// Whether a list or mapping of users names a resource.
fn names(users: &Value, name: &str) -> bool {
    match users {
        Value::Object(users) => users.contains_key(name),
        Value::Array(users) => users.iter().any(|user| match user {
            Value::String(user) => user == name,
            other => other.get("source").and_then(Value::as_str) == Some(name),
        }),
        _ => false,
    }
}

fn resources(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    for kind in ["volumes", "networks", "secrets", "configs"] {
        let effect = |_: &[String]| of_resource(kind);
        let mut path = vec![kind.to_owned()];
        values(
            &mut path,
            before.get(kind),
            after.get(kind),
            &effect,
            &mut changes,
        );
    }
    changes
}

/// Compares two values and what is below them.
fn values(
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    effect: &dyn Fn(&[String]) -> Effect,
    changes: &mut Vec<Change>,
) {
    // A key without a value is as good as none.
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if before == after {
        return;
    }
    let (one, other) = (before.and_then(entries), after.and_then(entries));
    let is_entries = (one.is_some() || before.is_none()) && (other.is_some() || after.is_none());
    if !is_entries {
        changes.push(Change {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            effect: effect(path),
        });
        return;
    }
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let find = |entries: &[(String, &Value)], key: &str| -> Option<usize> {
        entries.iter().position(|(name, _)| name == key)
    };
    for (key, value) in &one {
        path.push(key.clone());
        let matching = find(&other, key).map(|index| other[index].1);
        values(path, Some(value), matching, effect, changes);
        path.pop();
    }
    for (key, value) in &other {
        if find(&one, key).is_none() {
            path.push(key.clone());
            values(path, None, Some(value), effect, changes);
            path.pop();
        }
    }
}

/// The entries of a mapping, or of a list whose items have a key of their own (ports, volumes).
fn entries(value: &Value) -> Option<Vec<(String, &Value)>> {
    match value {
        Value::Object(entries) if !entries.is_empty() => Some(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), value))
                .collect(),
        ),
        Value::Array(items) if !items.is_empty() => {
            let named: Vec<(String, &Value)> = items
                .iter()
                .map(|item| Some((identity(item)?, item)))
                .collect::<Option<_>>()?;
            let mut keys: Vec<&String> = named.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            let is_unique = keys.windows(2).all(|pair| pair[0] != pair[1]);
            is_unique.then_some(named)
        }
        _ => None,
    }
}

/// What tells an item of a list of mappings from the others.
fn identity(item: &Value) -> Option<String> {
    let item = item.as_object()?;
    let text = |key: &str| match item.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let target = text("target").or_else(|| text("source"))?;
    Some(match text("protocol") {
        Some(protocol) => format!("{target}/{protocol}"),
        None => target,
    })
}
