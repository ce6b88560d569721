//! `shipway renew`.

use std::process::ExitCode;

use shipway_engine::renew::Renewal;

use crate::arguments::Global;
use crate::confirm::{self, Consent};
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render::{self, Output};
use crate::{deploying, interrupt};

/// Make a database or another shared service anew, as the files of what is live say
///
/// A deployment never touches what both releases share; where the files say something else than
/// what runs, its plan tells so. This is the step that makes it so, with its downtime: the old
/// container is stopped and kept aside, a new one is started with the same volumes, and the old
/// one is brought back if the new one does not become healthy. New requests wait at the proxy
/// meanwhile. It always asks.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The service
    service: String,
    #[command(flatten)]
    consent: Consent,
    /// Show the plan and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait for an environment that somebody else has, rather than exit with code 6
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let service = arguments.service.parse();
    let mut renewal = Renewal {
        project: &context.project,
        environment,
        service: service.map_err(|error| CliError::usage(format!("{error}")))?,
        wait: arguments.wait,
        agreed: None,
    };
    let form = arguments.output.form();
    let plan = context.engine.plan_renewal(&renewal).await?;
    let release = context
        .engine
        .release_by_name(plan.target.release.as_str())?;
    if arguments.dry_run {
        render::plan::print(&plan, &release, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    if form.is_for_people() {
        render::plan::tell(&plan, &release);
    }
    confirm::ask_at_least_yes(environment, &arguments.consent)?;
    renewal.agreed = Some(plan);
    render::events::begin(form);
    let mut interrupts = interrupt::listen()?;
    let reporting = tokio::spawn(render::events::follow(events, form));
    let finished = context.engine.renew(&renewal, &mut interrupts).await;
    deploying::settle(&context, finished.map(Some), reporting, form).await
}
