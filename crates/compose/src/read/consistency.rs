//! Values that are right by themselves and contradict each other.

use super::field::{entries, items, number};
use super::reader::Reader;
use crate::diagnostic::Code;
use crate::yaml::{Mapping, Node, Span};

/// Complains about contradictions in a canonical document.
pub(crate) fn check(tree: &Node, reader: &mut Reader) {
    let services = tree.get("services").and_then(Node::as_map);
    for (name, entry) in services.into_iter().flat_map(Mapping::entries) {
        source(name, entry.key_span, &entry.node, reader);
        build(name, &entry.node, reader);
        amounts(name, &entry.node, reader);
        single(name, &entry.node, reader);
        networks(name, &entry.node, reader);
        mounts(name, &entry.node, reader);
        watches(name, &entry.node, reader);
        devices(name, &entry.node, reader);
    }
    for section in ["networks", "volumes"] {
        for (name, node) in entries(tree, section) {
            external(section, name, node, reader);
        }
    }
    for (name, node) in entries(tree, "secrets") {
        origin("secrets", name, node, &["file", "environment"], reader);
    }
    for (name, node) in entries(tree, "configs") {
        origin(
            "configs",
            name,
            node,
            &["file", "environment", "content"],
            reader,
        );
    }
}

/// A service must come from somewhere.
fn source(name: &str, span: Span, node: &Node, reader: &mut Reader) {
    // `provider` is a program of the host, and so is a process.
    let known = ["image", "build", "provider"]
        .iter()
        .any(|key| node.get(key).is_some());
    if !known && node.at(&["x-shipway", "process"]).is_none() {
        let message = format!("service `{name}` has neither an `image` nor a `build`");
        let help = "give it one of them".to_owned();
        reader.error_with_help(Code::NoImage, message, span, help);
    }
}

fn build(name: &str, node: &Node, reader: &mut Reader) {
    let Some(build) = node.get("build") else {
        return;
    };
    if let (Some(_), Some(inline)) = (build.get("dockerfile"), build.get("dockerfile_inline")) {
        let message =
            format!("`services.{name}.build` has both `dockerfile` and `dockerfile_inline`");
        contradiction(message, inline.span, reader);
    }
    let platforms = items(build, "platforms");
    if let Some(platform) = node.get("platform")
        && !platforms.is_empty()
        && !platforms
            .iter()
            .any(|one| one.as_str() == platform.as_str())
    {
        let message = format!("`services.{name}.build.platforms` lacks the service's `platform`");
        contradiction(message, platform.span, reader);
    }
}

/// What the older keys of a service say must agree with `deploy`.
fn amounts(name: &str, node: &Node, reader: &mut Reader) {
    const PAIRS: [(&str, &str, &str); 4] = [
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("pids_limit", "limits", "pids"),
        ("mem_reservation", "reservations", "memory"),
    ];
    for (older, part, key) in PAIRS {
        let resources = node.at(&["deploy", "resources", part]);
        let (Some(node), Some(resources)) = (node.get(older), resources) else {
            continue;
        };
        let newer = resources.get(key).and_then(Node::as_str).unwrap_or("0");
        if node.as_str() != Some(newer) {
            let message = format!(
                "`services.{name}.{older}` and `deploy.resources.{part}.{key}` say different things"
            );
            contradiction(message, node.span, reader);
        }
    }
    let replicas = node
        .get("deploy")
        .and_then(|deploy| number::<i64>(deploy, "replicas"));
    let scale = number::<i64>(node, "scale");
    if let (Some(replicas), Some(scale)) = (replicas, scale)
        && replicas != scale
    {
        let message =
            format!("`services.{name}.scale` is {scale} but `deploy.replicas` is {replicas}");
        let span = node.get("scale").map_or(node.span, |node| node.span);
        contradiction(message, span, reader);
    }
}

