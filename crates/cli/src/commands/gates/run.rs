//! `shipway gates run`.

use std::process::ExitCode;

use shipway_engine::gates::{GateRequest, GateResult};
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::GateName;

use super::What;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::exit;
use crate::render::{self, Form, Output, table, time};

/// Run gates, as many at a time as the machine has processors
///
/// Those that passed for the commit before are not run again. What a gate needs comes along.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which gates [default: all]
    gates: Vec<String>,
    #[command(flatten)]
    what: What,
    /// Run those that passed before as well
    #[arg(long)]
    anew: bool,
    /// The environment whose files say how the image is built that gates with `in: image` run in
    /// [default: the first one that asks for one of the gates and is deployed to]
    #[arg(short, long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    if context.project.config.gates.is_empty() {
        anstream::eprintln!("shipway.yml has no gates");
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = super::named(&context, &arguments.gates)?;
    let (repository, commit) = arguments.what.find(&context)?;
    let form = arguments.output.form();
    let request = GateRequest {
        project: &context.project,
        repository: &repository,
        commit: &commit,
        wanted: &wanted,
        anew: arguments.anew,
        environment: environment(&context, arguments.environment.as_deref(), &wanted)?,
        release: None,
    };
    render::events::begin(form);
    let reporting = tokio::spawn(render::events::follow(events, form));
    let results = tokio::select! {
        results = context.engine.run_gates(&context.runtimes, &request) => {
            results.map_err(|error| CliError::of(Kind::Failed, &error))
        }
        // What runs ends with us.
        _ = tokio::signal::ctrl_c() => {
            Err(CliError::new(Kind::Interrupted, "the gates were interrupted"))
        }
    };
    context.engine.reporter.close();
    reporting.await.map_err(std::io::Error::other)?;
    let results = results?;
    match form {
        Form::Json => render::json(&results)?,
        Form::Events => {}
        Form::People | Form::Quiet => anstream::print!("{}", render(&results)),
    }
    let is_passed = |result: &GateResult| {
        let verdict = result.verdict.as_ref();
        verdict.is_some_and(shipway_pipeline::gate::Verdict::is_pass)
    };
    Ok(ExitCode::from(if results.iter().all(is_passed) {
        exit::OK
    } else {
        exit::REFUSED
    }))
}

/// The environment that images are built for: what is promoted to is never built for.
fn environment<'c>(
    context: &'c Context,
    name: Option<&str>,
    wanted: &[GateName],
) -> Result<Option<&'c Environment>> {
    if let Some(name) = name {
        return Ok(Some(context.project.environment_or_template(name)?));
    }
    let is_asked = |place: &&Environment| place.gates.iter().any(|gate| wanted.contains(gate));
    let mut places = context
        .project
        .places()
        .filter(|place| place.from.is_none());
    Ok(places.find(is_asked))
}

fn render(results: &[GateResult]) -> String {
    let rows: Vec<Vec<String>> = results.iter().map(row).collect();
    table::render(&["GATE", "VERDICT", "TOOK", "WHY"], &rows)
}

fn row(result: &GateResult) -> Vec<String> {
    let why = match (&result.verdict, &result.skipped_because) {
        (Some(verdict), _) => verdict.reason().unwrap_or_default().to_owned(),
        (None, Some(because)) => format!("`{because}` did not pass"),
        (None, None) => String::new(),
    };
    let verdict = result.verdict.as_ref();
    let took = result.run.as_ref();
    vec![
        result.gate.to_string(),
        verdict
            .map_or("skipped", |verdict| verdict.as_str())
            .to_owned(),
        took.map_or_else(
            || "-".to_owned(),
            |run| time::short(run.ended.since(run.began)),
        ),
        why,
    ]
}
