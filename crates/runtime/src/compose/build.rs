//! Builds images from a clean export of the commit.
//!
//! The key is the hash of the project's tree in git and of the build definitions: what was built
//! once is found again by its tag, from whatever commit. With a registry it is found there, from
//! whatever machine.

mod label;
mod publish;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;

use bollard::Docker;
use shipway_compose::transform;
use shipway_compose::yaml::{self, Limits, Node};
use tokio::time::timeout;

use super::image;
use super::runtime::ComposeRuntime;
use crate::export;
use crate::state::{files, lock};
use crate::{Artifact, BuildRequest, Error, Form, Output};
use sources::{Sources, sources};

/// Under this name Compose builds, and writes it into the images as a label: one for all
/// environments, or the same image would have another id in each.
pub(super) const PROJECT: &str = "shipway-build";

/// Builds what the services run, or finds it built; other images are pulled unless they are here.
pub(super) async fn build(
    runtime: &ComposeRuntime,
    request: &BuildRequest,
    output: Output<'_>,
) -> Result<Artifact, Error> {
    let work = build_in_time(runtime, request, output);
    match timeout(request.deadline, work).await {
        Ok(artifact) => artifact,
        Err(_) => Err(Error::Deadline {
            what: "the build".to_owned(),
            after: request.deadline,
        }),
    }
}

async fn build_in_time(
    runtime: &ComposeRuntime,
    request: &BuildRequest,
    output: Output<'_>,
) -> Result<Artifact, Error> {
    let document = document(request)?;
    let tree = export::tree_id(&request.into()).await?;
    let docker = runtime.docker()?;
    let own = image::own_platform(docker).await?;
    let sources = sources(request, &document, &tree, &own);
    check(request, &sources)?;
    let lock = runtime
        .layout
        .artifacts()
        .join(format!("{}.lock", sources.key));
    let _lock = lock::exclusive(&lock)
        .await
        .map_err(files::failed("lock", &lock))?;
    let work = Work {
        runtime,
        request,
        document: &document,
        sources: &sources,
        tree: &tree,
        own: &own,
        output,
    };
    let mut digests = match request.registry {
        Some(_) => work.published(docker).await?,
        None => work.built(docker).await?,
    };
    digests.extend(work.pulled(docker).await?);
    let platforms = sources.platforms();
    Ok(Artifact {
        form: Form::Image,
        digests,
        platforms: if platforms.is_empty() {
            vec![own]
        } else {
            platforms
        },
    })
}

fn document(request: &BuildRequest) -> Result<Node, Error> {
    let damaged = || refused("the Compose document", "it cannot be read".to_owned());
    let model = request.model.as_ref().ok_or_else(damaged)?;
    yaml::parse(&model.document, 0, Limits::default()).map_err(|_| damaged())
}

/// An engine keeps images of one platform each.
fn check(request: &BuildRequest, sources: &Sources) -> Result<(), Error> {
    let mut targets = sources.built.iter();
    match targets.find(|(_, target)| target.is_joined() && request.registry.is_none()) {
        None => Ok(()),
        Some((service, _)) => Err(refused(
            "the platforms",
            format!(
                "`{service}` is built for several, which an engine cannot keep as one image: set \
                 `registry` in shipway.yml, or one platform in `build.platforms`"
            ),
        )),
    }
}

/// One build.
struct Work<'a> {
    runtime: &'a ComposeRuntime,
    request: &'a BuildRequest,
    document: &'a Node,
    sources: &'a Sources,
    tree: &'a str,
    own: &'a str,
    output: Output<'a>,
}

// === impl Work ===

