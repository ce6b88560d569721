//! The end of a deployment.

use owo_colors::OwoColorize;
use shipway_engine::deploy::Finished;
use shipway_engine::scale::render_changes;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::plan::Kind;

use super::{Form, json};
use crate::error::Result;

/// Tells how it ended, why, and what comes next.
pub(crate) fn print(finished: &Finished, form: Form) -> Result<()> {
    match form {
        Form::People | Form::Quiet => tell(finished),
        Form::Json => {
            let mut told = serde_json::json!({
                "deployment": finished.deployment,
                "environment": finished.plan.environment,
                "release": finished.plan.target.release,
                "outcome": finished.outcome,
                "cause": finished.cause,
            });
            if !finished.certificates.is_empty() {
                told["certificates"] = serde_json::json!(finished.certificates);
            }
            json(&told)?;
        }
        // Told as the last event.
        Form::Events => {}
    }
    Ok(())
}

fn tell(finished: &Finished) {
    let plan = &finished.plan;
    let id = finished.deployment;
    match finished.outcome {
        Outcome::Succeeded if plan.kind == Kind::Scale => anstream::eprintln!(
            "{} {} in {} ({id})",
            "✓".green().bold(),
            render_changes(plan),
            plan.environment
        ),
        Outcome::Succeeded if plan.kind == Kind::Down => anstream::eprintln!(
            "{} nothing runs in {} any more ({id})",
            "✓".green().bold(),
            plan.environment
        ),
        Outcome::Succeeded if plan.kind == Kind::Renew => anstream::eprintln!(
            "{} made anew in {} ({id})",
            "✓".green().bold(),
            plan.environment
        ),
        Outcome::Succeeded if plan.kind == Kind::Migrate => anstream::eprintln!(
            "{} the database of {} is migrated ({id})",
            "✓".green().bold(),
            plan.environment
        ),
        Outcome::Succeeded => {
            anstream::eprintln!(
                "{} {} is live in {} ({id})",
                "✓".green().bold(),
                plan.target.release,
                plan.environment
            );
            tell_cause(finished);
        }
        outcome => {
            anstream::eprintln!("{} {id} {outcome}", "✗".red().bold());
            tell_cause(finished);
            anstream::eprintln!("  {}", what_is_live(finished));
        }
    }
    anstream::eprintln!("{} shipway show {id}", "next:".cyan().bold());
}

/// Why it did not go through, or what was left undone once the release was stable.
fn tell_cause(finished: &Finished) {
    let Some(cause) = &finished.cause else { return };
    anstream::eprintln!("  {cause}");
    for line in cause.evidence() {
        anstream::eprintln!("  {} {line}", "|".dimmed());
    }
}

fn what_is_live(finished: &Finished) -> String {
    let environment = &finished.plan.environment;
    match (&finished.plan.previous, finished.outcome) {
        (_, Outcome::RollbackFailed) => {
            format!(
                "{environment} is frozen until somebody has looked: `shipway status {environment}`"
            )
        }
        (Some(previous), _) => format!("{} is live in {environment}", previous.release),
        (None, _) if finished.plan.kind == Kind::Renew => {
            format!("the container of before runs in {environment}")
        }
        (None, _) if finished.plan.kind == Kind::Migrate => {
            format!("what is live in {environment} stays so")
        }
        (None, _) => format!("nothing is live in {environment}"),
    }
}
