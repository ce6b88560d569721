//! The Compose project of a slot, from the canonical document of the user's files.
//!
//! A pure function of its input. Each instance becomes a service: `web` with two replicas becomes
//! `web-1` and `web-2`, both of which answer to `web` on their networks.

use std::collections::{BTreeMap, BTreeSet};

use shipway_compose::transform;
use shipway_compose::yaml::{Limits, Mapping, Node, Span, parse};
use shipway_pipeline::id::InstanceId;

use super::{label, name};
use crate::{ColourKey, ColourSpec, Error};

/// Reads the document that a spec's services come from.
pub(super) fn document(spec: &ColourSpec) -> Result<Node, Error> {
    let refused = |reason: &str| Error::Start {
        instance: spec.key.to_string(),
        reason: reason.to_owned(),
    };
    let model = spec
        .model
        .as_ref()
        .ok_or_else(|| refused("the release was made for another runtime"))?;
    parse(&model.document, 0, Limits::default())
        .map_err(|_| refused("the recorded Compose document is damaged"))
}

/// The project that runs a spec's instances.
pub(super) fn instances(spec: &ColourSpec, document: &Node) -> Node {
    let mut project = adapted(spec, document);
    for service in &spec.services {
        transform::scale(&mut project, &service.name, 1);
    }
    let present: BTreeMap<String, u32> = spec
        .services
        .iter()
        .map(|service| (service.name.clone(), service.replicas))
        .collect();
    expand(spec, &mut project, &present);
    project
}

/// The project that runs a task with a service's image, variables, secrets, volumes, networks.
pub(super) fn task(
    spec: &ColourSpec,
    document: &Node,
    name: &str,
    variables: &BTreeMap<String, String>,
) -> Option<Node> {
    let [service] = spec.services.as_slice() else {
        return None;
    };
    let mut project = adapted(spec, document);
    let services = services_mut(&mut project)?;
    let mut node = services.remove(&service.name)?;
    let mapping = node.as_map_mut()?;
    // A task is no instance: it is not started again, not asked for its health, and nobody
    // connects to it.
    for key in [
        "ports",
        "expose",
        "healthcheck",
        "container_name",
        "depends_on",
        "deploy",
    ] {
        mapping.remove(key);
    }
    let command = service.command.as_deref().unwrap_or_default();
    let words = command
        .iter()
        .map(|word| Node::string(word, Span::default()));
    set(
        mapping,
        "command",
        Node::sequence(words.collect(), Span::default()),
    );
    set_text(mapping, "restart", "no");
    set_text(
        mapping,
        "container_name",
        &super::name::task(&spec.key, name),
    );
    tell(spec, mapping, name);
    if let Some(environment) = mapping.get_mut("environment").and_then(Node::as_map_mut) {
        for (variable, value) in variables {
            set_text(environment, variable, value);
        }
    }
    let mut labels = label::of_spec(spec);
    labels.insert(label::TASK.to_owned(), name.to_owned());
    services.insert(name, Span::default(), node);
    transform::label(&mut project, |_| labels.clone());
    Some(project)
}

/// The spec's services as they are in this slot: images, networks, volumes, ports.
fn adapted(spec: &ColourSpec, document: &Node) -> Node {
    let mut project = document.clone();
    let names: BTreeSet<String> = spec
        .services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    transform::select(&mut project, &names, transform::Dependencies::Strip);
    transform::rename(&mut project, &name::project(&spec.key));
    transform::pin(&mut project, &spec.artifact.digests);
    transform::join_networks(&mut project, |complete| network(&spec.key, complete));
    transform::keep_volumes(&mut project);
    if let Some(model) = &spec.model {
        for service in model.listens.keys() {
            transform::unpublish(&mut project, service);
        }
    }
    project
}

/// The name under which a network of the document exists for a slot.
pub(super) fn network(key: &ColourKey, complete: &str) -> String {
    match name::colour(key.slot) {
        Some(colour) => name::network(complete, colour),
        None => complete.to_owned(),
    }
}

