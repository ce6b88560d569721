//! Plans for people and machines.

use owo_colors::OwoColorize;
use shipway_engine::scale::render_changes;
use shipway_pipeline::drift::Deviation;
use shipway_pipeline::plan::{Kind, Plan, Severity, Step};
use shipway_pipeline::release::Release;

use super::{Form, json, migrations, step};
use crate::error::Result;

/// Prints a plan to standard output: it is what was asked for.
pub(crate) fn print(plan: &Plan, release: &Release, form: Form) -> Result<()> {
    print_with_drift(plan, release, &[], form)
}

/// The same, for machines with what is not as recorded.
pub(crate) fn print_with_drift(
    plan: &Plan,
    release: &Release,
    drift: &[Deviation],
    form: Form,
) -> Result<()> {
    let drift: Vec<_> = drift.iter().map(one_of).collect();
    let document = serde_json::json!({
        "event": "plan",
        "changes": true,
        "drift": drift,
        "plan": plan,
        "digest": plan.digest(),
        "release": release,
    });
    match form {
        Form::People | Form::Quiet => anstream::print!("{}", render(plan, release)),
        Form::Json => json(&document)?,
        Form::Events => anstream::println!("{document}"),
    }
    Ok(())
}

fn one_of(one: &Deviation) -> serde_json::Value {
    serde_json::json!({ "deviation": one, "text": one.to_string(), "remedy": one.remedy() })
}

/// Tells a plan on standard error, before a question.
pub(crate) fn tell(plan: &Plan, release: &Release) {
    anstream::eprint!("{}", render(plan, release));
}

fn render(plan: &Plan, release: &Release) -> String {
    let mut text = match plan.kind {
        Kind::Scale => scale_heading(plan, release),
        Kind::Down => format!(
            "Stop all of {}\n  {} {} is live\n",
            plan.environment.bold(),
            plan.target.colour,
            release.id
        ),
        Kind::Renew => format!(
            "{} a service of {}, as {} ({}) says\n",
            capital(plan.kind.as_str()),
            plan.environment.bold(),
            release.id.bold(),
            release.short_commit()
        ),
        Kind::Migrate => format!(
            "{} the database of {} with {} ({})\n",
            capital(plan.kind.as_str()),
            plan.environment.bold(),
            release.id.bold(),
            release.short_commit()
        ),
        Kind::Deploy | Kind::Promote | Kind::Rollback | Kind::Restore => heading(plan, release),
    };
    for note in &plan.notes {
        let mark = match note.severity {
            Severity::Info => "note:".cyan().to_string(),
            Severity::Warning => "warning:".yellow().to_string(),
            Severity::Fatal => "fatal:".red().to_string(),
        };
        text.push_str(&format!("  {mark} {}\n", note.text));
    }
    if let Some(outlook) = &plan.migrations {
        migrations::push(&mut text, outlook);
    }
    push_steps(&mut text, plan, &plan.steps);
    if plan.kind == Kind::Migrate {
        push_digest(&mut text, plan);
        return text;
    }
    let touched = plan.steps.get(plan.revert.touched_from);
    text.push_str("If it does not go through:\n");
    let before = plan.revert.untouched.iter();
    let untouched: Vec<String> = before
        .map(|one| step::describe(plan, &one.action))
        .collect();
    text.push_str(&format!("  at first: {}\n", untouched.join(", ")));
    if let Some(touched) = touched {
        text.push_str(&format!(
            "  from `{}` on:\n",
            step::describe(plan, &touched.action)
        ));
        for one in &plan.revert.touched {
            text.push_str(&format!("    {}\n", step::describe(plan, &one.action)));
        }
    }
    push_digest(&mut text, plan);
    text
}

fn push_digest(text: &mut String, plan: &Plan) {
    let digest = format!("plan {}", plan.digest().short());
    text.push_str(&format!("{}\n", digest.dimmed()));
}

fn heading(plan: &Plan, release: &Release) -> String {
    let mut text = format!(
        "{} {} ({}, {}) to {} by {}\n",
        capital(plan.kind.as_str()),
        release.id.bold(),
        release.short_commit(),
        release.subject,
        plan.environment.bold(),
        plan.strategy,
    );
    match &plan.previous {
        Some(previous) => text.push_str(&format!(
            "  {} {} replaces {} {}\n",
            plan.target.colour, plan.target.release, previous.colour, previous.release
        )),
        None => text.push_str("  nothing is live there yet\n"),
    }
    text
}

fn scale_heading(plan: &Plan, release: &Release) -> String {
    format!(
        "Scale {} in {}\n  {} {} ({}, {}) is live and stays\n",
        render_changes(plan).bold(),
        plan.environment.bold(),
        plan.target.colour,
        release.id,
        release.short_commit(),
        release.subject,
    )
}

fn push_steps(text: &mut String, plan: &Plan, steps: &[Step]) {
    let mut stage = None;
    for one in steps {
        if stage != Some(one.stage) {
            text.push_str(&format!("  {}\n", one.stage.as_str().bold()));
            stage = Some(one.stage);
        }
        text.push_str(&format!("    {}\n", step::describe(plan, &one.action)));
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
