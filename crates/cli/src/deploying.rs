//! What `deploy`, `promote` and `rollback` share: show the plan, ask, carry it out, tell.

use std::process::ExitCode;

use shipway_engine::deploy::{Finished, Request};
use shipway_engine::event::Event;
use shipway_pipeline::deployment::{Cause, Outcome};
use shipway_pipeline::name::EnvironmentName;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::confirm::{self, Consent};
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, Form, Output};
use crate::{exit, interrupt};

/// Flags of commands that change an environment.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) consent: Consent,
    /// Show the plan and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Wait for an environment that somebody else has, rather than exit with code 6
    #[arg(long)]
    pub(crate) wait: bool,
    /// Go ahead although a failed rollback froze the environment
    #[arg(long)]
    pub(crate) thaw: bool,
    /// Go ahead although the same is live already and nothing differs
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Flags {
    /// For what was agreed to before, where nobody is there to be asked.
    pub(crate) fn unattended(output: Output, environment: &EnvironmentName) -> Self {
        Self {
            consent: Consent {
                yes: true,
                confirm: Some(environment.to_string()),
            },
            dry_run: false,
            wait: true,
            thaw: false,
            force: false,
            output,
        }
    }
}

/// Gets the request ready, shows the plan, asks, and carries it out.
pub(crate) async fn run<'a>(
    context: &'a Context,
    flags: &Flags,
    events: UnboundedReceiver<Event>,
    request: impl Future<Output = Result<Request<'a>>>,
) -> Result {
    let form = flags.output.form();
    let (mut request, events) = prepare(context, events, form, request).await?;
    if request.surroundings.is_settled() && !flags.force {
        render::drift::print_settled(&request, form, false)?;
        return Ok(ExitCode::SUCCESS);
    }
    if form.is_for_people() {
        render::drift::tell(&request.surroundings.drift);
    }
    if flags.dry_run {
        let plan = context.engine.plan(&request)?;
        render::plan::print(&plan, &request.release, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    request.wait = flags.wait;
    request.thaw = flags.thaw;
    let loses_data = loses_data(&request);
    if confirm::is_needed(request.environment, &flags.consent) || loses_data {
        let plan = context.engine.plan(&request)?;
        if form.is_for_people() {
            render::plan::tell(&plan, &request.release);
        }
        request.agreed = Some(plan);
    }
    ask(&request, flags)?;
    let mut interrupts = interrupt::listen()?;
    let reporting = tokio::spawn(render::events::follow(events, form));
    let finished = context.engine.deploy(&request, &mut interrupts).await;
    settle(context, finished.map(Some), reporting, form).await
}

/// Asks whoever is there, or looks at what they said on the command line.
pub(crate) fn ask(request: &Request<'_>, flags: &Flags) -> Result<()> {
    if loses_data(request) {
        confirm::ask_at_least_yes(request.environment, &flags.consent)
    } else {
        confirm::ask(request.environment, &flags.consent)
    }
}

/// Whether a migration takes data away: nobody does that without being asked.
fn loses_data(request: &Request<'_>) -> bool {
    let outlook = request.surroundings.around.migrations.as_ref();
    outlook.is_some_and(|outlook| outlook.loses().next().is_some())
}

/// Gets a request ready, and tells what happens meanwhile: a build takes its time.
pub(crate) async fn prepare<'a>(
    context: &Context,
    events: UnboundedReceiver<Event>,
    form: Form,
    request: impl Future<Output = Result<Request<'a>>>,
) -> Result<(Request<'a>, UnboundedReceiver<Event>)> {
    render::events::begin(form);
    let reporting = tokio::spawn(render::events::follow(events, form));
    let request = async {
        let mut request = request.await?;
        request.surroundings = context.engine.observe(&request).await?;
        Ok(request)
    };
    let request: Result<Request<'a>> = request.await;
    context.engine.reporter.close();
    let events = reporting.await.map_err(std::io::Error::other)?;
    Ok((request?, events))
}

/// Waits until everything was told, and tells the end.
pub(crate) async fn settle(
    context: &Context,
    finished: std::result::Result<Option<Finished>, shipway_engine::deploy::DeployError>,
    reporting: tokio::task::JoinHandle<UnboundedReceiver<Event>>,
    form: Form,
) -> Result {
    // The renderer ends when it has told what was sent before this.
    context.engine.reporter.close();
    let _ = reporting.await;
    let Some(finished) = finished? else {
        return Ok(ExitCode::SUCCESS);
    };
    render::finish::print(&finished, form)?;
    Ok(ExitCode::from(code(&finished, &context.engine.actor)))
}

/// The exit code of an outcome.
pub(crate) fn code(finished: &Finished, actor: &str) -> u8 {
    match finished.outcome {
        Outcome::Succeeded => exit::OK,
        Outcome::Failed => exit::REFUSED,
        Outcome::RolledBack => exit::ROLLED_BACK,
        Outcome::Cancelled => match &finished.cause {
            Some(Cause::Aborted { by }) if by == actor => exit::INTERRUPTED,
            _ => exit::FAILED,
        },
        Outcome::Superseded | Outcome::RollbackFailed => exit::FAILED,
    }
}
