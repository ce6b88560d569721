//! What is odd in a slot and no instance's state tells: networks, and containers of others.

use std::collections::BTreeSet;

use shipway_compose::yaml::{Limits, Mapping, Node, parse};
use shipway_pipeline::colour::{Colour, Slot};
use shipway_pipeline::workload::Model;

use super::before::{Notes, networks};
use super::network::{complete_name, is_external};
use super::runtime::ComposeRuntime;
use super::{adopt, list, name, neighbour, render};
use crate::{ColourKey, Error, Oddities};

/// Looks at a slot whose services come from a model.
pub(super) async fn find(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    model: &Model,
) -> Result<Oddities, Error> {
    let mut found = Oddities::default();
    if !runtime.has_used(key) {
        return Ok(found);
    }
    // A damaged document is found by whoever is to start it.
    let document = parse(&model.document, 0, Limits::default()).ok();
    for member in list::members(runtime, key).await? {
        let has = networks(&member.container);
        let lacks = |network: &String| !has.is_some_and(|has| has.contains_key(network));
        let id = member.identity.id;
        let wanted = document
            .as_ref()
            .map(|document| wanted(document, key, id.service.as_str()));
        let detached: Vec<String> = wanted.into_iter().flatten().filter(lacks).collect();
        if !detached.is_empty() {
            found.detached.insert(id, detached);
        }
    }
    found.strangers = strangers(runtime, key).await?;
    Ok(found)
}

/// The networks that a service's instances are on in this slot.
fn wanted(document: &Node, key: &ColourKey, service: &str) -> BTreeSet<String> {
    let joined = document
        .at(&["services", service, "networks"])
        .and_then(Node::as_map);
    let mut wanted = BTreeSet::new();
    for network in joined.into_iter().flat_map(Mapping::keys) {
        let Some(definition) = document.at(&["networks", network]) else {
            continue;
        };
        let complete = complete_name(network, definition);
        if is_external(definition) {
            wanted.insert(complete.to_owned());
            continue;
        }
        wanted.insert(render::network(key, complete));
        if key.slot == Slot::Shared {
            wanted.extend([Colour::Blue, Colour::Green].map(|it| name::network(complete, it)));
        }
    }
    wanted
}

/// Containers of the slot's Compose project that nobody here made, and those of an adopted one
/// that were stopped and run again.
async fn strangers(runtime: &ComposeRuntime, key: &ColourKey) -> Result<Vec<String>, Error> {
    let docker = runtime.docker()?;
    let mut found = neighbour::containers(docker, &name::project(key)).await?;
    if key.slot == Slot::Shared
        && let Some(record) = adopt::record(&runtime.layout, key)?
    {
        let notes = Notes::read(&runtime.layout, &key.route)?;
        let theirs = neighbour::containers(docker, record.project()).await?;
        found.retain(|one| !theirs.iter().any(|other| other.id == one.id));
        let is_back = |one: &_| notes.of(one).is_some() && neighbour::is_alive(one);
        found.extend(theirs.into_iter().filter(is_back));
    }
    let names = found.iter().filter_map(neighbour::name);
    Ok(names.map(str::to_owned).collect())
}
