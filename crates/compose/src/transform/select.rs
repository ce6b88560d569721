//! Some of a document's services, with what they need.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::edit::{entries, entries_mut};
use crate::yaml::{Mapping, Node};

/// What becomes of the bonds between the services selected and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    /// The others come along.
    Include,
    /// `depends_on`, `links` and `volumes_from` of others are taken away: somebody else sees to it.
    Strip,
}

/// Keeps some of the services.
///
/// Volumes, networks, secrets and configs that none of them uses go as well.
/// Names that are no service are ignored.
pub fn select(document: &mut Node, names: &BTreeSet<String>, dependencies: Dependencies) {
    let mut kept: IndexSet<String> = entries(document, "services")
        .map(|(name, _)| name.to_owned())
        .filter(|name| names.contains(name))
        .collect();
    if dependencies == Dependencies::Include {
        add_dependencies(document, &mut kept);
    }
    let Some(root) = document.as_map_mut() else {
        return;
    };
    if let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) {
        services.retain(|name, _| kept.contains(name));
    }
    for (_, service) in entries_mut(document, "services") {
        cut_bonds(service, &kept);
    }
    drop_unused(document);
}

fn add_dependencies(document: &Node, kept: &mut IndexSet<String>) {
    let Some(services) = document.get("services").and_then(Node::as_map) else {
        return;
    };
    let mut next = 0;
    while let Some(name) = kept.get_index(next) {
        let needed: Vec<String> = services
            .get(name)
            .into_iter()
            .flat_map(needs)
            .filter(|name| services.contains(name))
            .map(str::to_owned)
            .collect();
        kept.extend(needed);
        next += 1;
    }
}

/// Returns the services that a service needs. In a canonical document every bond is a dependency.
fn needs(service: &Node) -> impl Iterator<Item = &str> {
    let depends_on = service.get("depends_on").and_then(Node::as_map);
    depends_on.into_iter().flat_map(Mapping::keys)
}

/// Takes away what ties a service to one that is not kept.
fn cut_bonds(service: &mut Mapping, kept: &IndexSet<String>) {
    if let Some(depends_on) = service.get_mut("depends_on").and_then(Node::as_map_mut) {
        depends_on.retain(|name, _| kept.contains(name));
        if depends_on.is_empty() {
            service.remove("depends_on");
        }
    }
    // `db:database` and `db:ro` name the service first.
    let target = |item: &Node| item.as_str()?.split(':').next().map(str::to_owned);
    for key in ["links", "volumes_from"] {
        let Some(items) = service.get(key).and_then(Node::as_sequence) else {
            continue;
        };
        let span = items.first().map(|item| item.span).unwrap_or_default();
        let items: Vec<Node> = items
            .iter()
            .filter(|item| {
                target(item).is_none_or(|name| name == "container" || kept.contains(&name))
            })
            .cloned()
            .collect();
        if items.is_empty() {
            service.remove(key);
        } else {
            service.insert(key, span, Node::sequence(items, span));
        }
    }
}

/// Takes what no service uses out of the sections of the top level.
fn drop_unused(document: &mut Node) {
    for section in ["volumes", "networks", "secrets", "configs"] {
        let used: BTreeSet<String> = entries(document, "services")
            .flat_map(|(_, service)| uses(service, section))
            .collect();
        let Some(root) = document.as_map_mut() else {
            return;
        };
        let Some(entries) = root.get_mut(section).and_then(Node::as_map_mut) else {
            continue;
        };
        entries.retain(|name, _| used.contains(name));
        if entries.is_empty() {
            root.remove(section);
        }
    }
}

/// Returns the names of a section that a service uses.
fn uses(service: &Node, section: &str) -> Vec<String> {
    let mut names = Vec::new();
    // A build has secrets of its own from the same section.
    for node in [service.get(section), service.at(&["build", section])]
        .into_iter()
        .flatten()
    {
        let keys = node.as_map().into_iter().flat_map(Mapping::keys);
        names.extend(keys.map(str::to_owned));
        let sources = node.as_sequence().unwrap_or_default().iter();
        names.extend(
            sources
                .filter_map(|item| item.get("source")?.as_str())
                .map(str::to_owned),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, document};
    use super::*;

    const DOCUMENT: &str = "
services:
  web:
    image: web
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}
    links: ['db:database', cache]
    volumes:
      - {type: volume, source: media, target: /media}
      - {type: bind, source: /srv/x, target: /x}
    networks: {front: null}
    secrets: [{source: key}]
  db:
    image: db
    depends_on: {cache: {condition: service_started}}
    volumes: [{type: volume, source: data, target: /data}]
    networks: {default: null}
  cache: {image: cache, networks: {default: null}}
  other: {image: other, configs: [{source: conf}], networks: {front: null}}
volumes: {media: {name: s_media}, data: {name: s_data}}
networks: {front: {name: s_front}, default: {name: s_default}}
secrets: {key: {file: /srv/key}}
configs: {conf: {file: /srv/conf}}
";

    fn selected(names: &[&str], dependencies: Dependencies) -> Node {
        let mut document = document(DOCUMENT);
        let names = names.iter().map(|&name| name.to_owned()).collect();
        select(&mut document, &names, dependencies);
        document
    }

    #[test]
    fn what_is_needed_comes_along() {
        assert_same(
            &selected(&["db", "nobody"], Dependencies::Include),
            "
services:
  db:
    image: db
    depends_on: {cache: {condition: service_started}}
    volumes: [{type: volume, source: data, target: /data}]
    networks: {default: null}
  cache: {image: cache, networks: {default: null}}
volumes: {data: {name: s_data}}
networks: {default: {name: s_default}}
",
        );
    }

    #[test]
    fn bonds_with_others_can_be_cut() {
        assert_same(
            &selected(&["web", "cache"], Dependencies::Strip),
            "
services:
  web:
    image: web
    depends_on: {cache: {condition: service_started}}
    links: [cache]
    volumes:
      - {type: volume, source: media, target: /media}
      - {type: bind, source: /srv/x, target: /x}
    networks: {front: null}
    secrets: [{source: key}]
  cache: {image: cache, networks: {default: null}}
volumes: {media: {name: s_media}}
networks: {front: {name: s_front}, default: {name: s_default}}
secrets: {key: {file: /srv/key}}
",
        );
        let alone = selected(&["web"], Dependencies::Strip);
        let web = alone.at(&["services", "web"]).unwrap();
        assert!(web.get("depends_on").is_none() && web.get("links").is_none());
    }

    #[test]
    fn a_document_without_services_stays() {
        let mut empty = document("name: x\n");
        select(&mut empty, &BTreeSet::new(), Dependencies::Strip);
        assert_same(&empty, "name: x\n");
    }
}
