//! `shipway migrations status`.

use std::process::ExitCode;
use std::sync::Arc;

use owo_colors::OwoColorize;
use serde_json::json;
use shipway_engine::git::Repository;
use shipway_engine::migrations::{Examined, Subject};
use shipway_engine::project::Source;
use shipway_pipeline::migration::Basis;
use shipway_pipeline::plan::Kind;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind as Failure, Result};
use crate::render;

/// Show what the database of an environment has applied, and what is pending
///
/// By the migrations of the live release, or of another commit. For each pending one: whether it
/// would run before the new release starts or once the old one is gone, and what is found in it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Whose migrations are compared: a commit, branch or tag [default: the live release's]
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let repository = Repository::find(&context.project.directory)?;
    let live = context.engine.live(&context.project, &environment.name)?;
    let commit = match (&arguments.commit, &live) {
        (Some(name), _) => repository.commit(name)?.id,
        (None, Some(live)) => live.release.commit.clone(),
        (None, None) => repository.commit("HEAD")?.id,
    };
    let workload = match &live {
        Some(live) => live.workload.clone(),
        None => {
            let source = Source::Commit(&repository, &commit);
            context.project.resolve(environment, source)?.workload
        }
    };
    let subject = Subject {
        project: &context.project,
        environment,
        workload: &workload,
        commit: &commit,
        kind: Kind::Deploy,
    };
    let live = live.map(|live| live.occupant);
    let examined = context.engine.examine(&subject, live.as_ref()).await?;
    let examined = examined.ok_or_else(unknown)?;
    if arguments.json {
        render::json(&document(&examined, &commit))?;
    } else {
        print(&examined, &commit);
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown() -> CliError {
    CliError::new(Failure::Config, "shipway.yml does not say how the database is migrated").hint(
        "write `migrate: { service: web, command: python manage.py migrate }`; other tools than Django: \
         `migrations: { tool: sql }`",
    )
}

fn document(examined: &Arc<Examined>, commit: &str) -> serde_json::Value {
    let applied: Vec<String> = examined.applied.iter().map(ToString::to_string).collect();
    json!({
        "environment": examined.environment,
        "commit": commit,
        "applied": applied,
        "safe": !examined.is_refused(),
        "migrations": examined.outlook,
    })
}

fn print(examined: &Examined, commit: &str) {
    let outlook = &examined.outlook;
    let short = commit.get(..8).unwrap_or(commit);
    match &outlook.basis {
        Basis::Database => anstream::println!(
            "{} migrations are applied in {}",
            examined.applied.len(),
            examined.environment.bold()
        ),
        Basis::Live { why } => anstream::println!("what is applied is not known: {why}"),
        Basis::Nothing => {
            anstream::println!("nothing is applied in {}", examined.environment.bold());
        }
    }
    let mut text = String::new();
    render::migrations::push(&mut text, outlook);
    if text.is_empty() {
        anstream::println!("nothing is pending of {short}");
    } else {
        anstream::println!("of {short}:");
        anstream::print!("{text}");
    }
    if examined.is_refused() {
        anstream::println!("{}", "a deployment of it is refused".red());
    }
}
