//! `shipway promote`.

use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::Want;
use shipway_server::client::{Client, Wanted, WishedLane};

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Result};
use crate::news;
use crate::remote::{self, Asked};
use crate::wanted::{self, Purpose};
use crate::wish::{LaneFlags, Wish};

/// Take the release that is live and stable in the environment before on to this one
///
/// The release goes on unchanged: the same artifact that was tried there. Where the environment
/// asks for approvals, this makes a request with the plan that others approve, and exits with
/// code 5.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment to promote to
    environment: String,
    /// Go the shorter way that the environment's policy has for what cannot wait
    #[arg(long, requires = "reason", conflicts_with = "break_glass")]
    hotfix: bool,
    /// Show what is new in it (commits, configuration, secrets by version, migrations, images)
    /// and the plan, and do nothing
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    lane: LaneFlags,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return elsewhere(&client, arguments).await;
    }
    let (context, events) = Context::open(global)?;
    let lane = if arguments.hotfix {
        Lane::Hotfix
    } else {
        arguments.lane.lane()
    };
    if arguments.plan {
        let environment = context.project.environment(&arguments.environment)?;
        let form = arguments.flags.output.form();
        let prepared = wanted::prepare(&context, environment, &Want::Promote, lane, Purpose::Show);
        let (request, _) = deploying::prepare(&context, events, form, prepared).await?;
        return news::print(&context, &request, form);
    }
    let wish = Wish {
        environment: context.project.environment(&arguments.environment)?,
        want: Want::Promote,
        lane,
        reason: arguments.lane.reason.clone(),
    };
    wish.fulfil(&context, &arguments.flags, events).await
}

async fn elsewhere(client: &Client, arguments: &Arguments) -> Result {
    if arguments.plan {
        let told = "`--plan` works where the project is, not by `--server`";
        return Err(CliError::usage(told)
            .hint("where approvals are asked for, `shipway approve` shows the plan"));
    }
    let lane = if arguments.hotfix {
        WishedLane::Hotfix
    } else {
        arguments.lane.wished()
    };
    let asked = Asked {
        environment: &arguments.environment,
        want: Wanted::Promote,
        lane,
        reason: arguments.lane.reason.clone(),
    };
    remote::ask(client, asked, &arguments.flags).await
}
