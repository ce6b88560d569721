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

/// The platform of the engine, such as `linux/amd64`.
pub(super) async fn own_platform(docker: &Docker) -> Result<String, Error> {
    let version = docker.version().await;
    let version = version.map_err(failed("ask the Docker Engine for its platform"))?;
    let os = version.os.unwrap_or_else(|| "linux".to_owned());
    Ok(format!("{os}/{}", version.arch.unwrap_or_default()))
}

/// Where several images come from, by service: by digest as far as the engine knows it, else by
/// their ids.
pub(super) async fn places(
    docker: &Docker,
    images: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut found = ids(docker, images).await?;
    for (service, image) in images {
        let Ok(inspected) = docker.inspect_image(image).await else {
            continue;
        };
        let repository = repository(image);
        let digests = inspected.repo_digests.unwrap_or_default();
        let place = digests.into_iter().find(|place| {
            let of = place.split('@').next().unwrap_or_default();
            of == repository
        });
        if let Some(place) = place {
            found.insert(service.clone(), place);
        }
    }
    Ok(found)
}

/// An image's name without tag and digest.
pub(super) fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        // A port of the registry stands before a slash.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(repository("r:5000/shop/web:1"), "r:5000/shop/web");
        assert_eq!(repository("r:5000/shop/web"), "r:5000/shop/web");
        assert_eq!(repository("postgres:17"), "postgres");
        assert_eq!(repository("postgres:17@sha256:0"), "postgres");
    }
}
