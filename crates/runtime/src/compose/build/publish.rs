//! Pushes what was built, and finds what was pushed.

use std::collections::BTreeMap;

use bollard::Docker;
use bollard::query_parameters::PushImageOptionsBuilder;
use futures_util::StreamExt as _;

use super::sources::{Sources, Target};
use crate::compose::engine;
use crate::registry::{Refusal, Registry};
use crate::{Error, Line, Output};

/// Where each image that is built was pushed to, by its name; `None` unless all of them were.
pub(super) async fn find(sources: &Sources) -> Result<Option<BTreeMap<String, String>>, Error> {
    let mut found = BTreeMap::new();
    for target in sources.targets() {
        let name = &target.name;
        let refused = refused("look for", name);
        let registry = Registry::of(name).await.map_err(&refused)?;
        match registry.digest(name).await.map_err(&refused)? {
            Some(digest) => found.insert(name.clone(), by_digest(name, &digest)),
            None => return Ok(None),
        };
    }
    Ok(Some(found))
}

/// Pushes every image that was built. Returns where each is, by its name.
pub(super) async fn push(
    docker: &Docker,
    sources: &Sources,
    output: Output<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut pushed = BTreeMap::new();
    for target in sources.targets() {
        let refused = refused("push", &target.name);
        let registry = Registry::of(&target.name).await.map_err(&refused)?;
        for (_, part) in target.parts() {
            tell(output, format!("pushing {part}"));
            let sent = send(docker, &registry, &part).await;
            sent.map_err(&refused)?;
        }
        let digest = settle(&registry, target).await.map_err(&refused)?;
        let place = by_digest(&target.name, &digest);
        tell(output, format!("pushed {place}"));
        pushed.insert(target.name.clone(), place);
    }
    Ok(pushed)
}

/// What names the whole image: its manifest, or the index of its parts.
async fn settle(registry: &Registry, target: &Target) -> Result<String, Refusal> {
    if target.is_joined() {
        let mut children = Vec::new();
        for platform in &target.platforms {
            children.push(registry.child(&target.part(platform), platform).await?);
        }
        return registry.join(&target.name, &children).await;
    }
    let digest = registry.digest(&target.name).await?;
    digest.ok_or_else(|| registry.refused_by_engine(&target.name, "manifest unknown"))
}

async fn send(docker: &Docker, registry: &Registry, name: &str) -> Result<(), Refusal> {
    let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let options = PushImageOptionsBuilder::default().tag(tag).build();
    let credentials = registry.credentials().for_engine();
    let mut told = docker.push_image(repository, Some(options), credentials);
    while let Some(line) = told.next().await {
        if let Err(error) = line {
            return Err(registry.refused_by_engine(name, &engine::reason(error)));
        }
    }
    Ok(())
}

fn by_digest(name: &str, digest: &str) -> String {
    let repository = name
        .rsplit_once(':')
        .map_or(name, |(repository, _)| repository);
    format!("{repository}@{digest}")
}

fn refused(verb: &str, name: &str) -> impl Fn(Refusal) -> Error {
    let action = format!("{verb} `{name}`");
    move |refusal| Error::Registry {
        action: action.clone(),
        source: refusal,
    }
}

fn tell(output: Output<'_>, text: String) {
    // Nobody needs to listen.
    let _ = output.send(Line {
        text,
        is_error: false,
    });
}
