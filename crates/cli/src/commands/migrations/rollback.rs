//! `shipway migrations rollback`, and what it shares with `apply`.

use std::process::ExitCode;

use shipway_engine::migrations::{Migrating, What};
use shipway_pipeline::plan::{Plan, Severity};

use crate::arguments::Global;
use crate::confirm::{self, Consent};
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render::{self, Form, Output};
use crate::{deploying, interrupt};

/// Take migrations back to what the database had with a release
///
/// The code is not touched: `shipway rollback` goes first, so that nothing that runs needs what is
/// taken away. Migrations are taken back by the newest release that has them, since an older one
/// knows nothing of them. What cannot be taken back is told before anything is done. Asks for the
/// environment's name where data is lost.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The release whose deployment left the database as it shall be [default: the live one]
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Flags of commands that run migrations.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
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
    let to = match &arguments.to {
        Some(name) => {
            let (context, _events) = Context::open(global)?;
            Some(context.engine.release_by_name(name)?.id)
        }
        None => None,
    };
    let what = What::Undo { to };
    carry_out(&arguments.environment, what, &arguments.flags, global).await
}

/// Shows the plan, asks, runs the migrations, tells.
pub(super) async fn carry_out(name: &str, what: What, flags: &Flags, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(name)?;
    let mut migrating = Migrating {
        project: &context.project,
        environment,
        what,
        wait: flags.wait,
        agreed: None,
    };
    let form = flags.output.form();
    let Some(plan) = context.engine.plan_migrations(&migrating).await? else {
        return nothing(name, form);
    };
    let release = context
        .engine
        .release_by_name(plan.target.release.as_str())?;
    if flags.dry_run {
        render::plan::print(&plan, &release, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    if form.is_for_people() {
        render::plan::tell(&plan, &release);
    }
    if loses_data(&plan) {
        confirm::ask_name(name, flags.consent.confirm.as_deref())?;
    } else {
        confirm::ask_at_least_yes(environment, &flags.consent)?;
    }
    migrating.agreed = Some(plan);
    render::events::begin(form);
    let mut interrupts = interrupt::listen()?;
    let reporting = tokio::spawn(render::events::follow(events, form));
    let finished = context
        .engine
        .run_migrations(&migrating, &mut interrupts)
        .await;
    match finished {
        Ok(finished) => deploying::settle(&context, Ok(finished), reporting, form).await,
        Err(error) => {
            context.engine.reporter.close();
            let _ = reporting.await;
            Err(CliError::from(error))
        }
    }
}

fn nothing(name: &str, form: Form) -> Result {
    match form {
        Form::Json => render::json(&serde_json::json!({ "environment": name, "changes": false }))?,
        Form::Events => {
            let none = serde_json::json!({ "event": "plan", "changes": false });
            anstream::println!("{none}");
        }
        Form::People | Form::Quiet => {
            anstream::eprintln!("nothing to do: the database of {name} is as it shall be");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn loses_data(plan: &Plan) -> bool {
    let mut notes = plan.notes.iter();
    notes.any(|note| note.severity == Severity::Warning && note.text.starts_with("data loss"))
}
