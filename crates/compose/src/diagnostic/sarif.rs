//! A report as SARIF 2.1.0, which code hosts show beside the code.

use serde_json::{Value, json};

use super::{Code, Finding, Level, Place, Report};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What paths are relative to, by the name that code hosts know.
const ROOT: &str = "%SRCROOT%";

/// Returns a report for code hosts; `version` is the program's own.
#[must_use]
pub fn sarif(report: &Report, version: &str) -> Value {
    let findings = report.findings();
    let mut rules: Vec<Code> = findings.iter().map(|it| it.diagnostic.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Value> = findings
        .into_iter()
        .map(|finding| result(finding, &rules, report))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "shipway",
                    "version": version,
                    "rules": rules.iter().copied().map(rule).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.title() },
        "help": { "text": code.page(), "markdown": code.page() },
        "defaultConfiguration": { "level": level(code.default_level()) },
        "properties": { "tags": [code.area().as_str()] },
    })
}

fn result(finding: &Finding, rules: &[Code], report: &Report) -> Value {
    let diagnostic = &finding.diagnostic;
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let labels = diagnostic.labels.iter();
    let mut places = labels.filter_map(|label| Place::of(label, report.sources()));
    let first: Vec<Value> = places.next().iter().map(|it| location(it, None)).collect();
    let related: Vec<Value> = (1..)
        .zip(places)
        .map(|(id, place)| location(&place, Some(id)))
        .collect();
    json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": rules.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level(Level::of(diagnostic.severity)),
        "message": { "text": text },
        "locations": first,
        "relatedLocations": related,
        "properties": { "environments": finding.environments },
    })
}

fn location(place: &Place, id: Option<u32>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": artifact(&place.file),
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        },
    });
    if let Some(id) = id {
        location["id"] = id.into();
    }
    if !place.message.is_empty() {
        location["message"] = json!({ "text": place.message });
    }
    location
}

/// Relative to the project where the file lies below it.
fn artifact(file: &str) -> Value {
    if file.starts_with('/') {
        return json!({ "uri": format!("file://{}", encoded(file)) });
    }
    json!({ "uri": encoded(file), "uriBaseId": ROOT })
}

/// Escapes what a path may hold and a URI may not.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Off => "none",
    }
}
