//! `shipway gates show`.

use std::process::ExitCode;

use shipway_pipeline::gate::Gate;
use shipway_pipeline::name::GateName;
use shipway_store::GateRun;

use super::What;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render::{self, table, time};

/// Show what each gate says of a commit, and which environments ask for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let (_, commit) = arguments.what.find(&context)?;
    let mut found: Vec<(&Gate, Option<GateRun>)> = Vec::new();
    for gate in context.project.config.gates.values() {
        let run = context.engine.known_run(gate, &commit);
        found.push((
            gate,
            run.map_err(|error| CliError::of(Kind::Failed, &error))?,
        ));
    }
    if arguments.json {
        let documents: Vec<_> = found.iter().map(|(gate, run)| {
            serde_json::json!({ "gate": gate, "environments": askers(&context, &gate.name), "run": run })
        }).collect();
        render::json(&documents)?;
    } else if found.is_empty() {
        anstream::eprintln!("shipway.yml has no gates");
    } else {
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|(gate, run)| row(&context, gate, run.as_ref()))
            .collect();
        anstream::print!(
            "{}",
            table::render(&["GATE", "VERDICT", "WHEN", "ASKED FOR BY", "WHY"], &rows)
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn row(context: &Context, gate: &Gate, run: Option<&GateRun>) -> Vec<String> {
    let now = shipway_engine::clock::now();
    let reason = run.and_then(|run| run.verdict.reason());
    vec![
        gate.name.to_string(),
        run.map_or("not run", |run| run.verdict.as_str()).to_owned(),
        run.map_or_else(|| "-".to_owned(), |run| time::ago(run.ended, now)),
        askers(context, &gate.name).join(", "),
        reason.unwrap_or_default().to_owned(),
    ]
}

/// The environments that ask for a gate.
fn askers<'c>(context: &'c Context, gate: &GateName) -> Vec<&'c str> {
    let environments = context.project.config.environments.values();
    environments
        .filter(|environment| environment.gates.contains(gate))
        .map(|environment| environment.name.as_str())
        .collect()
}
