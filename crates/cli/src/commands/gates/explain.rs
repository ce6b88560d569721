//! `shipway gates explain`.

use std::process::ExitCode;

use super::What;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render::{self, time};

/// Show what a gate does, what it said of a commit, and what its command wrote
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The gate
    gate: String,
    #[command(flatten)]
    what: What,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let gate = super::gate(&context, &arguments.gate)?;
    let (_, commit) = arguments.what.find(&context)?;
    let run = context.engine.known_run(gate, &commit);
    let run = run.map_err(|error| CliError::of(Kind::Failed, &error))?;
    let log = run
        .as_ref()
        .map(|run| context.engine.store.directory().join(&run.log));
    // A log that is gone takes nothing from the verdict.
    let text = log.and_then(|path| std::fs::read_to_string(path).ok());
    if arguments.json {
        render::json(&serde_json::json!({ "gate": gate, "run": run, "log": text }))?;
        return Ok(ExitCode::SUCCESS);
    }
    anstream::println!("{} runs `{}`", gate.name, gate.run);
    let Some(run) = run else {
        let next = format!("`shipway gates run {}`", gate.name);
        anstream::println!("it was not run for {}; {next} does", short(&commit.id));
        return Ok(ExitCode::SUCCESS);
    };
    anstream::println!(
        "{} for {}: {}, {} by {}, in {}",
        if run.attempts == 1 {
            "once".to_owned()
        } else {
            format!("{} times", run.attempts)
        },
        short(&commit.id),
        run.verdict,
        time::absolute(run.ended),
        run.by,
        time::short(run.ended.since(run.began))
    );
    anstream::print!("{}", text.unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
