//! The releases that there are, and where each of them is live.

use std::collections::BTreeSet;

use serde::Serialize;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::release::Release;
use shipway_runtime::{Artifact, Form};
use shipway_store::{Pruned, Store};

use crate::executor::Engine;
use crate::project::Project;

/// A release and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseStatus {
    /// The release.
    #[serde(flatten)]
    pub release: Release,
    /// The environments that it has the traffic of.
    pub live: Vec<EnvironmentName>,
    /// The environments whose stable release it is.
    pub stable: Vec<EnvironmentName>,
    /// When its artifacts were removed, if they were.
    pub pruned: Option<Pruned>,
    /// What it takes on this machine, parts that others share included; `None` where the runtime
    /// does not answer.
    pub bytes: Option<u64>,
}

impl Engine {
    /// The newest releases first, each with where it is live.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn releases(
        &self,
        project: &Project,
        limit: usize,
    ) -> Result<Vec<ReleaseStatus>, shipway_store::Error> {
        let mut environments = Vec::new();
        for name in environments_of(&self.store, project)? {
            environments.push((self.store.environment(&name)?, name));
        }
        let mut pruned = self.store.pruned()?;
        let mut all = Vec::new();
        for release in self.store.releases(limit)? {
            let is = |one: &ReleaseId| *one == release.id;
            let of = |has: &dyn Fn(&shipway_store::Environment) -> bool| {
                let having = environments.iter().filter(|(record, _)| has(record));
                having.map(|(_, name)| name.clone()).collect()
            };
            all.push(ReleaseStatus {
                live: of(&|record| record.live.as_ref().is_some_and(|live| is(&live.release))),
                stable: of(&|record| record.stable.as_ref().is_some_and(|one| is(&one.release))),
                pruned: pruned.remove(&release.id),
                bytes: self.runtime.weigh(&made(&release)).await.ok(),
                release,
            });
        }
        Ok(all)
    }
}

/// What was made for a release.
pub(crate) fn made(release: &Release) -> Artifact {
    Artifact {
        form: if release.has_images() {
            Form::Image
        } else {
            Form::Directory
        },
        digests: release.made(),
        platforms: release.platforms.clone(),
    }
}

/// The environments of the configuration, and those that it had once.
pub(crate) fn environments_of(
    store: &Store,
    project: &Project,
) -> Result<BTreeSet<EnvironmentName>, shipway_store::Error> {
    let mut names: BTreeSet<_> = store.environments()?.into_iter().collect();
    names.extend(project.config.environments.keys().cloned());
    Ok(names)
}
