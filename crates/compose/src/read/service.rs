//! One service.

use std::time::Duration;

use indexmap::IndexMap;

use super::field::{Home, entries, flag, items, number, pairs, text, texts, time, words};
use super::reader::Reader;
use super::{healthcheck, mount, process, resources, restart};
use crate::model::{Build, Dependency, DependencyCondition, FileUse, NetworkUse, Port, Service};
use crate::yaml::{Node, Span};

/// What Compose waits between the stop signal and the kill.
const STOP_GRACE_PERIOD: Duration = Duration::from_secs(10);

pub(super) fn service(
    name: &str,
    span: Span,
    node: &Node,
    home: Home<'_>,
    reader: &mut Reader,
) -> Service {
    let replicas = number(node, "scale").or_else(|| {
        node.get("deploy")
            .and_then(|deploy| number(deploy, "replicas"))
    });
    Service {
        name: name.to_owned(),
        span,
        image: text(node, "image"),
        build: node.get("build").and_then(|build| build_of(build, home)),
        command: words(node, "command"),
        entrypoint: words(node, "entrypoint"),
        environment: pairs(node, "environment"),
        ports: items(node, "ports").iter().filter_map(port).collect(),
        mounts: mount::mounts(node, home, reader),
        healthcheck: healthcheck::healthcheck(node, name, reader),
        depends_on: entries(node, "depends_on").map(dependency).collect(),
        restart: restart::restart(node, name, reader),
        replicas: replicas.unwrap_or(1),
        stop_signal: text(node, "stop_signal").unwrap_or_else(|| "SIGTERM".to_owned()),
        stop_grace_period: time(node, "stop_grace_period").unwrap_or(STOP_GRACE_PERIOD),
        working_dir: text(node, "working_dir"),
        profiles: texts(node, "profiles"),
        labels: labels(node),
        networks: entries(node, "networks").map(network).collect(),
        network_mode: text(node, "network_mode"),
        secrets: files(node, "secrets"),
        configs: files(node, "configs"),
        limits: resources::limits(node),
        reservations: resources::reservations(node),
        container_name: text(node, "container_name"),
        user: text(node, "user"),
        platform: text(node, "platform"),
        links: texts(node, "links"),
        extra_hosts: texts(node, "extra_hosts"),
        process: process::process(name, node, reader),
    }
}

fn build_of(build: &Node, home: Home<'_>) -> Option<Build> {
    build.as_map()?;
    let context = text(build, "context").unwrap_or_else(|| ".".to_owned());
    Some(Build {
        context: home.seen(&context),
        dockerfile: text(build, "dockerfile"),
        target: text(build, "target"),
        args: pairs(build, "args"),
    })
}

fn port(item: &Node) -> Option<Port> {
    Some(Port {
        target: number(item, "target")?,
        published: text(item, "published"),
        host_ip: text(item, "host_ip"),
        protocol: text(item, "protocol").unwrap_or_else(|| "tcp".to_owned()),
    })
}

fn dependency((name, node): (&str, &Node)) -> (String, Dependency) {
    let condition = match node.get("condition").and_then(Node::as_str) {
        Some("service_healthy") => DependencyCondition::Healthy,
        Some("service_completed_successfully") => DependencyCondition::Completed,
        _ => DependencyCondition::Started,
    };
    let required = flag(node, "required").unwrap_or(true);
    let dependency = Dependency {
        condition,
        required,
    };
    (name.to_owned(), dependency)
}

fn labels(node: &Node) -> IndexMap<String, String> {
    let labels = pairs(node, "labels").into_iter();
    labels
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect()
}

fn network((name, node): (&str, &Node)) -> (String, NetworkUse) {
    let network = NetworkUse {
        aliases: texts(node, "aliases"),
        ipv4_address: text(node, "ipv4_address"),
        ipv6_address: text(node, "ipv6_address"),
    };
    (name.to_owned(), network)
}

fn files(node: &Node, key: &str) -> Vec<FileUse> {
    let files = items(node, key).iter();
    files
        .filter_map(|item| {
            Some(FileUse {
                source: text(item, "source")?,
                target: text(item, "target"),
                mode: number(item, "mode"),
            })
        })
        .collect()
}
