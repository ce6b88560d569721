//! Some of a project's services, with what they need.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use crate::model::Project;
use crate::short::volume;
use crate::yaml::{Mapping, Node};

/// What becomes of `depends_on` between the services selected and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    /// The others come along.
    Include,
    /// The dependency is taken away: somebody else sees to it.
    Strip,
}

/// Returns a project with some of the services.
///
/// Volumes, networks, secrets and configs that none of them uses are left out;
/// the network `default` stays. Names that are no service are ignored.
#[must_use]
pub fn select(project: &Project, names: &BTreeSet<String>, dependencies: Dependencies) -> Project {
    let mut kept: IndexSet<String> = names
        .iter()
        .filter(|name| project.services.contains_key(*name))
        .cloned()
        .collect();
    if dependencies == Dependencies::Include {
        add_dependencies(project, &mut kept);
    }
    let mut selected = project.clone();
    selected.services.retain(|name, _| kept.contains(name));
    for service in selected.services.values_mut() {
        service.depends_on.retain(|name, _| kept.contains(name));
    }
    if let Some(root) = selected.tree.as_map_mut() {
        keep_services(root, &kept);
        keep_used(root);
        let volumes = root.get("volumes").and_then(Node::as_map);
        selected
            .volumes
            .retain(|name, _| volumes.is_some_and(|volumes| volumes.contains(name)));
    }
    selected
}

fn add_dependencies(project: &Project, kept: &mut IndexSet<String>) {
    let mut next = 0;
    while let Some(name) = kept.get_index(next) {
        let dependencies = project.services[name].depends_on.keys();
        let known = dependencies.filter(|name| project.services.contains_key(*name));
        let known: Vec<String> = known.cloned().collect();
        kept.extend(known);
        next += 1;
    }
}

fn keep_services(root: &mut Mapping, kept: &IndexSet<String>) {
    let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) else {
        return;
    };
    services.retain(|name, _| kept.contains(name));
    for (_, service) in services.iter_mut() {
        let Some(service) = service.as_map_mut() else {
            continue;
        };
        let Some(depends_on) = service.get_mut("depends_on").and_then(Node::as_map_mut) else {
            continue;
        };
        depends_on.retain(|name, _| kept.contains(name));
        if depends_on.is_empty() {
            service.remove("depends_on");
        }
    }
}

/// Takes what no service uses out of the sections of the top level.
fn keep_used(root: &mut Mapping) {
    for section in ["volumes", "networks", "secrets", "configs"] {
        let used: BTreeSet<String> = root
            .get("services")
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(Mapping::iter)
            .flat_map(|(_, service)| uses(service, section))
            .collect();
        let Some(entries) = root.get_mut(section).and_then(Node::as_map_mut) else {
            continue;
        };
        let is_default = |name: &str| section == "networks" && name == "default";
        entries.retain(|name, _| used.contains(name) || is_default(name));
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
        for item in node.as_sequence().unwrap_or_default() {
            names.extend(source(item, section).map(str::to_owned));
        }
    }
    names
}

fn source<'n>(item: &'n Node, section: &str) -> Option<&'n str> {
    match item.as_str() {
        Some(text) if section == "volumes" => volume::split(text)?.source,
        Some(text) => Some(text),
        None => item.get("source")?.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceFile, load};

    const TEXT: &str = "
services:
  web:
    image: web
    depends_on: [db, cache]
    volumes: ['media:/media', './x:/x']
    networks: [front]
    secrets: [key]
  db:
    image: db
    depends_on: [cache]
    volumes: [{type: volume, source: data, target: /data}]
  cache: {image: cache}
  other: {image: other, configs: [conf]}
volumes: {media: {}, data: {}, unused: {}}
networks: {front: {}, back: {}, default: {}}
secrets: {key: {file: ./key}}
configs: {conf: {file: ./conf}}
";

    fn selected(names: &[&str], dependencies: Dependencies) -> Project {
        let file = SourceFile {
            name: "c.yml".to_owned(),
            text: TEXT.to_owned(),
        };
        let project = load(&[file], &|_| None, &mut |_| Ok(String::new()))
            .unwrap()
            .project;
        let names = names.iter().map(|&name| name.to_owned()).collect();
        select(&project, &names, dependencies)
    }

    fn keys(project: &Project, section: &str) -> Vec<String> {
        let map = project.tree.get(section).and_then(Node::as_map);
        map.into_iter()
            .flat_map(Mapping::keys)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn what_is_needed_comes_along() {
        let project = selected(&["db", "nobody"], Dependencies::Include);
        assert_eq!(project.services.keys().collect::<Vec<_>>(), ["db", "cache"]);
        assert_eq!(keys(&project, "services"), ["db", "cache"]);
        assert_eq!(keys(&project, "volumes"), ["data"]);
        assert_eq!(project.volumes.keys().collect::<Vec<_>>(), ["data"]);
        assert_eq!(keys(&project, "networks"), ["default"]);
        assert!(project.tree.get("secrets").is_none() && project.tree.get("configs").is_none());
    }

    #[test]
    fn dependencies_on_others_can_be_taken_away() {
        let project = selected(&["web", "cache"], Dependencies::Strip);
        assert_eq!(
            project.services["web"]
                .depends_on
                .keys()
                .collect::<Vec<_>>(),
            ["cache"]
        );
        let depends_on = project.tree.at(&["services", "web", "depends_on"]).unwrap();
        assert_eq!(
            depends_on.as_map().unwrap().keys().collect::<Vec<_>>(),
            ["cache"]
        );
        assert_eq!(keys(&project, "volumes"), ["media"]);
        assert_eq!(keys(&project, "networks"), ["front", "default"]);
        assert_eq!(keys(&project, "secrets"), ["key"]);
        let alone = selected(&["web"], Dependencies::Strip);
        assert!(alone.tree.at(&["services", "web", "depends_on"]).is_none());
    }
}
