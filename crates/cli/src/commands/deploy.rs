//! `shipway deploy`.

use shipway_engine::git::Repository;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::request::Want;
use shipway_server::client::{Client, Wanted};

use crate::arguments::Global;
use crate::branches;
use crate::context::{Context, start_directory};
use crate::deploying::Flags;
use crate::error::{CliError, Result};
use crate::remote::{self, Asked};
use crate::wish::{LaneFlags, Wish};

/// Make a commit or release live in an environment
///
/// Without an environment: the one whose branch patterns match the branch that is checked out.
/// `TEMPLATE/BRANCH` opens the environment of a branch where `TEMPLATE` has `per_branch`, and
/// deploys the branch.
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
    lane: LaneFlags,
    #[command(flatten)]
    flags: Flags,
}

/// What is checked out.
pub(crate) const HEAD: &str = "HEAD";

/// What to deploy.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct What {
    /// A commit, branch or tag [default: HEAD; in the environment of a branch, that branch]
    #[arg(long, conflicts_with = "release")]
    pub(crate) commit: Option<String>,
    /// A release that was built before
    #[arg(long)]
    pub(crate) release: Option<String>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return elsewhere(&client, arguments, global).await;
    }
    let (mut context, mut events) = Context::open(global)?;
    let name = match &arguments.environment {
        Some(name) => name.clone(),
        None => by_branch(&context)?,
    };
    let branch = branches::find(&context, &name)?;
    let (name, commit) = match &branch {
        Some(place) => (place.name.as_str(), branches::tip(&context, place)?),
        None => (name.as_str(), HEAD),
    };
    if let Some(place) = &branch {
        if !arguments.flags.dry_run {
            context.engine.store.open_branch(place)?;
        }
        (context, events) = Context::open_with(global, Some(place))?;
    }
    let wish = Wish {
        environment: context.project.environment(name)?,
        want: arguments.what.want(&context, commit)?,
        lane: arguments.lane.lane(),
        reason: arguments.lane.reason.clone(),
    };
    wish.fulfil(&context, &arguments.flags, events).await
}

/// What is checked out here is deployed there, if the daemon's repository has it too.
async fn elsewhere(client: &Client, arguments: &Arguments, global: &Global) -> Result {
    let environment = arguments.environment.as_deref().ok_or_else(|| {
        CliError::usage("which environment, the daemon cannot know").hint("name it")
    })?;
    let want = match (&arguments.what.release, &arguments.what.commit) {
        (Some(release), _) => Wanted::Release {
            release: release.clone(),
        },
        (None, Some(commit)) => Wanted::Deploy {
            commit: commit.clone(),
        },
        (None, None) => {
            let repository = Repository::find(&start_directory(global)?)?;
            Wanted::Deploy {
                commit: repository.commit(HEAD)?.id,
            }
        }
    };
    let asked = Asked {
        environment,
        want,
        lane: arguments.lane.wished(),
        reason: arguments.lane.reason.clone(),
    };
    remote::ask(client, asked, &arguments.flags).await
}

/// The environment whose branch patterns match what is checked out.
pub(crate) fn by_branch(context: &Context) -> Result<String> {
    let repository = Repository::find(&context.project.directory)?;
    let config = &context.project.config;
    let none = |reason: String| {
        let names: Vec<&str> = config
            .environments
            .keys()
            .map(EnvironmentName::as_str)
            .collect();
        CliError::usage(reason).hint(format!("name one of {}", names.join(", ")))
    };
    let branch = repository.branch()?.ok_or_else(|| {
        none("no branch is checked out, so no environment follows from it".to_owned())
    })?;
    let taker = config.environments.values();
    let taker = taker
        .chain(config.templates.values())
        .find(|one| one.takes_branch(&branch));
    let taker = taker.ok_or_else(|| none(format!("no environment takes the branch `{branch}`")))?;
    Ok(match taker.per_branch {
        Some(_) => format!("{}/{branch}", taker.name),
        None => taker.name.to_string(),
    })
}

// === impl What ===

impl What {
    /// Whether nothing was asked for.
    pub(crate) fn is_default(&self) -> bool {
        self.commit.is_none() && self.release.is_none()
    }

    /// What is asked for, by its full name: a branch may be elsewhere when its turn comes.
    pub(crate) fn want(&self, context: &Context, usual: &str) -> Result<Want> {
        if let Some(name) = &self.release {
            let release = context.engine.release_by_name(name)?.id;
            return Ok(Want::Release { release });
        }
        let repository = Repository::find(&context.project.directory)?;
        let name = self.commit.as_deref().unwrap_or(usual);
        let commit = repository.commit(name)?.id;
        Ok(Want::Deploy { commit })
    }
}
