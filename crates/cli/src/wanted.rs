//! From what is wanted to what would be deployed: the rules, the gates, the build.

use shipway_engine::clock::now;
use shipway_engine::deploy::Request;
use shipway_engine::event;
use shipway_engine::git::Repository;
use shipway_engine::project::Source;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::plan::Kind;
use shipway_pipeline::promotion::{self, Candidate, Lane, Objection, Refusal, StableIn};
use shipway_pipeline::release::Release;
use shipway_pipeline::request::Want;
use shipway_pipeline::workload::Workload;

use crate::context::Context;
use crate::error::{self, CliError, Result};
use crate::render::time;
use crate::required;

/// Whether what is wanted will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It will: it must be allowed, and its gates are run.
    Deploy,
    /// It is only shown.
    Show,
}

/// Gets what is wanted ready to be planned.
pub(crate) async fn prepare<'a>(
    context: &'a Context,
    environment: &'a Environment,
    want: &Want,
    lane: Lane,
    purpose: Purpose,
) -> Result<Request<'a>> {
    let wanted = Wanted {
        context,
        environment,
        lane,
        purpose,
        repository: Repository::find(&context.project.directory),
    };
    let (prepared, kind) = match want {
        Want::Deploy { commit } => (wanted.commit(commit).await?, Kind::Deploy),
        Want::Release { release } => (wanted.release(release).await?, Kind::Deploy),
        Want::Promote => (wanted.promotion().await?, Kind::Promote),
        Want::Rollback { to } => (wanted.before(to.as_ref())?, Kind::Rollback),
        Want::Remove => {
            let told = format!("the end of `{}` takes no release", environment.name);
            return Err(CliError::new(error::Kind::Failed, told));
        }
    };
    Ok(Request::new(&context.project, environment, prepared, kind))
}

/// The release of a commit, built from the environment's files unless it was built before.
pub(crate) async fn build(
    context: &Context,
    environment: &Environment,
    repository: &Repository,
    name: &str,
) -> Result<Release> {
    let commit = repository.commit(name)?.id;
    let source = Source::Commit(repository, &commit);
    let resolved = context.project.resolve(environment, source)?;
    let engine = &context.engine;
    let project = &context.project;
    let built = engine.release_of_commit(project, environment, repository, &commit, &resolved);
    Ok(built.await?)
}

struct Wanted<'a> {
    context: &'a Context,
    environment: &'a Environment,
    lane: Lane,
    purpose: Purpose,
    repository: std::result::Result<Repository, shipway_engine::git::GitError>,
}

// === impl Wanted ===