impl Work<'_> {
    /// The images that are built, by service: their ids in the engine.
    async fn built(&self, docker: &Docker) -> Result<BTreeMap<String, String>, Error> {
        let names = self
            .sources
            .built
            .iter()
            .map(|(service, target)| (service.clone(), target.name.clone()))
            .collect();
        if let Ok(found) = image::ids(docker, &names).await {
            return Ok(found);
        }
        self.make().await?;
        image::ids(docker, &names)
            .await
            .map_err(|reason| refused("the images", reason))
    }

    /// The images that are built, by service: where they are in the registry.
    async fn published(&self, docker: &Docker) -> Result<BTreeMap<String, String>, Error> {
        let places = match publish::find(self.sources).await? {
            Some(found) => found,
            None => {
                if !self.is_made(docker).await? {
                    self.make().await?;
                }
                publish::push(docker, self.sources, self.output).await?
            }
        };
        let services = self.sources.built.iter();
        Ok(services
            .filter_map(|(service, target)| {
                Some((service.clone(), places.get(&target.name)?.clone()))
            })
            .collect())
    }

    /// Whether every part of every image is here: a push that failed is made again, not the build.
    async fn is_made(&self, docker: &Docker) -> Result<bool, Error> {
        for target in self.sources.targets() {
            for (_, part) in target.parts() {
                if image::id(docker, &part).await?.is_none() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The images that come from elsewhere, by service.
    async fn pulled(&self, docker: &Docker) -> Result<BTreeMap<String, String>, Error> {
        if image::ids(docker, &self.sources.pulled).await.is_err() {
            self.pull().await?;
        }
        let found = match self.request.registry {
            // Another host has other ids, if it has the image at all.
            Some(_) => image::places(docker, &self.sources.pulled).await,
            None => image::ids(docker, &self.sources.pulled).await,
        };
        found.map_err(|reason| refused("the images", reason))
    }

    async fn make(&self) -> Result<(), Error> {
        let directory = self.runtime.layout.artifact(&self.sources.key);
        let export = directory.join("tree");
        let fresh = || {
            files::remove_tree(&directory)?;
            files::create_private_directory(&export)
        };
        fresh().map_err(files::failed("create", &directory))?;
        export::export(&self.request.into(), self.tree, &export).await?;
        let platforms = self.sources.platforms();
        // One at a time: an engine's own builder makes images of one platform.
        let mut all: Vec<Option<&str>> = platforms.iter().map(|one| Some(one.as_str())).collect();
        all.push(None);
        for platform in all {
            self.make_for(platform, &directory, &export).await?;
        }
        // The image has what it needs of them.
        files::remove_tree(&directory).map_err(files::failed("remove", &directory))
    }

    /// Builds the images, or parts of images, that are for a platform.
    async fn make_for(
        &self,
        platform: Option<&str>,
        directory: &Path,
        export: &Path,
    ) -> Result<(), Error> {
        let name = |service: &str| {
            let target = self.sources.built.get(service)?;
            let mut parts = target.parts().into_iter();
            parts.find_map(|(of, name)| (of == platform).then_some(name))
        };
        if !self
            .sources
            .built
            .keys()
            .any(|service| name(service).is_some())
        {
            return Ok(());
        }
        let mut project = sources::definitions(self.request, self.document, export, name);
        label::label(&mut project, self.request);
        if let Some(platform) = platform {
            label::target(&mut project, platform);
        }
        let made = self.call(directory, project, "build").await;
        made.map_err(|error| match platform {
            Some(platform) if platform != self.own => explain(error, platform),
            _ => error,
        })
    }

    async fn pull(&self) -> Result<(), Error> {
        let mut project = self.document.clone();
        let names = self.sources.pulled.keys().cloned().collect();
        transform::select(&mut project, &names, transform::Dependencies::Strip);
        let key = format!("{}-pull", self.sources.key);
        let directory = self.runtime.layout.artifact(&key);
        files::create_private_directory(&directory).map_err(files::failed("create", &directory))?;
        self.call(&directory, project, "pull").await?;
        files::remove_tree(&directory).map_err(files::failed("remove", &directory))
    }

    async fn call(&self, directory: &Path, mut project: Node, verb: &str) -> Result<(), Error> {
        transform::escape_dollars(&mut project);
        let file = directory.join("compose.yml");
        shipway_durable::replace_unsynced(&file, yaml::render(&project).as_bytes())
            .map_err(files::failed("write", &file))?;
        let mut cli = self.runtime.cli()?;
        for (name, value) in &self.request.secrets {
            cli = cli.with_variable(name, value);
        }
        let called = cli.call(PROJECT, &file, &[verb], Some(self.output)).await;
        called.map_err(|failure| Error::Build {
            step: format!("docker compose {verb}"),
            reason: failure.reason,
            last_lines: failure.last_lines,
        })
    }
}

/// Says what it means that a program of another platform could not be run.
fn explain(error: Error, platform: &str) -> Error {
    match error {
        Error::Build {
            step,
            reason,
            last_lines,
        } if last_lines
            .iter()
            .any(|line| line.contains("exec format error")) =>
        {
            Error::Build {
                step,
                reason: format!(
                    "this machine cannot run programs of `{platform}`, which a RUN step of the \
                 Dockerfile needs: install emulation (`qemu-user-static` with `binfmt-support`), \
                 or build on a machine of that platform ({reason})"
                ),
                last_lines,
            }
        }
        other => other,
    }
}

fn refused(step: &str, reason: String) -> Error {
    Error::Build {
        step: step.to_owned(),
        reason,
        last_lines: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
