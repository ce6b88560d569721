//! The project.

use indexmap::IndexMap;

use super::field::{Home, entries, flag, text};
use super::reader::Reader;
use super::service;
use crate::model::{FileObject, Network, Project, Service, Volume};
use crate::yaml::{Mapping, Node};

/// Reads a project from a canonical document.
pub(crate) fn project(tree: Node, name: String, home: Home<'_>, reader: &mut Reader) -> Project {
    Project {
        name,
        services: service_map(&tree, home, reader),
        disabled: IndexMap::new(),
        volumes: resources(&tree, "volumes", |node| Volume {
            external: is_external(node),
            name: text(node, "name"),
        }),
        networks: resources(&tree, "networks", |node| Network {
            external: is_external(node),
            name: text(node, "name"),
            internal: flag(node, "internal").unwrap_or_default(),
        }),
        secrets: resources(&tree, "secrets", |node| file_object(node, home)),
        configs: resources(&tree, "configs", |node| file_object(node, home)),
        unused: Vec::new(),
        tree,
    }
}

/// Reads the services of a canonical document.
pub(crate) fn service_map(
    tree: &Node,
    home: Home<'_>,
    reader: &mut Reader,
) -> IndexMap<String, Service> {
    let services = tree.get("services").and_then(Node::as_map);
    let mut read = IndexMap::new();
    for (name, entry) in services.into_iter().flat_map(Mapping::entries) {
        let service = service::service(name, entry.key_span, &entry.node, home, reader);
        read.insert(name.to_owned(), service);
    }
    read
}

fn resources<T>(tree: &Node, section: &str, read: impl Fn(&Node) -> T) -> IndexMap<String, T> {
    entries(tree, section)
        .map(|(name, node)| (name.to_owned(), read(node)))
        .collect()
}

fn is_external(node: &Node) -> bool {
    flag(node, "external").unwrap_or_default()
}

fn file_object(node: &Node, home: Home<'_>) -> FileObject {
    FileObject {
        external: is_external(node),
        name: text(node, "name"),
        file: text(node, "file").map(|path| home.seen(&path)),
        environment: text(node, "environment"),
        content: text(node, "content"),
    }
}
