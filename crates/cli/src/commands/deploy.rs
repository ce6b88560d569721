//! `shipway deploy`.

use shipway_engine::deploy::Request;
use shipway_engine::event;
use shipway_engine::git::Repository;
use shipway_engine::project::Source;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::plan::Kind;
use shipway_pipeline::promotion::Refusal;
use shipway_pipeline::release::Release;
use shipway_pipeline::workload::Workload;

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Result};
use crate::required;

/// Make a commit or release live in an environment
///
/// Without an environment: the one whose branch patterns match the branch that is checked out.
/// Builds the commit unless it was built before, starts it beside what is live, waits until it is
/// healthy, switches the traffic at once, judges it and keeps the old one warm meanwhile. A
/// release that is found wanting gives the traffic back by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    flags: Flags,
}

/// What to deploy.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct What {
    /// A commit, branch or tag [default: HEAD]
    #[arg(long, conflicts_with = "release")]
    pub(crate) commit: Option<String>,
    /// A release that was built before
    #[arg(long)]
    pub(crate) release: Option<String>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let name = match &arguments.environment {
        Some(name) => name.clone(),
        None => by_branch(&context)?,
    };
    let environment = context.project.environment(&name)?;
    let request = async {
        if !arguments.flags.dry_run {
            let repository = Repository::find(&context.project.directory)?;
            let commit = commit(&context, &arguments.what)?;
            required::pass(&context, environment, &repository, &commit).await?;
        }
        let prepared = prepare(&context, environment, &arguments.what).await?;
        let project = &context.project;
        Ok(Request::new(project, environment, prepared, Kind::Deploy))
    };
    deploying::run(&context, &arguments.flags, events, request).await
}

/// What git calls the commit that is asked for.
fn commit(context: &Context, what: &What) -> Result<String> {
    Ok(match &what.release {
        Some(name) => context.engine.release_by_name(name)?.commit,
        None => what.commit.clone().unwrap_or_else(|| "HEAD".to_owned()),
    })
}

/// The release that is asked for, built if need be, and what it runs in the environment.
pub(crate) async fn prepare(
    context: &Context,
    environment: &Environment,
    what: &What,
) -> Result<(Release, Workload)> {
    let repository = Repository::find(&context.project.directory)?;
    let release = match &what.release {
        Some(name) => context.engine.release_by_name(name)?,
        None => {
            let name = what.commit.as_deref().unwrap_or("HEAD");
            build(context, environment, &repository, name).await?
        }
    };
    check_order(context, environment, Some(&release.id))?;
    let workload = workload(context, environment, &repository, &release)?;
    Ok((release, workload))
}

/// The release of a commit, built from the environment's files unless it was built before.
pub(crate) async fn build(
    context: &Context,
    environment: &Environment,
    repository: &Repository,
    name: &str,
) -> Result<Release> {
    check_order(context, environment, None)?;
    let commit = repository.commit(name)?.id;
    let source = Source::Commit(repository, &commit);
    let resolved = context.project.resolve(environment, source)?;
    let engine = &context.engine;
    let built = engine.release_of_commit(
        &context.project,
        environment,
        repository,
        &commit,
        &resolved,
    );
    Ok(built.await?)
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

/// An environment that is promoted to takes only what was stable before it.
fn check_order(
    context: &Context,
    environment: &Environment,
    release: Option<&ReleaseId>,
) -> Result<()> {
    let Some(from) = &environment.from else {
        return Ok(());
    };
    let Some(release) = release else {
        return Err(CliError::new(
            crate::error::Kind::NotAllowed,
            format!(
                "`{}` takes what was stable in `{from}`, not a commit",
                environment.name
            ),
        )
        .hint(format!("`shipway promote {}`", environment.name)));
    };
    if context.engine.was_stable(from, release)? {
        return Ok(());
    }
    Err(Refusal::Skips {
        release: release.clone(),
        from: from.clone(),
        environment: environment.name.clone(),
    }
    .into())
}

/// The environment whose branch patterns match what is checked out.
pub(crate) fn by_branch(context: &Context) -> Result<String> {
    let repository = Repository::find(&context.project.directory)?;
    let none = |reason: String| {
        let names: Vec<String> = context
            .project
            .config
            .environments
            .keys()
            .map(ToString::to_string)
            .collect();
        CliError::usage(reason).hint(format!("name one of {}", names.join(", ")))
    };
    let branch = repository.branch()?.ok_or_else(|| {
        none("no branch is checked out, so no environment follows from it".to_owned())
    })?;
    context
        .project
        .config
        .environments
        .values()
        .find(|environment| environment.takes_branch(&branch))
        .map(|environment| environment.name.to_string())
        .ok_or_else(|| none(format!("no environment takes the branch `{branch}`")))
}

// === impl What ===

impl What {
    /// Whether nothing was asked for.
    pub(crate) fn is_default(&self) -> bool {
        self.commit.is_none() && self.release.is_none()
    }
}
