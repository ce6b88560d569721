//! Lines that GitHub's workflows show beside the code.

use shipway_migrations::{File, Finding, Report, Severity};

use super::place;

pub(super) fn lines(report: &Report, files: &[File]) -> String {
    report
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .map(|finding| line(finding, files))
        .collect()
}

fn line(finding: &Finding, files: &[File]) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Off => "notice",
    };
    let place = place(finding, files);
    let message = format!(
        "{}: {}\nhelp: {}",
        finding.message, finding.reason, finding.remedy
    );
    format!(
        "::{word} title={},file={},line={},endLine={}::{}\n",
        property(finding.rule.id),
        property(place.path),
        place.line,
        place.end_line,
        data(&message)
    )
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
