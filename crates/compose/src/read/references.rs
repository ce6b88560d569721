//! Names that stand for something elsewhere in the file.

use indexmap::{IndexMap, IndexSet};

use super::reader::Reader;
use crate::diagnostic::{Code, did_you_mean};
use crate::model::Service;
use crate::short::volume;
use crate::yaml::{Mapping, Node, Span};

/// Complains about names that nothing has, and about circles of dependencies.
pub(super) fn check(tree: &Node, services: &IndexMap<String, Service>, reader: &mut Reader) {
    for service in services.values() {
        let Some(node) = tree.at(&["services", &service.name]) else {
            continue;
        };
        dependencies(tree, node, service, reader);
        volumes(tree, node, service, reader);
        networks(tree, node, service, reader);
        for section in ["secrets", "configs"] {
            files(tree, node, service, section, reader);
        }
    }
    circles(services, reader);
}

fn dependencies(tree: &Node, node: &Node, service: &Service, reader: &mut Reader) {
    for (name, dependency) in &service.depends_on {
        if dependency.required {
            let span = key_span(node.get("depends_on"), name).unwrap_or(service.span);
            require(tree, "services", name, &service.name, span, reader);
        }
    }
}

fn volumes(tree: &Node, node: &Node, service: &Service, reader: &mut Reader) {
    let items = node
        .get("volumes")
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    for item in items {
        if let Some(name) = volume_name(item) {
            require(tree, "volumes", name, &service.name, item.span, reader);
        }
    }
}

/// Returns the volume that a mount names, if it names one.
fn volume_name(item: &Node) -> Option<&str> {
    let source = match item.as_str() {
        Some(text) => volume::split(text)?.source?,
        None if item.get("type")?.as_str() == Some("volume") => item.get("source")?.as_str()?,
        None => return None,
    };
    (!volume::is_path(source)).then_some(source)
}

fn networks(tree: &Node, node: &Node, service: &Service, reader: &mut Reader) {
    let networks = node.get("networks").and_then(Node::as_map);
    for (name, entry) in networks.into_iter().flat_map(Mapping::entries) {
        // `default` is there without being named.
        if name != "default" {
            require(
                tree,
                "networks",
                name,
                &service.name,
                entry.key_span,
                reader,
            );
        }
    }
}

fn files(tree: &Node, node: &Node, service: &Service, section: &str, reader: &mut Reader) {
    let items = node
        .get(section)
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    for item in items {
        let source = item
            .as_str()
            .or_else(|| item.get("source").and_then(Node::as_str));
        if let Some(name) = source {
            require(tree, section, name, &service.name, item.span, reader);
        }
    }
}

fn require(tree: &Node, section: &str, name: &str, service: &str, span: Span, reader: &mut Reader) {
    let known = tree.get(section).and_then(Node::as_map);
    if known.is_some_and(|known| known.contains(name)) {
        return;
    }
    let kind = section.trim_end_matches('s');
    let message = format!("service `{service}` needs {kind} `{name}`, which is not there");
    let help = did_you_mean(name, known.into_iter().flat_map(Mapping::keys))
        .unwrap_or_else(|| format!("name it below `{section}` at the top level"));
    reader.error_with_help(Code::Undefined, message, span, help);
}

fn key_span(mapping: Option<&Node>, key: &str) -> Option<Span> {
    mapping?.as_map()?.entry(key).map(|entry| entry.key_span)
}

/// Reports the first circle of dependencies.
fn circles(services: &IndexMap<String, Service>, reader: &mut Reader) {
    let left = unordered(services);
    let Some(start) = left.first() else { return };
    let mut way = IndexSet::from([*start]);
    let mut last = *start;
    // Every service that is left waits for another one that is left.
    let repeated = loop {
        let next = services[last]
            .depends_on
            .keys()
            .find(|name| left.contains(name.as_str()));
        let Some(next) = next else { return };
        if let Some(index) = way.get_index_of(next.as_str()) {
            break index;
        }
        way.insert(next);
        last = next;
    };
    let mut circle: Vec<&str> = way.iter().skip(repeated).copied().collect();
    circle.extend(way.get_index(repeated));
    let message = format!("services wait for each other: {}", circle.join(" → "));
    let help = "remove one of these `depends_on`".to_owned();
    reader.error_with_help(
        Code::DependencyCircle,
        message,
        services[circle[0]].span,
        help,
    );
}

/// Returns the services that no order can start: circles, and what waits for them.
fn unordered(services: &IndexMap<String, Service>) -> IndexSet<&str> {
    let mut waits: IndexMap<&str, usize> = IndexMap::new();
    let mut dependents: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for (name, service) in services {
        let known = service
            .depends_on
            .keys()
            .filter(|name| services.contains_key(*name));
        waits.insert(name, known.clone().count());
        for dependency in known {
            dependents.entry(dependency).or_default().push(name);
        }
    }
    let mut ready: Vec<&str> = waits
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| *name)
        .collect();
    while let Some(name) = ready.pop() {
        for dependent in dependents.get(name).into_iter().flatten() {
            if let Some(count) = waits.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.push(dependent);
                }
            }
        }
    }
    waits
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, _)| name)
        .collect()
}