/// Makes a service of each instance.
fn expand(spec: &ColourSpec, project: &mut Node, present: &BTreeMap<String, u32>) {
    let Some(services) = services_mut(project) else {
        return;
    };
    let originals = std::mem::take(services);
    for (service, entry) in originals {
        let Ok(name) = service.parse::<shipway_pipeline::name::ServiceName>() else {
            continue;
        };
        for number in 1..=present.get(&service).copied().unwrap_or_default() {
            let id = InstanceId {
                service: name.clone(),
                number,
            };
            let mut node = entry.node.clone();
            if let Some(mapping) = node.as_map_mut() {
                make_instance(spec, mapping, &id, present);
            }
            services.insert(id.to_string(), entry.key_span, node);
        }
    }
    transform::label(project, |service| {
        service
            .parse()
            .map(|id| label::of_instance(spec, &id))
            .unwrap_or_default()
    });
}

fn make_instance(
    spec: &ColourSpec,
    service: &mut Mapping,
    id: &InstanceId,
    present: &BTreeMap<String, u32>,
) {
    set_text(service, "container_name", &name::container(&spec.key, id));
    tell(spec, service, &id.to_string());
    add_alias(service, id.service.as_str());
    if let Some(depends_on) = service.remove("depends_on") {
        set(service, "depends_on", on_instances(&depends_on, present));
    }
    for key in ["network_mode", "ipc", "pid"] {
        let other = service.get(key).and_then(Node::as_str);
        if let Some(other) = other.and_then(|text| text.strip_prefix("service:")) {
            // Its neighbour of the same number, if there are as many.
            let number = id.number.min(present.get(other).copied().unwrap_or(1));
            let text = format!("service:{other}-{number}");
            set_text(service, key, &text);
        }
    }
    // Of the same colour, the name alone finds every instance; a link needs a container.
    service.remove("links");
}

/// Tells a container who it is. `RELEASE` may be somebody else's word: the file's own one stays.
fn tell(spec: &ColourSpec, service: &mut Mapping, name: &str) {
    if service.get("environment").and_then(Node::as_map).is_none() {
        let empty = Node::mapping(Mapping::new(), Span::default());
        set(service, "environment", empty);
    }
    let Some(environment) = service.get_mut("environment").and_then(Node::as_map_mut) else {
        return;
    };
    if !environment.contains("RELEASE") {
        set_text(environment, "RELEASE", spec.release.as_str());
    }
    set_text(environment, "SHIPWAY_COLOUR", spec.key.slot.as_str());
    set_text(
        environment,
        "SHIPWAY_DEPLOYMENT",
        &spec.deployment.to_string(),
    );
    set_text(environment, "SHIPWAY_INSTANCE", name);
}

/// Lets the instance answer to its service's name on each of its networks.
fn add_alias(service: &mut Mapping, alias: &str) {
    let Some(networks) = service.get_mut("networks").and_then(Node::as_map_mut) else {
        return;
    };
    for (_, network) in networks.iter_mut() {
        if network.as_map().is_none() {
            *network = Node::mapping(Mapping::new(), network.span);
        }
        let Some(network) = network.as_map_mut() else {
            continue;
        };
        let mut aliases = network
            .get("aliases")
            .and_then(Node::as_sequence)
            .unwrap_or_default()
            .to_vec();
        aliases.insert(0, Node::string(alias, Span::default()));
        set(network, "aliases", Node::sequence(aliases, Span::default()));
    }
}

/// A dependency on a service is one on each of its instances.
fn on_instances(depends_on: &Node, present: &BTreeMap<String, u32>) -> Node {
    let entries = depends_on.as_map().into_iter().flat_map(Mapping::iter);
    let mut instances = Mapping::new();
    for (service, condition) in entries {
        for number in 1..=present.get(service).copied().unwrap_or_default() {
            let name = format!("{service}-{number}");
            instances.insert(name, Span::default(), condition.clone());
        }
    }
    Node::mapping(instances, Span::default())
}

fn services_mut(project: &mut Node) -> Option<&mut Mapping> {
    project.as_map_mut()?.get_mut("services")?.as_map_mut()
}

fn set(mapping: &mut Mapping, key: &str, value: Node) {
    mapping.insert(key, Span::default(), value);
}

fn set_text(mapping: &mut Mapping, key: &str, text: &str) {
    set(mapping, key, Node::string(text, Span::default()));
}

#[cfg(test)]
mod tests;
