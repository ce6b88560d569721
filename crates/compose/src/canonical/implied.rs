//! What a document says without writing it.

use super::edit::{RESOURCES, sections, services, set_default};
use crate::yaml::{Mapping, Node, Span, Value};

/// Gives a build without a context the project's directory.
///
/// Comes before paths are made absolute, and after `extends`.
pub(crate) fn add_contexts(tree: &mut Node) {
    for (_, service) in services(tree) {
        if let Some(build) = service.get_mut("build") {
            let span = build.span;
            if let Some(build) = build.as_map_mut() {
                set_default(build, "context", span, ".");
            }
        }
    }
}

/// Adds what Compose adds: networks, dependencies, names, values of variables.
pub(crate) fn imply(tree: &mut Node, project: &str, variables: &dyn Fn(&str) -> Option<String>) {
    let mut uses_default = None;
    for (_, service) in services(tree) {
        uses_default = uses_default.or(default_network(service));
        implied_service(service, variables);
    }
    if let Some(span) = uses_default {
        add_default_network(tree, span);
    }
    for section in RESOURCES {
        for (name, node) in sections(tree, section) {
            name_resource(name, node, project);
        }
    }
}

/// Joins the default network, and returns where a service uses it.
fn default_network(service: &mut Mapping) -> Option<Span> {
    if service.contains("network_mode") {
        return None;
    }
    let names_none = service
        .get("networks")
        .is_none_or(|node| node.as_map().is_some_and(Mapping::is_empty));
    if names_none {
        let mut networks = Mapping::new();
        networks.insert("default", Span::default(), Node::default());
        let node = Node::mapping(networks, Span::default());
        service.insert("networks", Span::default(), node);
        return Some(Span::default());
    }
    let networks = service.get("networks").and_then(Node::as_map)?;
    networks.entry("default").map(|entry| entry.key_span)
}

fn add_default_network(tree: &mut Node, span: Span) {
    let Some(root) = tree.as_map_mut() else {
        return;
    };
    if !root.contains("networks") {
        root.insert("networks", span, Node::mapping(Mapping::new(), span));
    }
    if let Some(networks) = root.get_mut("networks").and_then(Node::as_map_mut)
        && !networks.contains("default")
    {
        networks.insert("default", span, Node::default());
    }
}

fn implied_service(service: &mut Mapping, variables: &dyn Fn(&str) -> Option<String>) {
    if let Some(policy) = service.get_mut("pull_policy")
        && policy.as_str() == Some("if_not_present")
    {
        *policy = Node::string("missing", policy.span);
    }
    if let Some(build) = service.get_mut("build") {
        let span = build.span;
        if let Some(build) = build.as_map_mut() {
            if !build.contains("dockerfile_inline") {
                set_default(build, "dockerfile", span, "Dockerfile");
            }
            if let Some(arguments) = build.get_mut("args").and_then(Node::as_map_mut) {
                pass_on(arguments, variables);
                arguments.retain(|_, entry| !entry.node.is_null());
            }
        }
    }
    if let Some(environment) = service.get_mut("environment").and_then(Node::as_map_mut) {
        pass_on(environment, variables);
    }
    scale(service);
    imply_dependencies(service);
}

/// `scale` is also `deploy.replicas`.
fn scale(service: &mut Mapping) {
    let Some(scale) = service.get("scale").cloned() else {
        return;
    };
    if let Some(deploy) = service.get_mut("deploy").and_then(Node::as_map_mut)
        && !deploy.contains("replicas")
    {
        deploy.insert("replicas", scale.span, scale);
    }
}

/// Gives keys without a value that of the variable of their name.
pub(crate) fn pass_on(pairs: &mut Mapping, variables: &dyn Fn(&str) -> Option<String>) {
    for (key, node) in pairs.iter_mut() {
        if node.is_null()
            && let Some(value) = variables(key)
        {
            *node = Node::string(value, node.span);
        }
    }
}

/// Whom a service uses it also waits for.
fn imply_dependencies(service: &mut Mapping) {
    let mut implied: Vec<(String, bool, Span)> = Vec::new();
    for link in texts(service, "links") {
        let (text, span) = link;
        let name = match text.split(':').collect::<Vec<_>>().as_slice() {
            [name, _] => (*name).to_owned(),
            _ => text.to_owned(),
        };
        implied.push((name, true, span));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(key)
            && let Some(name) = node.as_str().and_then(|text| text.strip_prefix("service:"))
        {
            implied.push((name.to_owned(), true, node.span));
        }
    }
    for (text, span) in texts(service, "volumes_from") {
        if !text.starts_with("container:") {
            let name = text.split(':').next().unwrap_or_default().to_owned();
            implied.push((name, false, span));
        }
    }
    if implied.is_empty() {
        return;
    }
    let mut dependencies = match service.remove("depends_on").map(|node| node.value) {
        Some(Value::Mapping(mapping)) => mapping,
        _ => Mapping::new(),
    };
    let place = implied[0].2;
    for (name, restart, span) in implied {
        if !dependencies.contains(&name) {
            dependencies.insert(name, span, dependency(restart, span));
        }
    }
    service.insert("depends_on", place, Node::mapping(dependencies, place));
}

fn texts<'n>(service: &'n Mapping, key: &str) -> impl Iterator<Item = (&'n str, Span)> {
    let items = service.get(key).and_then(Node::as_sequence);
    items
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Some((item.as_str()?, item.span)))
}

fn dependency(restart: bool, span: Span) -> Node {
    let mut mapping = Mapping::new();
    mapping.insert("condition", span, Node::string("service_started", span));
    if restart {
        mapping.insert("restart", span, Node::plain("true", span));
    }
    mapping.insert("required", span, Node::plain("true", span));
    Node::mapping(mapping, span)
}

fn name_resource(name: &str, node: &mut Node, project: &str) {
    if node.is_null() {
        *node = Node::mapping(Mapping::new(), node.span);
    }
    let span = node.span;
    if let Some(resource) = node.as_map_mut() {
        let external = resource.get("external").and_then(crate::spec::flag);
        let full = match external {
            Some(true) => name.to_owned(),
            _ => format!("{project}_{name}"),
        };
        set_default(resource, "name", span, &full);
    }
}
