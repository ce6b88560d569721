//! What no service uses is left out, as by `docker compose config`.

use std::collections::HashSet;

use super::edit::RESOURCES;
use crate::model::Unused;
use crate::yaml::{Mapping, Node};

/// Returns the definitions that no service uses, active or not.
pub(crate) fn unused(tree: &Node, disabled: &Node) -> Vec<Unused> {
    let mut found = Vec::new();
    for section in RESOURCES {
        let used = used(&[tree, disabled], section);
        let defined = tree.get(section).and_then(Node::as_map);
        let unused = defined.into_iter().flat_map(Mapping::entries);
        found.extend(
            unused
                .filter(|(name, _)| !used.contains(*name))
                .map(|(name, entry)| Unused {
                    section,
                    name: name.to_owned(),
                    span: entry.key_span,
                }),
        );
    }
    found
}

/// Takes networks, volumes, secrets and configs away that no service uses.
pub(crate) fn keep_used(tree: &mut Node) {
    for section in RESOURCES {
        let used: HashSet<String> = used(&[tree], section)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let Some(root) = tree.as_map_mut() else {
            return;
        };
        if let Some(entries) = root.get_mut(section).and_then(Node::as_map_mut) {
            entries.retain(|name, _| used.contains(name));
            if entries.is_empty() {
                root.remove(section);
            }
        }
    }
}

fn used<'n>(documents: &[&'n Node], section: &str) -> HashSet<&'n str> {
    documents
        .iter()
        .filter_map(|document| document.get("services")?.as_map())
        .flat_map(Mapping::iter)
        .flat_map(|(_, service)| uses(service, section))
        .collect()
}

/// Returns the names of a section that a service uses.
fn uses<'n>(service: &'n Node, section: &str) -> Vec<&'n str> {
    if section == "networks" {
        let networks = service.get(section).and_then(Node::as_map);
        return networks.into_iter().flat_map(Mapping::keys).collect();
    }
    let of_build = service
        .at(&["build", section])
        .filter(|_| section == "secrets");
    [service.get(section), of_build]
        .into_iter()
        .flatten()
        .flat_map(|node| node.as_sequence().unwrap_or_default())
        .filter(|item| section != "volumes" || is_volume(item))
        .filter_map(|item| item.get("source").and_then(Node::as_str))
        .collect()
}

fn is_volume(mount: &Node) -> bool {
    mount.get("type").and_then(Node::as_str) == Some("volume")
}
