//! Profiles: services that run only when somebody asks for them.

use crate::yaml::{Mapping, Node};

/// Takes the services away that no active profile names, and returns them.
pub(super) fn take_disabled(tree: &mut Node, active: &[String]) -> Mapping {
    let services = tree
        .as_map_mut()
        .and_then(|root| root.get_mut("services"))
        .and_then(Node::as_map_mut);
    let Some(services) = services else {
        return Mapping::new();
    };
    let (enabled, disabled): (Vec<_>, Vec<_>) = std::mem::take(services)
        .into_iter()
        .partition(|(_, entry)| is_active(&entry.node, active));
    *services = enabled.into_iter().collect();
    disabled.into_iter().collect()
}

fn is_active(service: &Node, active: &[String]) -> bool {
    let profiles = service.get("profiles").and_then(Node::as_sequence);
    let profiles = profiles.unwrap_or_default();
    profiles.is_empty()
        || active
            .iter()
            .any(|active| active == "*" || profiles.iter().any(|one| one.as_str() == Some(active)))
}
