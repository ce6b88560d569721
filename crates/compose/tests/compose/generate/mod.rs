//! Random projects that Compose accepts: one to three files, an environment, profiles.
//!
//! Every name that a service refers to comes from a fixed pool that the first
//! file declares, and services depend only on those before them, so what comes
//! out is valid nearly always. Where it is not, both have to refuse.

mod node;
mod service;
mod text;
mod top;

use proptest::prelude::*;
use proptest::sample::subsequence;
use shipway_compose::yaml::{Node, render};

use self::node::{map, optional};
use super::project::Given;

/// The services, each of which may depend on those before it.
const SERVICES: [&str; 5] = ["db", "cache", "api", "web", "job"];

/// A random project.
pub(crate) fn project() -> impl Strategy<Value = Given> {
    let overlays = prop::collection::vec(overlay(), 0..=2);
    (base(), overlays, text::environment(), profiles()).prop_map(
        |(base, overlays, env, profiles)| {
            let files = std::iter::once(base).chain(overlays);
            let named: Vec<(String, String)> = files
                .enumerate()
                .map(|(index, tree)| (format!("{index}.yml"), render(&tree)))
                .collect();
            let mut run: Vec<String> = Vec::new();
            for (name, _) in &named {
                run.extend(["-f".to_owned(), name.clone()]);
            }
            for profile in profiles {
                run.extend(["--profile".to_owned(), profile.to_owned()]);
            }
            let mut given = Given {
                files: named.into_iter().collect(),
                run,
                env,
            };
            given.files.extend(text::environment_files());
            given
        },
    )
}

fn profiles() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(&["debug", "test"], 0..=2)
}

/// The first file: every service complete, every other resource declared.
fn base() -> impl Strategy<Value = Node> {
    let services: Vec<_> = (0..SERVICES.len()).map(service::complete).collect();
    (services, top::resources(), top::extras()).prop_map(|(services, resources, extras)| {
        let services = SERVICES.map(str::to_owned).into_iter().zip(services);
        let mut entries = vec![("services".to_owned(), map(services))];
        entries.extend(resources);
        entries.extend(extras);
        map(entries)
    })
}

/// A file over others: some keys of some services.
fn overlay() -> impl Strategy<Value = Node> {
    let services: Vec<_> = (0..SERVICES.len())
        .map(|index| optional(0.4, SERVICES[index], service::partial(index)))
        .collect();
    (services, top::changes(), top::extras()).prop_map(|(services, changes, extras)| {
        let mut entries = vec![("services".to_owned(), map(services.into_iter().flatten()))];
        entries.extend(changes);
        entries.extend(extras);
        map(entries)
    })
}
