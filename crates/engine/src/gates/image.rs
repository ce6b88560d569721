//! The image of a commit that gates run in: that of the routed service, built unless it was built
//! before, and there on the engine.

use shipway_pipeline::config::Environment;
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use tokio::sync::mpsc;

use super::Site;
use crate::executor::Engine;
use crate::live;
use crate::project::{ProjectError, Source};
use crate::release::ReleaseError;

/// Why there is no image that a gate could run in.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nobody said how it is built.
    #[error("no environment says how the image is built that gates run in")]
    NoEnvironment,
    /// The project's files.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The build.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The engine.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
    /// Nothing runs in containers there.
    #[error("the services of `{0}` run as processes: there is no image that a gate could run in")]
    NoContainers(String),
    /// There is no image of the routed service.
    #[error("the release {release} has no image of `{service}` that a gate could run in")]
    NoImage {
        /// The release.
        release: String,
        /// The routed service.
        service: String,
    },
    /// It was removed, and no registry has it.
    #[error("the image of {0} is gone from the engine, and no registry has it")]
    Gone(String),
}

impl Engine {
    /// The image, by its digest; gates that need it at the same time get it once.
    pub(super) async fn image<'s>(&self, site: &'s Site<'_>) -> Result<&'s str, ImageError> {
        let image = site.image.get_or_try_init(|| self.get_image(site));
        image.await.map(String::as_str)
    }

    async fn get_image(&self, site: &Site<'_>) -> Result<String, ImageError> {
        let request = site.request;
        let environment = request.environment.ok_or(ImageError::NoEnvironment)?;
        let source = Source::Commit(request.repository, &request.commit.id);
        let resolved = request.project.resolve(environment, source)?;
        if resolved.workload.model.is_none() {
            return Err(ImageError::NoContainers(environment.name.to_string()));
        }
        let release = match request.release {
            Some(release) => release.clone(),
            None => {
                let commit = &request.commit.id;
                let built = self.release_of_commit(
                    request.project,
                    environment,
                    request.repository,
                    commit,
                    &resolved,
                );
                built.await?
            }
        };
        let mut members = resolved.workload.members.iter();
        let routed = members.find(|member| member.role == Role::Web);
        let service = routed.map_or("web", |member| member.name.as_str());
        let image = release.artifacts.get(service).cloned();
        let image = image.ok_or_else(|| ImageError::NoImage {
            release: release.id.to_string(),
            service: service.to_owned(),
        })?;
        self.fetch_image(
            site,
            environment,
            &release,
            &live::artifact(&release, &resolved.workload),
        )
        .await?;
        Ok(image)
    }

    /// Gets it from its registry, or from another host's engine, where this one lacks it.
    async fn fetch_image(
        &self,
        site: &Site<'_>,
        environment: &Environment,
        release: &Release,
        artifact: &shipway_runtime::Artifact,
    ) -> Result<(), ImageError> {
        let (sender, _) = mpsc::unbounded_channel();
        let key = site.request.project.route_key(environment);
        let fetched = self.runtime.fetch_artifact(&key, artifact, &sender).await?;
        if fetched {
            Ok(())
        } else {
            Err(ImageError::Gone(release.id.to_string()))
        }
    }
}
