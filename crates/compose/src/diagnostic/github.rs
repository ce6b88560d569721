//! A report as lines that GitHub's workflows show beside the code.

use std::fmt::Write as _;

use super::{Finding, Place, Report, Severity};

/// Returns one workflow command a finding.
#[must_use]
pub fn github(report: &Report) -> String {
    let findings = report.findings().into_iter();
    findings.map(|finding| line(finding, report)).collect()
}

fn line(finding: &Finding, report: &Report) -> String {
    let diagnostic = &finding.diagnostic;
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = format!("title={}", property(diagnostic.code.as_str()));
    let label = diagnostic.labels.first();
    if let Some(place) = label.and_then(|label| Place::of(label, report.sources())) {
        let _ = write!(
            properties,
            ",file={},line={},col={}",
            property(&place.file),
            place.line,
            place.column
        );
        // With several lines, columns would be refused.
        if place.end_line == place.line {
            let _ = write!(properties, ",endColumn={}", place.end_column);
        } else {
            let _ = write!(properties, ",endLine={}", place.end_line);
        }
    }
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    if !finding.environments.is_empty() {
        let _ = write!(message, "\nin {}", finding.environments.join(", "));
    }
    format!("::{word} {properties}::{}\n", data(&message))
}

/// What would end the command or begin an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
