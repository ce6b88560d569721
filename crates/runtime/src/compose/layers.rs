//! What removing images gives back: the layers that no other image has.

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::query_parameters::ListImagesOptions;

use super::engine::{failed, is_missing};
use crate::{Artifact, Error};

/// An image's layers, the lowest first.
struct Image {
    id: String,
    /// Each named by itself and everything below it, with its size.
    layers: Vec<(String, u64)>,
}

/// The size of the layers that the images of an artifact have and no other image has.
pub(super) async fn reclaimable(docker: &Docker, artifact: &Artifact) -> Result<u64, Error> {
    let mut going = Vec::new();
    for image in artifact.digests.values() {
        going.extend(read(docker, image).await?);
    }
    let ids: BTreeSet<&String> = going.iter().map(|image| &image.id).collect();
    let listed = docker.list_images(None::<ListImagesOptions>).await;
    let listed = listed.map_err(failed("list the images"))?;
    let mut staying = BTreeSet::new();
    for summary in listed {
        if ids.contains(&summary.id) {
            continue;
        }
        let image = read(docker, &summary.id).await?;
        let layers = image.into_iter().flat_map(|image| image.layers);
        staying.extend(layers.map(|(name, _)| name));
    }
    Ok(only_in(&going, &staying))
}

/// Each layer once, unless it stays.
fn only_in(going: &[Image], staying: &BTreeSet<String>) -> u64 {
    let mut counted = BTreeSet::new();
    going
        .iter()
        .flat_map(|image| &image.layers)
        .filter(|(name, _)| !staying.contains(name) && counted.insert(name))
        .map(|(_, size)| size)
        .sum()
}

async fn read(docker: &Docker, name: &str) -> Result<Option<Image>, Error> {
    let action = || format!("look for the image `{name}`");
    let found = match docker.inspect_image(name).await {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(failed(action())(error)),
    };
    let history = match docker.image_history(name).await {
        Ok(history) => history,
        // It was removed meanwhile.
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(failed(action())(error)),
    };
    let layers = found.root_fs.and_then(|root| root.layers);
    let sizes = history.iter().rev().map(|step| step.size);
    Ok(Some(Image {
        id: found.id.unwrap_or_default(),
        layers: sized(&layers.unwrap_or_default(), sizes),
    }))
}

/// Puts layers and the steps that made them together. Steps without a size made none; where that
/// does not come out even, the topmost layer stands for all.
fn sized(layers: &[String], sizes: impl Iterator<Item = i64>) -> Vec<(String, u64)> {
    let sizes: Vec<u64> = sizes
        .filter_map(|size| u64::try_from(size).ok().filter(|size| *size > 0))
        .collect();
    let is_even = sizes.len() == layers.len();
    let total: u64 = sizes.iter().sum();
    let mut name = String::new();
    let mut all = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        name.push_str(layer);
        let size = match (is_even, index + 1 == layers.len()) {
            (true, _) => sizes.get(index).copied().unwrap_or_default(),
            (false, true) => total,
            (false, false) => 0,
        };
        all.push((name.clone(), size));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(layers: &[&str], sizes: &[i64]) -> Image {
        let layers: Vec<String> = layers.iter().map(|&layer| layer.to_owned()).collect();
        Image {
            id: layers.concat(),
            layers: sized(&layers, sizes.iter().copied()),
        }
    }

    #[test]
    fn only_layers_that_no_other_image_has_are_given_back() {
        let stays = image(&["base", "old"], &[1000, 0, 10]);
        let staying: BTreeSet<String> = stays.layers.into_iter().map(|(name, _)| name).collect();
        let going = [
            image(&["base", "new"], &[1000, 0, 20]),
            image(&["base", "new", "top"], &[1000, 20, 3]),
        ];
        assert_eq!(only_in(&going, &staying), 23);
        assert_eq!(only_in(&going, &BTreeSet::new()), 1023);
    }

    #[test]
    fn a_step_that_cannot_be_told_apart_counts_for_the_top() {
        let odd = image(&["base", "empty", "top"], &[1000, 0, 5]);
        let sizes: Vec<u64> = odd.layers.iter().map(|(_, size)| *size).collect();
        assert_eq!(sizes, [0, 0, 1005]);
    }
}
