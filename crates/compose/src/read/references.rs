//! Names that stand for something elsewhere in the document.

use indexmap::{IndexMap, IndexSet};

use super::field::{entries, items};
use super::reader::Reader;
use crate::diagnostic::{Code, did_you_mean};
use crate::yaml::{Mapping, Node, Span};

/// Complains about names that nothing has, and about circles of dependencies.
///
/// `disabled` are the services that no active profile names.
pub(crate) fn check(tree: &Node, disabled: &Mapping, reader: &mut Reader) {
    let services = tree.get("services").and_then(Node::as_map);
    for (name, node) in services.into_iter().flat_map(Mapping::iter) {
        let mut user = User { name, tree, reader };
        user.dependencies(node, disabled);
        user.contexts(node);
        for item in items(node, "volumes") {
            if item.get("type").and_then(Node::as_str) == Some("volume") {
                user.source("volumes", item);
            }
        }
        let networks = node.get("networks").and_then(Node::as_map);
        for (network, entry) in networks.into_iter().flat_map(Mapping::entries) {
            user.require("networks", network, entry.key_span);
        }
        for section in ["secrets", "configs"] {
            items(node, section)
                .iter()
                .for_each(|item| user.source(section, item));
        }
        if let Some(build) = node.get("build") {
            items(build, "secrets")
                .iter()
                .for_each(|item| user.source("secrets", item));
        }
    }
    circles(services, reader);
}

/// A service that names others.
struct User<'a> {
    name: &'a str,
    tree: &'a Node,
    reader: &'a mut Reader,
}

// === impl User ===

impl User<'_> {
    fn dependencies(&mut self, node: &Node, disabled: &Mapping) {
        let dependencies = node.get("depends_on").and_then(Node::as_map);
        for (name, entry) in dependencies.into_iter().flat_map(Mapping::entries) {
            let required = entry.node.get("required").and_then(Node::as_bool);
            match disabled.contains(name) {
                true if required == Some(false) => {}
                true => self.inactive(name, entry.key_span),
                false => self.require("services", name, entry.key_span),
            }
        }
    }

    fn inactive(&mut self, name: &str, span: Span) {
        let user = self.name;
        let message =
            format!("service `{user}` needs service `{name}`, whose profiles are not active");
        let help = "activate one of them, or write `required: false` if the service can do without";
        self.reader
            .error_with_help(Code::Undefined, message, span, help.to_owned());
    }

    /// `service:NAME` as a build context is what another service builds.
    fn contexts(&mut self, node: &Node) {
        let Some(build) = node.get("build") else {
            return;
        };
        for (_, context) in entries(build, "additional_contexts") {
            let Some(name) = context
                .as_str()
                .and_then(|text| text.strip_prefix("service:"))
            else {
                continue;
            };
            let other = self.tree.at(&["services", name]);
            if other.is_some_and(|other| other.get("build").is_none()) {
                let message = format!("service `{name}` is a build context, but has no `build`");
                self.reader
                    .error(Code::Contradiction, message, context.span);
            } else {
                self.require("services", name, context.span);
            }
        }
    }

    fn source(&mut self, section: &str, item: &Node) {
        if let Some(name) = item.get("source").and_then(Node::as_str) {
            self.require(section, name, item.span);
        }
    }

    fn require(&mut self, section: &str, name: &str, span: Span) {
        let known = self.tree.get(section).and_then(Node::as_map);
        if known.is_some_and(|known| known.contains(name)) {
            return;
        }
        let kind = section.trim_end_matches('s');
        let user = self.name;
        let message = format!("service `{user}` needs {kind} `{name}`, which is not there");
        let help = did_you_mean(name, known.into_iter().flat_map(Mapping::keys))
            .unwrap_or_else(|| format!("name it below `{section}` at the top level"));
        self.reader
            .error_with_help(Code::Undefined, message, span, help);
    }
}

/// Reports the first circle of dependencies.
fn circles(services: Option<&Mapping>, reader: &mut Reader) {
    let Some(services) = services else { return };
    let left = unordered(services);
    let Some(start) = left.first() else { return };
    let mut way = IndexSet::from([*start]);
    let mut last = *start;
    // Every service that is left waits for another one that is left.
    let repeated = loop {
        let next = needs(services, last).find(|name| left.contains(name));
        let Some(next) = next else { return };
        if let Some(index) = way.get_index_of(next) {
            break index;
        }
        way.insert(next);
        last = next;
    };
    let mut circle: Vec<&str> = way.iter().skip(repeated).copied().collect();
    circle.extend(way.get_index(repeated));
    let message = format!("services wait for each other: {}", circle.join(" → "));
    let help = "remove one of these `depends_on`".to_owned();
    let span = services.entry(circle[0]).map(|entry| entry.key_span);
    reader.error_with_help(
        Code::DependencyCircle,
        message,
        span.unwrap_or_default(),
        help,
    );
}

fn needs<'n>(services: &'n Mapping, name: &str) -> impl Iterator<Item = &'n str> {
    let service = services.get(name);
    service
        .into_iter()
        .flat_map(|service| entries(service, "depends_on"))
        .map(|(name, _)| name)
}

/// Returns the services that no order can start: circles, and what waits for them.
fn unordered(services: &Mapping) -> IndexSet<&str> {
    let mut waits: IndexMap<&str, usize> = IndexMap::new();
    let mut dependents: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for name in services.keys() {
        let known = needs(services, name).filter(|name| services.contains(name));
        waits.insert(name, 0);
        for dependency in known {
            waits[name] += 1;
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
