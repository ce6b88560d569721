//! Definitions that no service uses.

use std::collections::HashSet;

use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::short::volume;
use crate::yaml::{Mapping, Node};

const SECTIONS: [&str; 4] = ["volumes", "networks", "secrets", "configs"];

/// A volume, network, secret or config is defined, and used by no service.
pub(super) fn definitions(view: &View<'_>) -> Vec<Diagnostic> {
    let tree = &view.loaded.project.tree;
    let mut found = Vec::new();
    for section in SECTIONS {
        let used = used(tree, section);
        let defined = tree.get(section).and_then(Node::as_map);
        for (name, entry) in defined.into_iter().flat_map(Mapping::entries) {
            // `default` is every service's that names no other network.
            if used.contains(name) || (section == "networks" && name == "default") {
                continue;
            }
            let kind = section.trim_end_matches('s');
            let finding = Diagnostic::new(
                Code::UnusedDefinition,
                format!("{kind} `{name}` is used by no service"),
            );
            found.push(
                finding
                    .with_label(entry.key_span, "")
                    .with_help("remove it, or name it in the service that needs it"),
            );
        }
    }
    found
}

/// Names that any service uses, also one that only runs when it is asked for.
fn used<'a>(tree: &'a Node, section: &str) -> HashSet<&'a str> {
    let services = tree.get("services").and_then(Node::as_map);
    let services = services.into_iter().flat_map(Mapping::iter);
    let mut used = HashSet::new();
    for (_, service) in services {
        let build = service.get("build").and_then(|build| build.get(section));
        for node in service.get(section).into_iter().chain(build) {
            if let Some(mapping) = node.as_map() {
                used.extend(mapping.keys());
            }
            let items = node.as_sequence().unwrap_or_default();
            used.extend(items.iter().filter_map(|item| name(item, section)));
        }
    }
    used
}

fn name<'a>(item: &'a Node, section: &str) -> Option<&'a str> {
    match item.as_str() {
        Some(text) if section == "volumes" => volume::split(text)?.source,
        Some(text) => Some(text),
        None => item.get("source")?.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::{context, loaded};

    fn unused(text: &str) -> Vec<String> {
        let loaded = loaded(text);
        let context = context();
        let found = definitions(&View::new(&loaded, &context));
        found.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn what_no_service_names_is_unused() {
        let text = "
services: {web: {image: a}}
volumes: {data: {}}
networks: {default: {}, back: {}}
secrets: {key: {file: ./key}}
configs: {conf: {file: ./conf}}
";
        assert_eq!(
            unused(text),
            [
                "volume `data` is used by no service",
                "network `back` is used by no service",
                "secret `key` is used by no service",
                "config `conf` is used by no service",
            ]
        );
    }

    #[test]
    fn every_form_of_use_counts_profiles_and_builds_included() {
        let text = "
services:
  web:
    image: a
    build: {context: ., secrets: [token]}
    volumes: ['data:/data', {type: volume, source: media, target: /media}]
    networks: [back]
    secrets: [key]
  task: {image: b, profiles: [tasks], volumes: ['seed:/seed'], configs: [{source: conf, target: /c}]}
volumes: {data: {}, media: {}, seed: {}}
networks: {back: {}}
secrets: {key: {file: ./key}, token: {file: ./token}}
configs: {conf: {file: ./conf}}
";
        assert!(unused(text).is_empty());
    }
}
