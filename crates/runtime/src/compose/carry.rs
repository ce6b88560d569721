//! Images without a registry: from the engine that has them to the one that lacks them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bollard::Docker;
use bollard::query_parameters::{ImportImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt as _;

use super::engine::{failed, reason};
use super::image;
use super::runtime::ComposeRuntime;
use crate::{Artifact, Error, Line, Output};

/// A line says how far it is each time that much more was sent.
const TOLD_EACH: u64 = 64 << 20;

const MEGABYTE: u64 = 1 << 20;

/// The repository of images that came from another engine, so that they have a name: those
/// without one are taken for needless by whoever tidies up over there.
const CARRIED: &str = "shipway/carried";

/// Gets what is missing of an artifact from another engine. Returns whether all of it is here now.
///
/// A crash leaves nothing but layers that no image has, which the engine removes with its next
/// `prune`.
pub(super) async fn carry(
    from: &ComposeRuntime,
    to: &ComposeRuntime,
    artifact: &Artifact,
    output: Output<'_>,
) -> Result<bool, Error> {
    let target = to.docker()?;
    let missing = missing(target, artifact).await?;
    let Ok(source) = from.docker() else {
        return Ok(false);
    };
    let mut found = Vec::new();
    for image in missing {
        // An engine that does not answer has none.
        if let Ok(Some(_)) = image::id(source, &image).await {
            found.push(image);
        }
    }
    if !found.is_empty() {
        check_platform(target, to, artifact).await?;
        send(source, target, &found, to, output).await?;
    }
    image::are_here(target, artifact).await
}

/// The images that an engine lacks and no registry has, each once.
async fn missing(docker: &Docker, artifact: &Artifact) -> Result<Vec<String>, Error> {
    let images: BTreeSet<&String> = artifact.digests.values().collect();
    let mut missing = Vec::new();
    for image in images {
        if !image.contains('@') && image::id(docker, image).await?.is_none() {
            missing.push(image.clone());
        }
    }
    Ok(missing)
}

/// Containers of another architecture would end with `exec format error`, one by one.
async fn check_platform(
    docker: &Docker,
    to: &ComposeRuntime,
    artifact: &Artifact,
) -> Result<(), Error> {
    let there = image::own_platform(docker).await?;
    if artifact.platforms.is_empty() || artifact.platforms.contains(&there) {
        return Ok(());
    }
    Err(Error::Io {
        action: format!("carry the images to {}", place(to)),
        source: std::io::Error::other(format!(
            "they are built for `{}`, and that engine runs `{there}`: set `platforms: [{there}]` \
             in shipway.yml, or build on a machine of that kind",
            artifact.platforms.join("`, `")
        )),
    })
}

async fn send(
    source: &Docker,
    target: &Docker,
    images: &[String],
    to: &ComposeRuntime,
    output: Output<'_>,
) -> Result<(), Error> {
    let action = || format!("carry {} images to {}", images.len(), place(to));
    tell(
        output,
        format!(
            "no registry: carrying {} images that are missing to {}",
            images.len(),
            place(to)
        ),
    );
    let names: Vec<&str> = images.iter().map(String::as_str).collect();
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let lines = output.clone();
    let parts = source.export_images(&names).map(move |part| {
        let size = part.as_ref().map_or(0, |part| part.len() as u64);
        let before = counted.fetch_add(size, Ordering::Relaxed);
        if (before + size) / TOLD_EACH > before / TOLD_EACH {
            tell(&lines, format!("{} MB sent", (before + size) / MEGABYTE));
        }
        part
    });
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let mut loaded = std::pin::pin!(target.import_image_stream(options, parts, None));
    while let Some(line) = loaded.next().await {
        line.map_err(|error| failed(action())(error))?;
    }
    for image in images {
        name(target, image).await?;
    }
    let megabytes = sent.load(Ordering::Relaxed).div_ceil(MEGABYTE);
    tell(output, format!("carried {megabytes} MB"));
    Ok(())
}

/// Gives an image a name that follows from its id.
async fn name(docker: &Docker, image: &str) -> Result<(), Error> {
    let tag: String = image
        .trim_start_matches("sha256:")
        .chars()
        .take(16)
        .collect();
    let options = TagImageOptionsBuilder::new()
        .repo(CARRIED)
        .tag(&tag)
        .build();
    match docker.tag_image(image, Some(options)).await {
        Ok(()) => Ok(()),
        // Engines that keep images in containerd's store name them by their manifests.
        Err(error) => Err(Error::Io {
            action: format!("find `{image}` where it was carried to"),
            source: std::io::Error::other(format!(
                "{}; engines that keep images in different ways need a `registry` in shipway.yml",
                reason(error)
            )),
        }),
    }
}

fn place(runtime: &ComposeRuntime) -> String {
    match runtime.place() {
        Some(host) => format!("`{host}`"),
        None => "this host's engine".to_owned(),
    }
}

fn tell(output: Output<'_>, text: String) {
    // Nobody needs to listen.
    let _ = output.send(Line {
        text,
        is_error: false,
    });
}
