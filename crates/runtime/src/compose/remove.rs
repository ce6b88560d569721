//! Removes images that no release needs any more.

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::query_parameters::RemoveImageOptions;

use super::engine::{failed, is_conflict, is_missing, reason};
use super::image;
use crate::registry::Registry;
use crate::{Artifact, Error, Left};

/// Before the tag of an image that is built here, without a registry.
const OURS: &str = "shipway/";

/// What the images take, those that are the same counted once.
pub(super) async fn weigh(docker: &Docker, artifact: &Artifact) -> Result<u64, Error> {
    let mut seen = BTreeSet::new();
    let mut bytes = 0;
    for image in artifact.digests.values() {
        match docker.inspect_image(image).await {
            Ok(found) if seen.insert(found.id.clone()) => {
                bytes += u64::try_from(found.size.unwrap_or_default()).unwrap_or_default();
            }
            Ok(_) => {}
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(failed(format!("look for the image `{image}`"))(error)),
        }
    }
    Ok(bytes)
}

/// Removes images here and in their registry.
pub(super) async fn remove(docker: &Docker, artifact: &Artifact) -> Result<Vec<Left>, Error> {
    let mut left = Vec::new();
    let images: BTreeSet<&String> = artifact.digests.values().collect();
    for image in images {
        let here = remove_here(docker, image).await?;
        // What still runs is still pulled.
        let (None, true) = (&here, image.contains('@')) else {
            left.extend(here);
            continue;
        };
        let there = match Registry::of(image).await {
            Ok(registry) => registry.remove(image).await,
            Err(refusal) => Err(refusal),
        };
        left.extend(there.err().map(|refusal| Left {
            part: image.clone(),
            reason: refusal.to_string(),
        }));
    }
    Ok(left)
}

/// Removes images here alone.
pub(super) async fn remove_images(
    docker: &Docker,
    artifact: &Artifact,
) -> Result<Vec<Left>, Error> {
    let images: BTreeSet<&String> = artifact.digests.values().collect();
    let mut left = Vec::new();
    for image in images {
        left.extend(remove_here(docker, image).await?);
    }
    Ok(left)
}

/// Takes our names from an image, the last of which takes the image along. Somebody else's names
/// keep it.
async fn remove_here(docker: &Docker, image: &str) -> Result<Option<Left>, Error> {
    let found = match docker.inspect_image(image).await {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(failed(format!("look for the image `{image}`"))(error)),
    };
    // The engine leaves Docker's own registry out of names.
    let repository = image
        .split_once('@')
        .map(|(repository, _)| repository.trim_start_matches("docker.io/"));
    let is_ours = |tag: &String| match repository {
        Some(repository) => image::repository(tag) == repository,
        None => tag.starts_with(OURS),
    };
    let mut names: Vec<String> = found.repo_tags.unwrap_or_default();
    let others = names.iter().filter(|tag| !is_ours(tag)).count();
    names.retain(is_ours);
    if repository.is_some() || others == 0 {
        names.push(image.to_owned());
    }
    for name in names {
        match docker
            .remove_image(&name, None::<RemoveImageOptions>, None)
            .await
        {
            Ok(_) => {}
            Err(error) if is_missing(&error) => {}
            Err(error) if is_conflict(&error) => {
                return Ok(Some(Left {
                    part: name,
                    reason: reason(error),
                }));
            }
            Err(error) => return Err(failed(format!("remove the image `{name}`"))(error)),
        }
    }
    Ok(None)
}
