//! The volumes of an environment. They outlive releases and projects.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use shipway_compose::yaml::Node;

use super::engine::{failed, is_missing};
use super::label;
use super::network::{complete_name, is_external, pairs};
use crate::{ColourKey, Error};

/// Makes a volume unless it exists. One that is external must exist.
pub(super) async fn ensure(
    docker: &Docker,
    key: &ColourKey,
    volume: &str,
    definition: &Node,
) -> Result<(), Error> {
    let name = complete_name(volume, definition);
    match docker.inspect_volume(name).await {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) && !is_external(definition) => {}
        Err(error) => return Err(failed(format!("look for the volume `{name}`"))(error)),
    }
    let mut labels = pairs(definition.get("labels"));
    // Not of the slot that happens to need it first.
    labels.extend(
        label::of_key(key)
            .into_iter()
            .filter(|(name, _)| name != label::SLOT),
    );
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        driver: definition
            .get("driver")
            .and_then(Node::as_str)
            .map(str::to_owned),
        driver_opts: Some(pairs(definition.get("driver_opts"))),
        labels: Some(labels),
        cluster_volume_spec: None,
    };
    let made = docker.create_volume(request).await;
    made.map(drop)
        .map_err(failed(format!("make the volume `{name}`")))
}

/// Removes the volumes that were made for an environment, by their labels.
pub(super) async fn remove(docker: &Docker, key: &ColourKey) -> Result<Vec<String>, Error> {
    let labels = label::of_key(key)
        .into_iter()
        .filter(|(name, _)| name != label::SLOT)
        .map(|(name, value)| format!("{name}={value}"));
    let filters = HashMap::from([("label".to_owned(), labels.collect::<Vec<_>>())]);
    let options = ListVolumesOptionsBuilder::new().filters(&filters);
    let found = docker.list_volumes(Some(options.build())).await;
    let found = found.map_err(failed(format!("list the volumes of {}", key.route)))?;
    let mut removed = Vec::new();
    for volume in found.volumes.unwrap_or_default() {
        let name = volume.name;
        match docker
            .remove_volume(&name, None::<RemoveVolumeOptions>)
            .await
        {
            Ok(()) => removed.push(name),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(failed(format!("remove the volume `{name}`"))(error)),
        }
    }
    Ok(removed)
}
