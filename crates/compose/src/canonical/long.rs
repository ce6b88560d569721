//! Short forms made long.

use super::edit::{RESOURCES, mapping_at, sections, services, set_default};
use super::port;
use crate::merge::{Identity, deduplicate};
use crate::path;
use crate::short::port::MAX_PORTS;
use crate::short::volume;
use crate::yaml::{Mapping, Node, Value};

/// Gives every short form of a document its long one.
pub(crate) fn lengthen(tree: &mut Node) {
    let mut ports = MAX_PORTS;
    for (_, service) in services(tree) {
        change_items(service, "ports", |items| port::lengthen(items, &mut ports));
        lengthen_service(service);
    }
    for section in RESOURCES {
        for (_, node) in sections(tree, section) {
            external(node);
        }
    }
}

fn lengthen_service(service: &mut Mapping) {
    unique(service, "ports", Identity::Port);
    change_each(service, "volumes", mount);
    unique(service, "volumes", Identity::MountTarget);
    change_each(service, "devices", device);
    unique(service, "devices", Identity::DeviceTarget);
    change_each(service, "env_file", env_file);
    change_each(service, "configs", |item| reference(item, false));
    change_each(service, "secrets", |item| reference(item, true));
    if let Some(gpus) = service.get_mut("gpus") {
        all_gpus(gpus);
    }
    if let Some(dependencies) = service.get_mut("depends_on").and_then(Node::as_map_mut) {
        for (_, node) in dependencies.iter_mut() {
            dependency(node);
        }
    }
    if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut) {
        change_each(build, "secrets", |item| reference(item, false));
        if let Some(ssh) = build.get_mut("ssh") {
            agents(ssh);
        }
    }
    let devices = service
        .get_mut("deploy")
        .and_then(Node::as_map_mut)
        .and_then(|deploy| deploy.get_mut("resources"))
        .and_then(Node::as_map_mut)
        .and_then(|resources| resources.get_mut("reservations"))
        .and_then(Node::as_map_mut);
    if let Some(reservations) = devices {
        change_each(reservations, "devices", count_all);
    }
}

fn change_items(mapping: &mut Mapping, key: &str, change: impl FnOnce(Vec<Node>) -> Vec<Node>) {
    if let Some(Value::Sequence(items)) = mapping.get_mut(key).map(|node| &mut node.value) {
        *items = change(std::mem::take(items));
    }
}

fn change_each(mapping: &mut Mapping, key: &str, change: impl Fn(&mut Node)) {
    if let Some(Value::Sequence(items)) = mapping.get_mut(key).map(|node| &mut node.value) {
        items.iter_mut().for_each(change);
    }
}

/// Long forms show doubles that short ones hide.
fn unique(mapping: &mut Mapping, key: &str, identity: Identity) {
    change_items(mapping, key, |items| deduplicate(items, identity));
}

/// Puts a long form in the place of a short one.
fn replace<'k>(node: &mut Node, entries: impl IntoIterator<Item = (&'k str, Node)>) {
    node.value = Value::Mapping(mapping_at(node.span, entries));
}

fn mount(node: &mut Node) {
    let span = node.span;
    if let Some(target) = node.as_map_mut().and_then(|mount| mount.get_mut("target")) {
        if let Some(text) = target.as_str() {
            *target = Node::string(path::clean(text), target.span);
        }
        return;
    }
    let Some(parts) = node.as_str().and_then(volume::split) else {
        return;
    };
    let text = |text: &str| Node::string(text, span);
    let flag = || Node::plain("true", span);
    let is_bind = parts.source.is_some_and(volume::is_path);
    let kind = if is_bind { "bind" } else { "volume" };
    let mut entries = vec![("type", text(kind))];
    entries.extend(parts.source.map(|source| ("source", text(source))));
    entries.push(("target", text(&path::clean(parts.target))));
    let (mut bind, mut of_volume) = (Mapping::new(), Mapping::new());
    for option in &parts.options {
        match *option {
            "ro" => entries.push(("read_only", flag())),
            "rw" => entries.retain(|(key, _)| *key != "read_only"),
            "nocopy" => of_volume.insert("nocopy", span, flag()),
            "z" | "Z" => bind.insert("selinux", span, text(option)),
            "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => {
                bind.insert("propagation", span, text(option));
            }
            // The engine knows more options than Compose, which drops them.
            _ => {}
        }
    }
    if is_bind {
        // The short form makes a missing directory, the long one does not.
        bind.insert("create_host_path", span, flag());
    }
    if is_bind || !bind.is_empty() {
        entries.push(("bind", Node::mapping(bind, span)));
    }
    // Compose reads a target of one or two characters by another way.
    if !is_bind && node.as_str().is_some_and(|text| text.len() > 2) || !of_volume.is_empty() {
        entries.push(("volume", Node::mapping(of_volume, span)));
    }
    replace(node, entries);
}

