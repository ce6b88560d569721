//! A report as JSON.

use serde::Serialize;

use super::{Finding, Level, Place, Report, Severity};

/// Raised when a field is removed or changes its meaning; new fields leave it as it is.
const VERSION: u32 = 1;

/// A report for programs; `serde` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JsonReport<'a> {
    version: u32,
    /// Environments that were looked at.
    environments: &'a [String],
    errors: usize,
    warnings: usize,
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    level: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    environments: &'a [String],
    /// The place to look at first: fields of this object, or `null`.
    #[serde(flatten)]
    place: JsonPlace,
    /// Other places that it concerns.
    related: Vec<Place>,
}

/// All fields are there, as null where there is no place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
struct JsonPlace {
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
}

/// Returns a report for programs.
#[must_use]
pub fn json(report: &Report) -> JsonReport<'_> {
    let findings = report.findings();
    JsonReport {
        version: VERSION,
        environments: report.environments(),
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        diagnostics: findings.into_iter().map(|it| of(it, report)).collect(),
    }
}

fn of<'a>(finding: &'a Finding, report: &Report) -> JsonDiagnostic<'a> {
    let diagnostic = &finding.diagnostic;
    let labels = diagnostic.labels.iter();
    let mut places = labels.filter_map(|label| Place::of(label, report.sources()));
    JsonDiagnostic {
        code: diagnostic.code.as_str(),
        level: Level::of(diagnostic.severity).as_str(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        environments: &finding.environments,
        place: places.next().map(JsonPlace::from).unwrap_or_default(),
        related: places.collect(),
    }
}

// === impl JsonPlace ===

impl From<Place> for JsonPlace {
    fn from(place: Place) -> Self {
        Self {
            file: Some(place.file),
            line: Some(place.line),
            column: Some(place.column),
            end_line: Some(place.end_line),
            end_column: Some(place.end_column),
        }
    }
}
