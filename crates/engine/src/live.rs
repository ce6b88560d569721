//! What is live in an environment, as something to run tasks of and to look at.

use shipway_compose::model::Service;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::name::{EnvironmentName, ServiceName};
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::release::Release;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Workload;
use shipway_runtime::{Artifact, ColourKey, ColourSpec, FileContents, Form};

use crate::executor::{Engine, ExecutorError};
use crate::project::Project;

/// What is live in an environment.
#[derive(Debug, Clone)]
pub struct Live {
    /// Where it stands.
    pub key: ColourKey,
    /// What is recorded of it.
    pub occupant: Occupant,
    /// Its release.
    pub release: Release,
    /// What it runs.
    pub workload: Workload,
}

impl Engine {
    /// What is live in an environment; `None` where nothing is.
    ///
    /// # Errors
    /// The record cannot be read, or a part of it is gone.
    pub fn live(
        &self,
        project: &Project,
        environment: &EnvironmentName,
    ) -> Result<Option<Live>, ExecutorError> {
        let Some(occupant) = self.store.environment(environment)?.live else {
            return Ok(None);
        };
        let missing = |what: String| ExecutorError::Missing(what);
        Ok(Some(Live {
            key: ColourKey {
                route: RouteKey {
                    project: project.config.project.clone(),
                    environment: environment.clone(),
                },
                slot: occupant.colour.into(),
            },
            release: self
                .store
                .release(&occupant.release)?
                .ok_or_else(|| missing(format!("release {}", occupant.release)))?,
            workload: self
                .store
                .workload(&occupant.workload)?
                .ok_or_else(|| missing(format!("workload {}", occupant.workload.short())))?,
            occupant,
        }))
    }
}

// === impl Live ===

impl Live {
    /// What to start to run a command with all that a service runs with, the files among it; `None`
    /// of a service that there is not.
    #[must_use]
    pub fn task(
        &self,
        service: &ServiceName,
        command: &[String],
        files: FileContents,
    ) -> Option<ColourSpec> {
        let mut members = self.workload.members.iter();
        let member = members.find(|member| member.name == *service)?;
        let mut service = member.service.clone();
        service.replicas = 1;
        set_command(&mut service, command);
        Some(ColourSpec {
            key: self.key.clone(),
            release: self.release.id.clone(),
            deployment: self.occupant.deployment,
            // It changes nothing that a lease protects.
            epoch: Epoch::default(),
            artifact: artifact(&self.release, &self.workload),
            services: vec![service],
            model: self.workload.model.clone(),
            files,
        })
    }

    /// The services that a command can be run with.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        self.workload.members.iter().map(|member| &member.name)
    }

    /// Where an instance of the release would be: in its colour, or among what is shared.
    #[must_use]
    pub fn key_of(&self, instance: &InstanceId) -> ColourKey {
        let role = self.workload.role(&instance.service);
        ColourKey {
            route: self.key.route.clone(),
            slot: match role {
                Some(role) if !role.is_coloured() => shipway_pipeline::colour::Slot::Shared,
                _ => self.key.slot,
            },
        }
    }
}

/// What a release was built to.
pub(crate) fn artifact(release: &Release, workload: &Workload) -> Artifact {
    Artifact {
        form: match workload.model {
            Some(_) => Form::Image,
            None => Form::Directory,
        },
        digests: release.artifacts.clone(),
        platforms: release.platforms.clone(),
    }
}

/// Puts a command in the place of a service's own.
pub(crate) fn set_command(service: &mut Service, command: &[String]) {
    service.entrypoint = None;
    service.command = Some(command.to_vec());
    if let Some(process) = &mut service.process {
        process.command = None;
    }
}
