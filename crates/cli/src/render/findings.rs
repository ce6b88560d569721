//! What was found in files, for people.

use owo_colors::OwoColorize;
use shipway_compose::diagnostic::{Color, Diagnostic, Report, Severity, render_report};
use shipway_engine::project::Checked;
use shipway_pipeline::config::Environment;

/// A line for each environment: what it runs, or that it cannot be deployed.
pub(crate) fn environments(checked: &[(&Environment, Checked)]) -> String {
    checked
        .iter()
        .map(|(environment, checked)| {
            let name = &environment.name;
            let is_bad = checked.diagnostics.iter().any(Diagnostic::is_error);
            match &checked.workload {
                Some(workload) if !is_bad => {
                    let members: Vec<String> = workload
                        .members
                        .iter()
                        .map(|member| format!("{} ({})", member.name, member.role))
                        .collect();
                    format!("{} {name}: {}\n", "✓".green(), members.join(", "))
                }
                _ => format!("{} {name}\n", "✗".red()),
            }
        })
        .collect()
}

/// The findings and how many there are.
pub(crate) fn report(report: &Report) -> String {
    let found = render_report(report, color());
    let summary = summary(report);
    if found.is_empty() {
        format!("{summary}\n")
    } else {
        format!("\n{found}\n\n{summary}\n")
    }
}

fn summary(report: &Report) -> String {
    let errors = report.count(Severity::Error);
    let warnings = report.count(Severity::Warning);
    let counted = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let found: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect();
    let found = if found.is_empty() {
        "no findings".to_owned()
    } else {
        found.join(", ")
    };
    match report.environments().len() {
        0 => format!("{found} in shipway.yml"),
        count => format!("{found} in {}", counted(count, "environment")),
    }
}

/// Whether standard error takes colours.
pub(crate) fn color() -> Color {
    match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => Color::Never,
        _ => Color::Always,
    }
}