fn single(name: &str, node: &Node, reader: &mut Reader) {
    let replicas = node
        .get("deploy")
        .and_then(|deploy| number::<i64>(deploy, "replicas"));
    let scale = number::<i64>(node, "scale").or(replicas);
    if let Some(container) = node.get("container_name")
        && scale.is_some_and(|scale| scale > 1)
    {
        let message =
            format!("`services.{name}` has a `container_name`, but more than one container");
        contradiction(message, container.span, reader);
    }
}

fn networks(name: &str, node: &Node, reader: &mut Reader) {
    if let (Some(_), Some(networks)) = (node.get("network_mode"), node.get("networks")) {
        let message = format!("`services.{name}` has both `network_mode` and `networks`");
        contradiction(message, networks.span, reader);
    }
}

fn mounts(name: &str, node: &Node, reader: &mut Reader) {
    for (index, item) in items(node, "volumes").iter().enumerate() {
        let is_bind = item.get("type").and_then(Node::as_str) == Some("bind");
        if is_bind && item.get("source").is_none() {
            let message = format!(
                "`services.{name}.volumes[{index}]` binds a path of the host but has no `source`"
            );
            reader.error(Code::WrongMount, message, item.span);
        }
    }
}

fn watches(name: &str, node: &Node, reader: &mut Reader) {
    let Some(develop) = node.get("develop") else {
        return;
    };
    for (index, watch) in items(develop, "watch").iter().enumerate() {
        let place = format!("`services.{name}.develop.watch[{index}]`");
        let action = watch
            .get("action")
            .and_then(Node::as_str)
            .unwrap_or_default();
        if watch.get("target").is_none() && !matches!(action, "rebuild" | "restart") {
            let message = format!("{place} has no `target`, which `{action}` needs");
            reader.error(Code::WrongValue, message, watch.span);
        }
        if watch.get("path").and_then(Node::as_str) == Some("") {
            reader.error(
                Code::WrongValue,
                format!("{place} has an empty `path`"),
                watch.span,
            );
        }
    }
}

fn devices(name: &str, node: &Node, reader: &mut Reader) {
    let reserved = node.at(&["deploy", "resources", "reservations"]);
    let reserved = reserved
        .map(|node| items(node, "devices"))
        .unwrap_or_default();
    for device in reserved.iter().chain(items(node, "gpus")) {
        if let (Some(_), Some(ids)) = (device.get("count"), device.get("device_ids")) {
            let message =
                format!("a device of `services.{name}` has both `count` and `device_ids`");
            contradiction(message, ids.span, reader);
        }
    }
}

/// What somebody else keeps has only a name here.
fn external(section: &str, name: &str, node: &Node, reader: &mut Reader) {
    let is_external = node.get("external").and_then(Node::as_bool) == Some(true);
    // Compose lets networks have more, and does nothing with it.
    let other = node
        .as_map()
        .into_iter()
        .flat_map(Mapping::entries)
        .find(|(key, _)| !matches!(*key, "external" | "name") && !key.starts_with("x-"));
    if let (true, "volumes", Some((key, entry))) = (is_external, section, other) {
        let message = format!("`{section}.{name}` is external and cannot have `{key}`");
        contradiction(message, entry.key_span, reader);
    }
}

/// A secret or config must come from somewhere, and from one place only.
fn origin(section: &str, name: &str, node: &Node, keys: &[&str], reader: &mut Reader) {
    let given: Vec<_> = keys
        .iter()
        .filter_map(|key| Some((key, node.get(key)?)))
        .collect();
    let is_external = node.get("external").is_some();
    match given.as_slice() {
        [] if is_external => {}
        [] => {
            let message = format!("`{section}.{name}` has no content");
            let help = format!("give it one of `{}`", keys.join("`, `"));
            reader.error_with_help(Code::WrongValue, message, node.span, help);
        }
        [_] => {}
        [(first, _), (second, node), ..] => {
            let message = format!("`{section}.{name}` has both `{first}` and `{second}`");
            contradiction(message, node.span, reader);
        }
    }
}

fn contradiction(message: String, span: Span, reader: &mut Reader) {
    let help = "remove one of them".to_owned();
    reader.error_with_help(Code::Contradiction, message, span, help);
}
