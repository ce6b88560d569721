//! Removes the artifacts of releases that nobody can return to.

use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::release::Release;
use shipway_pipeline::retention::{self, Needs, Verdict};
use shipway_runtime::{Artifact, Form, Left};
use shipway_store::{Audit, Lease, Pruned, TakeError};

use crate::clock::now;
use crate::executor::Engine;
use crate::project::Project;
use crate::releases::{environments_of, made};

/// What would be removed.
#[derive(Debug, Clone)]
pub struct PrunePlan {
    /// The releases whose artifacts are there, the newest first, each with what becomes of it.
    pub verdicts: Vec<Verdict>,
    /// What that gives back on this machine.
    pub bytes: u64,
    releases: Vec<Release>,
}

/// Why nothing more was removed.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Somebody deploys.
    #[error(transparent)]
    Lease(#[from] TakeError),
    /// What is needed changed since somebody agreed.
    #[error("the releases changed after they were shown")]
    Changed,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// The runtime cannot remove something.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
}

impl Engine {
    /// Decides what may go, without removing anything. `keep` releases are kept for each
    /// environment to roll back to.
    ///
    /// # Errors
    /// The store or the runtime cannot be asked.
    pub async fn plan_prune(
        &self,
        project: &Project,
        keep: usize,
    ) -> Result<PrunePlan, PruneError> {
        let pruned = self.store.pruned()?;
        let mut releases = self.store.releases(usize::MAX >> 1)?;
        releases.retain(|release| !pruned.contains_key(&release.id));
        let mut environments = Vec::new();
        for name in environments_of(&self.store, project)? {
            environments.push(self.needs(name)?);
        }
        let verdicts = retention::decide(&releases, &environments, keep);
        let mut bytes = 0;
        for form in [Form::Directory, Form::Image] {
            let going = together(form, &releases, &verdicts);
            if !going.digests.is_empty() {
                bytes += self.runtime.reclaimable(&going).await?;
            }
        }
        Ok(PrunePlan {
            verdicts,
            bytes,
            releases,
        })
    }

    fn needs(&self, environment: EnvironmentName) -> Result<Needs, PruneError> {
        let record = self.store.environment(&environment)?;
        let was_stable = self.stable_occupants(&environment)?;
        let unfinished = self.store.unfinished(&environment)?;
        let plans = unfinished.map(|deployment| deployment.plan);
        Ok(Needs {
            environment,
            live: record.live.map(|live| live.release),
            stable: record.stable.map(|stable| stable.release),
            was_stable: was_stable.into_iter().map(|one| one.release).collect(),
            under_way: plans
                .into_iter()
                .flat_map(|plan| plan.previous.into_iter().chain([plan.target]))
                .map(|occupant| occupant.release)
                .collect(),
        })
    }

    /// Removes what a plan says. Nobody deploys meanwhile: all environments are held. Returns
    /// what could not be removed.
    ///
    /// # Errors
    /// Somebody deploys, what is needed has changed, or something cannot be removed; what was
    /// removed by then is recorded.
    pub async fn prune(
        &self,
        project: &Project,
        plan: &PrunePlan,
        keep: usize,
    ) -> Result<Vec<Left>, PruneError> {
        let mut leases = Vec::new();
        let result = match self.hold_all(project, &mut leases) {
            Ok(()) => self.prune_held(project, plan, keep).await,
            Err(error) => Err(error),
        };
        for lease in leases {
            // Nothing was done under it that a later holder could mind.
            let _ = self.store.release_lease(lease);
        }
        result
    }

    fn hold_all(&self, project: &Project, leases: &mut Vec<Lease>) -> Result<(), PruneError> {
        for name in environments_of(&self.store, project)? {
            leases.push(self.store.take_lease(&name, &self.owner, now())?);
        }
        Ok(())
    }

    async fn prune_held(
        &self,
        project: &Project,
        plan: &PrunePlan,
        keep: usize,
    ) -> Result<Vec<Left>, PruneError> {
        if self.plan_prune(project, keep).await?.verdicts != plan.verdicts {
            return Err(PruneError::Changed);
        }
        let mut left = Vec::new();
        for (release, verdict) in plan.releases.iter().zip(&plan.verdicts) {
            if !verdict.is_needless() {
                continue;
            }
            let pruned = Pruned {
                at: now(),
                by: self.actor.clone(),
            };
            self.store.put_pruned(&release.id, &pruned)?;
            let audit = Audit {
                actor: &self.actor,
                action: "prune",
                environment: None,
                subject: release.id.as_str(),
            };
            self.store.audit(&audit, now())?;
            let going = Artifact {
                digests: verdict.artifacts.clone(),
                ..made(release)
            };
            left.extend(self.runtime.remove_artifact(&going).await?);
        }
        Ok(left)
    }
}

// === impl PrunePlan ===

impl PrunePlan {
    /// The releases that go.
    pub fn needless(&self) -> impl Iterator<Item = &Release> {
        let both = self.releases.iter().zip(&self.verdicts);
        both.filter_map(|(release, verdict)| verdict.is_needless().then_some(release))
    }
}

/// Everything of a form that goes, each part once.
fn together(form: Form, releases: &[Release], verdicts: &[Verdict]) -> Artifact {
    let of_form = |release: &Release| made(release).form == form;
    let both = releases.iter().zip(verdicts);
    Artifact {
        form,
        digests: both
            .filter(|(release, _)| of_form(release))
            .flat_map(|(_, verdict)| verdict.artifacts.values())
            .map(|part| (part.clone(), part.clone()))
            .collect(),
        platforms: Vec::new(),
    }
}
