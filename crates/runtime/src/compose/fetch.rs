//! Images of a registry: pulled where they are missing, and named.

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt as _;

use super::{engine, image};
use crate::registry::{Refusal, Registry};
use crate::{Artifact, Error};

/// Pulls what is missing of an artifact and in a registry. Returns whether all of it is here.
pub(super) async fn fetch(docker: &Docker, artifact: &Artifact) -> Result<bool, Error> {
    let images: BTreeSet<&String> = artifact.digests.values().collect();
    for image in images {
        if image::id(docker, image).await?.is_some() {
            continue;
        }
        if !image.contains('@') {
            return Ok(false);
        }
        pull(docker, image)
            .await
            .map_err(|refusal| Error::Registry {
                action: format!("pull `{image}`"),
                source: refusal,
            })?;
    }
    image::are_here(docker, artifact).await
}

async fn pull(docker: &Docker, image: &str) -> Result<(), Refusal> {
    let registry = Registry::of(image).await?;
    let (repository, digest) = image.split_once('@').unwrap_or((image, "latest"));
    let options = CreateImageOptionsBuilder::default()
        .from_image(repository)
        .tag(digest)
        .build();
    let credentials = registry.credentials().for_engine();
    let mut told = docker.create_image(Some(options), None, credentials);
    while let Some(line) = told.next().await {
        if let Err(error) = line {
            return Err(registry.refused_by_engine(image, &engine::reason(error)));
        }
    }
    Ok(())
}

/// Names images in their registry.
pub(super) async fn tag(images: &[String], tag: &str) -> Result<(), Error> {
    for image in images {
        let refused = |refusal| Error::Registry {
            action: format!("tag `{image}` as `{tag}`"),
            source: refusal,
        };
        let registry = Registry::of(image).await.map_err(refused)?;
        registry.tag(image, tag).await.map_err(refused)?;
    }
    Ok(())
}