fn device(node: &mut Node) {
    let span = node.span;
    let Some(text) = node.as_str() else { return };
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let target = parts
        .next()
        .filter(|target| !target.is_empty())
        .unwrap_or(source);
    let permissions = parts.next().unwrap_or("rwm");
    let entries = [
        ("source", source),
        ("target", target),
        ("permissions", permissions),
    ]
    .map(|(key, text)| (key, Node::string(text, span)));
    replace(node, entries);
}

fn env_file(node: &mut Node) {
    let span = node.span;
    if let Some(path) = node.as_str() {
        let path = Node::string(path, span);
        replace(node, [("path", path)]);
    }
    if let Some(mapping) = node.as_map_mut()
        && !mapping.contains("required")
    {
        mapping.insert("required", span, Node::plain("true", span));
    }
}

/// A secret or config that a service uses.
fn reference(node: &mut Node, is_secret: bool) {
    let span = node.span;
    if let Some(source) = node.as_str() {
        let source = Node::string(source, span);
        replace(node, [("source", source)]);
    }
    let Some(mapping) = node.as_map_mut().filter(|_| is_secret) else {
        return;
    };
    if let Some(source) = mapping.get("source").and_then(Node::as_str) {
        let target = format!("/run/secrets/{source}");
        set_default(mapping, "target", span, &target);
    }
}

fn dependency(node: &mut Node) {
    let span = node.span;
    if let Some(mapping) = node.as_map_mut() {
        set_default(mapping, "condition", span, "service_started");
        if !mapping.contains("required") {
            mapping.insert("required", span, Node::plain("true", span));
        }
    }
}

fn all_gpus(node: &mut Node) {
    let span = node.span;
    if node.as_str().is_some() {
        let mut item = Node::mapping(Mapping::new(), span);
        count_all(&mut item);
        node.value = Value::Sequence(vec![item]);
    } else if let Value::Sequence(items) = &mut node.value {
        items.iter_mut().for_each(count_all);
    }
}

fn count_all(node: &mut Node) {
    let span = node.span;
    if let Some(mapping) = node.as_map_mut()
        && !mapping.contains("device_ids")
    {
        set_default(mapping, "count", span, "all");
    }
}

/// `[default, id=path]` becomes a mapping.
fn agents(node: &mut Node) {
    let Value::Sequence(items) = &node.value else {
        return;
    };
    let mut mapping = Mapping::new();
    for item in items {
        let Some(text) = item.as_str() else { return };
        // The second form is what Compose prints, and does not read.
        let (id, value) = match text.split_once('=').or_else(|| text.split_once(": ")) {
            Some((id, path)) => (id, Node::string(path, item.span)),
            None => (text, Node::new(Value::Null, item.span)),
        };
        mapping.insert(id, item.span, value);
    }
    node.value = Value::Mapping(mapping);
}

/// `external: {name: x}` becomes `external: true` and `name: x`.
fn external(node: &mut Node) {
    let Some(resource) = node.as_map_mut() else {
        return;
    };
    let Some(external) = resource.get_mut("external") else {
        return;
    };
    let span = external.span;
    let name = external.get("name").cloned();
    if external.as_map().is_some() {
        *external = Node::plain("true", span);
        if let Some(name) = name.filter(|_| !resource.contains("name")) {
            resource.insert("name", name.span, name);
        }
    }
}
