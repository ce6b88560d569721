//! `shipway prune`.

use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_engine::prune::PrunePlan;
use shipway_engine::sweep::sweep;
use shipway_pipeline::retention::{Reason, Verdict};
use shipway_runtime::Left;

use crate::arguments::Global;
use crate::confirm;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render::{self, bytes, table};

/// Remove the artifacts of releases that no environment can return to
///
/// Kept are, for each environment, what is live, what is stable, what a deployment that is not
/// over needs, and the last releases that were stable there; and the newest releases of all. Of
/// the others, images and directories that no kept release has are removed, and images of a
/// registry there as well, where it allows that. Releases stay on record.
///
/// Removed as well are what requests told as they were carried out, 30 days after they were over,
/// and the logs of gates, after 90 days, of commits that no release was made of. The daemon does
/// that by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many releases to keep for each environment to roll back to, besides what is live
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Show what would be removed and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let (engine, project) = (&context.engine, &context.project);
    if !arguments.dry_run {
        let swept = sweep(&engine.store, now());
        let files = swept.map_err(|error| CliError::of(Kind::Failed, &error))?;
        if files > 0 && !arguments.json {
            anstream::eprintln!("removed {files} logs that were kept for long enough");
        }
    }
    let keep = arguments.keep as usize;
    let plan = engine.plan_prune(project, keep).await?;
    if plan.verdicts.is_empty() && !arguments.json {
        anstream::eprintln!("there are no releases yet, and so nothing to remove");
        return Ok(ExitCode::SUCCESS);
    }
    let count = plan.needless().count();
    if arguments.dry_run || count == 0 {
        print(&plan, &[], !arguments.dry_run, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.json && !arguments.yes {
        anstream::eprint!("{}", render_verdicts(&plan));
    }
    let question = format!(
        "Remove the artifacts of {count} releases, about {}?",
        bytes::short(plan.bytes)
    );
    confirm::ask_plainly(&question, arguments.yes)?;
    let left = engine.prune(project, &plan, keep).await?;
    print(&plan, &left, true, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

fn print(plan: &PrunePlan, left: &[Left], is_done: bool, is_json: bool) -> Result<()> {
    if is_json {
        return render::json(&serde_json::json!({
            "done": is_done,
            "bytes": plan.bytes,
            "releases": plan.verdicts,
            "left": left,
        }));
    }
    anstream::print!("{}", render_verdicts(plan));
    let verb = if is_done { "freed" } else { "would free" };
    anstream::println!("{verb} about {}", bytes::short(plan.bytes));
    for one in left {
        anstream::eprintln!("kept {}: {}", one.part, one.reason);
    }
    Ok(())
}

fn render_verdicts(plan: &PrunePlan) -> String {
    let rows: Vec<Vec<String>> = plan.verdicts.iter().map(row).collect();
    table::render(&["RELEASE", "", "WHY"], &rows)
}

fn row(verdict: &Verdict) -> Vec<String> {
    let (what, why) = if verdict.is_needless() {
        ("remove", "no environment can return to it".to_owned())
    } else {
        let reasons: Vec<String> = verdict.kept.iter().map(Reason::to_string).collect();
        ("keep", reasons.join("; "))
    };
    vec![verdict.release.to_string(), what.to_owned(), why]
}
