//! The names of what is made, each following from whose it is.

use shipway_pipeline::colour::{Colour, Slot};
use shipway_pipeline::id::InstanceId;

use crate::ColourKey;

/// The Compose project of a slot.
pub(super) fn project(key: &ColourKey) -> String {
    let base = key.route.compose_project();
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
    use shipway_pipeline::route::RouteKey;

    use super::*;

    fn key(project: &str, slot: Slot) -> ColourKey {
        let environment = "testing".parse().unwrap();
        let project = project.parse().unwrap();
        ColourKey {
            route: RouteKey {
                project,
                environment,
            },
            slot,
        }
    }

    #[test]
    fn names_tell_whose_it_is() {
        let key = |slot| key("shop", slot);
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
        let dotted = super::project(&key("a.b", Slot::Shared));
        assert!(dotted.starts_with("a-b-testing-") && !dotted.contains('.'));
        assert_ne!(dotted, super::project(&key("a-b", Slot::Shared)));
    }
}
