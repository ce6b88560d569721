//! Images, by what the engine calls them.

use std::collections::BTreeMap;

use bollard::Docker;
use futures_util::future::try_join_all;

use super::engine::{failed, is_missing};
use crate::{Artifact, Error};

/// Whether every image of an artifact is here.
pub(super) async fn are_here(docker: &Docker, artifact: &Artifact) -> Result<bool, Error> {
    let found = artifact.digests.values().map(|image| id(docker, image));
    Ok(try_join_all(found).await?.iter().all(Option::is_some))
}

/// The id of an image: `sha256:` and the digest of its configuration. None where it is not here.
pub(super) async fn id(docker: &Docker, image: &str) -> Result<Option<String>, Error> {
    match docker.inspect_image(image).await {
        Ok(found) => Ok(found.id),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(format!("look for the image `{image}`"))(error)),
    }
}

/// The ids of several images, by service; the first that is not here is an error's reason.
pub(super) async fn ids(
    docker: &Docker,
    images: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    for (service, image) in images {
        match id(docker, image).await {
            Ok(Some(id)) => found.insert(service.clone(), id),
            Ok(None) => {
                return Err(format!(
                    "the image `{image}` of service `{service}` is missing"
                ));
            }
            Err(error) => return Err(error.to_string()),
        };
    }
    Ok(found)
}
