//! `shipway deploy`.

use shipway_engine::git::Repository;
use shipway_pipeline::request::Want;

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::Flags;
use crate::error::{CliError, Result};
use crate::wish::{LaneFlags, Wish};

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
    lane: LaneFlags,
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
    let wish = Wish {
        environment: context.project.environment(&name)?,
        want: arguments.what.want(&context)?,
        lane: arguments.lane.lane(),
        reason: arguments.lane.reason.clone(),
    };
    wish.fulfil(&context, &arguments.flags, events).await
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

    /// What is asked for, by its full name: a branch may be elsewhere when its turn comes.
    pub(crate) fn want(&self, context: &Context) -> Result<Want> {
        if let Some(name) = &self.release {
            let release = context.engine.release_by_name(name)?.id;
            return Ok(Want::Release { release });
        }
        let repository = Repository::find(&context.project.directory)?;
        let name = self.commit.as_deref().unwrap_or("HEAD");
        let commit = repository.commit(name)?.id;
        Ok(Want::Deploy { commit })
    }
}
