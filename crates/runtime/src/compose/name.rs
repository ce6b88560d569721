//! The names of what is made, each following from whose it is.

use sha2::{Digest as _, Sha256};
use shipway_pipeline::colour::{Colour, Slot};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use crate::ColourKey;

/// The project of the shared slot, and the beginning of all other names.
pub(super) fn base(route: &RouteKey) -> String {
    let plain = format!("{}-{}", route.project, route.environment);
    if !plain.contains('.') {
        return plain;
    }
    // Compose's projects have no dots. The digest keeps `a.b` and `a-b` apart.
    let digest = Sha256::digest(plain.as_bytes());
    let short: String = digest
        .iter()
        .take(3)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{short}", plain.replace('.', "-"))
}

/// The Compose project of a slot.
pub(super) fn project(key: &ColourKey) -> String {
    let base = base(&key.route);
    match key.slot {
        Slot::Shared => base,
        Slot::Blue | Slot::Green => format!("{base}-{}", key.slot),
    }
}

/// The container of an instance.
pub(super) fn container(key: &ColourKey, instance: &InstanceId) -> String {
    format!("{}-{instance}", project(key))
}

/// The container of a task.
pub(super) fn task(key: &ColourKey, name: &str) -> String {
    format!("{}-task-{name}", project(key))
}

/// The network of a colour that stands for a network of the document.
pub(super) fn network(complete: &str, colour: Colour) -> String {
    format!("{complete}_{colour}")
}

/// The colour of a slot, if it is one.
pub(super) fn colour(slot: Slot) -> Option<Colour> {
    match slot {
        Slot::Blue => Some(Colour::Blue),
        Slot::Green => Some(Colour::Green),
        Slot::Shared => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(project: &str) -> RouteKey {
        RouteKey {
            project: project.parse().unwrap(),
            environment: "testing".parse().unwrap(),
        }
    }

    #[test]
    fn names_tell_whose_it_is() {
        let key = |slot| ColourKey {
            route: route("shop"),
            slot,
        };
        let web: InstanceId = "web-2".parse().unwrap();
        assert_eq!(container(&key(Slot::Blue), &web), "shop-testing-blue-web-2");
        assert_eq!(container(&key(Slot::Shared), &web), "shop-testing-web-2");
        assert_eq!(
            task(&key(Slot::Green), "d1-x"),
            "shop-testing-green-task-d1-x"
        );
    }

    #[test]
    fn projects_that_differ_by_a_dot_stay_apart() {
        let dotted = base(&route("a.b"));
        assert!(dotted.starts_with("a-b-testing-") && !dotted.contains('.'));
        assert_ne!(dotted, base(&route("a-b")));
    }
}