impl Wanted<'_> {
    async fn commit(&self, name: &str) -> Result<(Release, Workload)> {
        let repository = self.repository()?;
        if self.lane != Lane::BreakGlass {
            check_takes_commits(self.environment)?;
        }
        let commit = repository.commit(name)?.id;
        // What is refused is not built.
        self.check(&commit, None)?;
        self.pass_gates(repository, &commit, None).await?;
        let release = build(self.context, self.environment, repository, &commit).await?;
        let workload = self.workload(&release)?;
        Ok((release, workload))
    }

    async fn release(&self, release: &ReleaseId) -> Result<(Release, Workload)> {
        let engine = &self.context.engine;
        let release = engine.release_by_name(release.as_str())?;
        let source = match (&self.environment.from, self.lane) {
            (None, _) | (_, Lane::BreakGlass) => None,
            (Some(from), _) => {
                let since = engine.stable_since(from, &release.id)?;
                let since = since.ok_or_else(|| Refusal::Skips {
                    release: release.id.clone(),
                    from: from.clone(),
                    environment: self.environment.name.clone(),
                })?;
                Some((from, since))
            }
        };
        let stable = source.map(|(environment, since)| StableIn {
            release: &release.id,
            environment,
            since,
        });
        self.check(&release.commit, stable)?;
        self.pass_gates(self.repository()?, &release.commit, Some(&release))
            .await?;
        let workload = self.workload(&release)?;
        Ok((release, workload))
    }

    async fn promotion(&self) -> Result<(Release, Workload)> {
        let environment = self.environment;
        let hotfix = environment.policy.hotfix.as_ref();
        let shorter = hotfix.filter(|_| self.lane == Lane::Hotfix);
        let from = shorter.and_then(|hotfix| hotfix.from.as_ref());
        let from = from.or(environment.from.as_ref());
        let from = from.ok_or_else(|| Refusal::NoSource {
            environment: environment.name.clone(),
        })?;
        let engine = &self.context.engine;
        let record = engine.store.environment(from)?;
        let id = promotion::decide_release(&promotion::Source {
            name: from,
            live: record.live.as_ref(),
            stable: record.stable.as_ref(),
        })?;
        let release = engine.release_by_name(id.as_str())?;
        let since = engine.stable_since(from, &id)?;
        let stable = since.map(|since| StableIn {
            release: &id,
            environment: from,
            since,
        });
        self.check(&release.commit, stable)?;
        self.pass_gates(self.repository()?, &release.commit, Some(&release))
            .await?;
        let workload = self.workload(&release)?;
        Ok((release, workload))
    }

    /// What was stable here before, with the configuration that it ran with then. No rule stands
    /// in the way home.
    fn before(&self, to: Option<&ReleaseId>) -> Result<(Release, Workload)> {
        let engine = &self.context.engine;
        let occupant = engine.rollback_target(&self.environment.name, to)?;
        let release = engine.release_by_name(occupant.release.as_str())?;
        let workload = engine.store.workload(&occupant.workload)?.ok_or_else(|| {
            CliError::new(
                error::Kind::Failed,
                format!("the configuration that {} ran with is gone", release.id),
            )
        })?;
        Ok((release, workload))
    }

    fn workload(&self, release: &Release) -> Result<Workload> {
        workload(self.context, self.environment, self.repository()?, release)
    }

    /// Everything that the environment's policy has against it.
    fn check(&self, commit: &str, stable: Option<StableIn<'_>>) -> Result<()> {
        let policy = &self.environment.policy;
        let branches = self.repository()?.branches(commit)?;
        let candidate = Candidate {
            branches: &branches,
            stable,
        };
        let objections = policy.objections(self.lane, &candidate, now());
        if objections.is_empty() {
            return Ok(());
        }
        let refused = refusal(self.environment, &objections);
        if self.purpose == Purpose::Show {
            // A plan is shown with what stands in its way.
            self.context.engine.reporter.tell(event::Kind::Warning {
                text: refused.message().to_owned(),
            });
            return Ok(());
        }
        Err(refused)
    }

    async fn pass_gates(
        &self,
        repository: &Repository,
        commit: &str,
        release: Option<&Release>,
    ) -> Result<()> {
        if self.purpose == Purpose::Show || self.lane == Lane::BreakGlass {
            return Ok(());
        }
        required::pass(self.context, self.environment, repository, commit, release).await
    }

    fn repository(&self) -> Result<&Repository> {
        let found = self.repository.as_ref();
        found.map_err(error::git)
    }
}

/// What is promoted from another environment is never built for this one.
pub(crate) fn check_takes_commits(environment: &Environment) -> Result<()> {
    let Some(from) = &environment.from else {
        return Ok(());
    };
    let name = &environment.name;
    let told = format!("`{name}` takes what was stable in `{from}`, not a commit");
    Err(CliError::new(error::Kind::NotAllowed, told).hint(format!("`shipway promote {name}`")))
}

/// What a release runs in an environment: its own Compose files, the environment's variables.
pub(crate) fn workload(
    context: &Context,
    environment: &Environment,
    repository: &Repository,
    release: &Release,
) -> Result<Workload> {
    let source = Source::Commit(repository, &release.commit);
    let resolved = context.project.resolve(environment, source)?;
    let loaded = &resolved.loaded;
    for warning in &loaded.diagnostics {
        context.engine.reporter.tell(event::Kind::Warning {
            text: warning.render(&loaded.sources),
        });
    }
    Ok(resolved.workload)
}

fn refusal(environment: &Environment, objections: &[Objection]) -> CliError {
    let name = &environment.name;
    let told: Vec<String> = objections.iter().map(ToString::to_string).collect();
    let told = format!("`{name}` does not take it: {}", told.join("; "));
    let until = objections.iter().map(Objection::until);
    let hint = match until.collect::<Option<Vec<_>>>() {
        Some(all) => {
            let latest = all.into_iter().max().map(time::absolute);
            format!(
                "try again at {}; what cannot wait goes with `--break-glass --reason …`, which stays on record",
                latest.unwrap_or_default()
            )
        }
        None => format!("the `policy` of `{name}` in shipway.yml says what it takes"),
    };
    CliError::new(error::Kind::NotAllowed, told).hint(hint)
}
