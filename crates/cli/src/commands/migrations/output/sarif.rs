//! SARIF 2.1.0, which code hosts show beside the code.

use serde_json::{Value, json};
use shipway_migrations::{File, Finding, Report, Rule, Severity};

use super::place;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn document(report: &Report, files: &[File]) -> Value {
    let mut rules: Vec<&'static Rule> = report.findings.iter().map(|it| it.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, files))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "shipway",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(finding: &Finding, files: &[File]) -> Value {
    let place = place(finding, files);
    let suppressions: Vec<Value> = finding
        .waived
        .iter()
        .map(|reason| json!({ "kind": "inSource", "justification": reason }))
        .collect();
    json!({
        "ruleId": finding.rule.id,
        "level": level(finding.severity),
        "message": {
            "text": format!("{}: {}\nhelp: {}", finding.message, finding.reason, finding.remedy),
        },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": place.path, "uriBaseId": "%SRCROOT%" },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        } }],
        "suppressions": suppressions,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
        Severity::Off => "none",
    }
}
