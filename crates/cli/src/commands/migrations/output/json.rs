//! One JSON document.

use serde_json::{Value, json};
use shipway_migrations::{File, Report};

use super::place;

/// Raised when a field is removed or changes its meaning; new fields leave it as it is.
const VERSION: u32 = 1;

pub(super) fn document(report: &Report, files: &[File]) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let place = place(finding, files);
            json!({
                "rule": finding.rule.id,
                "severity": finding.severity.as_str(),
                "phase": finding.rule.phase.as_str(),
                "message": finding.message,
                "reason": finding.reason,
                "remedy": finding.remedy,
                "waived": finding.waived,
                "file": place.path,
                "line": place.line,
                "column": place.column,
                "end_line": place.end_line,
                "end_column": place.end_column,
            })
        })
        .collect();
    let checked: Vec<Value> = report
        .checked
        .iter()
        .map(|migration| {
            json!({
                "name": migration.name,
                "file": files.get(migration.file).map(|file| &file.path),
                "phase": migration.phase.as_str(),
            })
        })
        .collect();
    json!({ "version": VERSION, "checked": checked, "findings": findings })
}
