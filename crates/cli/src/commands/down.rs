//! `shipway down`.

use std::process::ExitCode;

use shipway_engine::event::Event;
use shipway_engine::project::Source;
use shipway_pipeline::config::Environment;
use shipway_pipeline::deployment::Outcome;
use shipway_runtime::Exit;
use tokio::sync::mpsc::UnboundedReceiver;

use super::up;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render::{self, Output};
use crate::{confirm, deploying, interrupt, removal};

/// Stop and remove what runs in an environment
///
/// What `up` started, and the deployed release: its traffic ends, its instances are drained and
/// stopped, and so are the services that both colours share. For a deployed release the
/// environment's name is asked for. Volumes stay, unless `--volumes` is given; the environment of a
/// branch is gone with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Remove the named volumes as well, with all that is in them
    #[arg(long)]
    volumes: bool,
    /// Do not ask: the environment's name
    #[arg(long, value_name = "ENVIRONMENT")]
    confirm: Option<String>,
    /// Wait for an environment that somebody else has, rather than exit with code 6
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let project = &context.project;
    let environment = project.environment_or_leftover(&arguments.environment)?;
    let form = arguments.output.form();
    let plan = context.engine.plan_down(&context.project, environment)?;
    let is_up = is_up(&context, environment).await?;
    if plan.is_none() && !is_up && !arguments.volumes {
        anstream::eprintln!("nothing runs in {}", environment.name);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(plan) = &plan
        && form.is_for_people()
    {
        let release = context
            .engine
            .release_by_name(plan.target.release.as_str())?;
        render::plan::tell(plan, &release);
    }
    if plan.is_some() || arguments.volumes {
        confirm::ask_name(environment.name.as_str(), arguments.confirm.as_deref())?;
    }
    if is_up {
        end_development(&context, environment, arguments.volumes).await?;
    }
    if plan.is_some() {
        let (is_over, code) = end_release(&context, environment, arguments, events).await?;
        if !is_over {
            return Ok(code);
        }
    }
    if arguments.volumes {
        removal::remove_volumes(&context, environment).await?;
        if environment.name.of_branch().is_some() {
            context.engine.store.close_branch(&environment.name)?;
            let mut interrupts = interrupt::listen()?;
            context
                .engine
                .forget(&context.project, &environment.name, &mut interrupts)
                .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the deployed release; says whether nothing of it is left.
async fn end_release(
    context: &Context,
    environment: &Environment,
    arguments: &Arguments,
    events: UnboundedReceiver<Event>,
) -> Result<(bool, ExitCode)> {
    let form = arguments.output.form();
    render::events::begin(form);
    let mut interrupts = interrupt::listen()?;
    let reporting = tokio::spawn(render::events::follow(events, form));
    let project = &context.project;
    let finished = context
        .engine
        .down(project, environment, arguments.wait, &mut interrupts)
        .await;
    let is_over = finished.as_ref().is_ok_and(|finished| {
        let mut finished = finished.iter();
        finished.all(|finished| finished.outcome == Outcome::Succeeded)
    });
    let code = deploying::settle(context, finished, reporting, form).await?;
    Ok((is_over, code))
}

/// Whether `up` left something running. Files that are no longer valid are no reason to let a
/// deployed release run.
async fn is_up(context: &Context, environment: &Environment) -> Result<bool> {
    let is_leftover = context
        .project
        .config
        .leftovers
        .contains_key(&environment.name);
    if environment.host.is_some() || is_leftover {
        return Ok(false);
    }
    let Ok(resolved) = context.project.resolve(environment, Source::WorkTree) else {
        return Ok(false);
    };
    if resolved.workload.model.is_none() {
        return Ok(false);
    }
    let it = up::development(context, environment)?;
    Ok(context.runtimes.compose().is_up(&it).await?)
}

async fn end_development(
    context: &Context,
    environment: &Environment,
    volumes: bool,
) -> Result<()> {
    let it = up::development(context, environment)?;
    match context.runtimes.compose().down(&it, volumes).await? {
        Exit::Code(0) => Ok(()),
        exit => Err(CliError::new(
            Kind::Failed,
            format!("docker compose ended with {exit}"),
        )),
    }
}
