//! Names that only one container can have.

use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// A service of which several instances run gives all of them one name.
pub(super) fn shared(view: &View<'_>) -> Vec<Diagnostic> {
    let named = view
        .subjects
        .iter()
        .filter(|one| one.node.get("container_name").is_some());
    named
        .filter_map(|subject| {
            let why = if subject.service.replicas > 1 {
                format!("has {} replicas", subject.service.replicas)
            } else if subject.is_coloured() {
                "runs in two colours during a switch".to_owned()
            } else {
                return None;
            };
            let message = format!(
                "service `{}` has a `container_name` but {why}, and a name can be used once",
                subject.name()
            );
            let help = "remove it; other services reach this one by its service name";
            Some(
                subject
                    .found(Code::ContainerName, "container_name", message)
                    .with_help(help),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    #[test]
    fn a_name_for_several_instances_is_a_finding() {
        let text = "
  web: {image: a, container_name: shop}
  adminer: {image: b, container_name: x}
  db: {image: c, container_name: shop-db}
  worker: {image: a}";
        assert_eq!(
            messages(shared, text),
            [
                "service `web` has a `container_name` but runs in two colours during a switch, and a name can be used once",
            ]
        );
    }
}
