//! `shipway scale`.

use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_engine::deploy::Finished;
use shipway_engine::event::Event;
use shipway_engine::scale::ScaleRequest;
use shipway_engine::status::{EnvironmentStatus, InstanceStatus};
use shipway_pipeline::config::Environment;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Plan, Sizes};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::arguments::Global;
use crate::confirm::{self, Consent};
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, Form, Output};
use crate::{exit, interrupt};

/// Start more instances of what is live, or stop some
///
/// One by one: a new instance gets requests once it is healthy by the environment's health rules;
/// one that goes is taken out of the route, drained and stopped. Where an instance does not become
/// healthy, those that did stay and the exit code is 3. The number stays for the releases to come,
/// until the Compose files ask for another one than now; to give it up, set the number of the
/// files. Interrupted, the same command again finishes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// How many of which service, such as `web=3`
    #[arg(required = true, value_name = "SERVICE=N", value_parser = parse_size)]
    sizes: Vec<(ServiceName, u32)>,
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

fn parse_size(text: &str) -> std::result::Result<(ServiceName, u32), String> {
    let (service, size) = text
        .split_once('=')
        .ok_or("a service, `=` and a number are expected, such as `web=3`")?;
    let service = service.parse().map_err(|error| format!("{error}"))?;
    let size = size
        .parse()
        .map_err(|_| format!("`{size}` is no number of instances"))?;
    Ok((service, size))
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let mut request = ScaleRequest {
        project: &context.project,
        environment,
        wanted: arguments.sizes.iter().cloned().collect(),
        wait: arguments.wait,
        agreed: None,
    };
    let form = arguments.output.form();
    if arguments.dry_run || confirm::is_needed(environment, &arguments.consent) {
        let plan = context.engine.plan_scale(&request).await?;
        if let Some(plan) = &plan {
            show(&context, plan, form, arguments.dry_run)?;
        }
        if arguments.dry_run || plan.is_none() {
            return tell(&context, &request, None, form).await;
        }
        request.agreed = plan;
    }
    confirm::ask(environment, &arguments.consent)?;
    let finished = carry_out(&context, &request, events, form).await?;
    tell(&context, &request, finished.as_ref(), form).await
}

/// Shows a plan: as the answer of a dry run, or before a question.
fn show(context: &Context, plan: &Plan, form: Form, is_answer: bool) -> Result<()> {
    let release = context
        .engine
        .release_by_name(plan.target.release.as_str())?;
    if is_answer {
        render::plan::print(plan, &release, form)?;
    } else if form.is_for_people() {
        render::plan::tell(plan, &release);
    }
    Ok(())
}

async fn carry_out(
    context: &Context,
    request: &ScaleRequest<'_>,
    events: UnboundedReceiver<Event>,
    form: Form,
) -> Result<Option<Finished>> {
    render::events::begin(form);
    let mut interrupts = interrupt::listen()?;
    let reporting = tokio::spawn(render::events::follow(events, form));
    let finished = context.engine.scale(request, &mut interrupts).await;
    context.engine.reporter.close();
    let _ = reporting.await;
    Ok(finished?)
}

/// Tells how many there are now, and why not all.
async fn tell(
    context: &Context,
    request: &ScaleRequest<'_>,
    finished: Option<&Finished>,
    form: Form,
) -> Result {
    let status = context
        .engine
        .status(&context.project, request.environment)
        .await?;
    let reached = reached(&status, &request.wanted);
    match form {
        Form::People | Form::Quiet => {
            if let Some(finished) = finished {
                tell_outcome(finished);
            }
            reached.iter().for_each(Reached::tell);
        }
        Form::Json => render::json(&document(request.environment, finished, &reached))?,
        Form::Events => {}
    }
    Ok(ExitCode::from(code(context, finished, &reached)))
}

fn tell_outcome(finished: &Finished) {
    if let Some(cause) = &finished.cause {
        anstream::eprintln!(
            "{} {} {}",
            "✗".red().bold(),
            finished.deployment,
            finished.outcome
        );
        anstream::eprintln!("  {cause}");
        for line in cause.evidence() {
            anstream::eprintln!("  {} {line}", "|".dimmed());
        }
    }
}

fn code(context: &Context, finished: Option<&Finished>, reached: &[Reached]) -> u8 {
    if let Some(finished) = finished
        && finished.outcome != Outcome::Succeeded
    {
        return crate::deploying::code(finished, &context.engine.actor);
    }
    if reached.iter().all(Reached::is_whole) {
        exit::OK
    } else {
        exit::REFUSED
    }
}

fn document(
    environment: &Environment,
    finished: Option<&Finished>,
    reached: &[Reached],
) -> serde_json::Value {
    serde_json::json!({
        "environment": environment.name,
        "deployment": finished.map(|finished| finished.deployment),
        "outcome": finished.map(|finished| finished.outcome),
        "cause": finished.and_then(|finished| finished.cause.as_ref()),
        "services": reached,
    })
}

/// How many of a service there are, of how many that were wanted.
#[derive(Debug, serde::Serialize)]
struct Reached {
    service: ServiceName,
    wanted: u32,
    healthy: u32,
    /// The instances that are not healthy, and what they say.
    short: Vec<String>,
}

fn reached(status: &EnvironmentStatus, wanted: &Sizes) -> Vec<Reached> {
    let of = |(service, wanted): (&ServiceName, &u32)| {
        let instances = status.instances.iter();
        let (healthy, sick): (Vec<&InstanceStatus>, Vec<&InstanceStatus>) = instances
            .filter(|instance| instance.id.service == *service)
            .partition(|instance| instance.healthy);
        Reached {
            service: service.clone(),
            wanted: *wanted,
            healthy: healthy.len() as u32,
            short: sick
                .iter()
                .map(|instance| format!("{}: {}", instance.id, instance.detail))
                .collect(),
        }
    };
    wanted.iter().map(of).collect()
}

// === impl Reached ===

impl Reached {
    fn is_whole(&self) -> bool {
        self.healthy == self.wanted && self.short.is_empty()
    }

    fn tell(&self) {
        let mark = if self.is_whole() {
            "✓".green().bold().to_string()
        } else {
            "✗".red().bold().to_string()
        };
        let Self {
            service,
            wanted,
            healthy,
            short,
        } = self;
        anstream::eprintln!("{mark} {service}: {healthy} of {wanted} healthy");
        for one in short {
            anstream::eprintln!("  {} {one}", "|".dimmed());
        }
    }
}
