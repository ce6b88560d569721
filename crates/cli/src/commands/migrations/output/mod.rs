//! What was found, in the form that was asked for.

mod github;
pub(super) mod human;
mod json;
mod sarif;

use shipway_migrations::{File, Finding, Report, Severity};

use super::select::Selection;
use crate::error::Result;
use crate::render;

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// Lines that GitHub's workflows show beside the code
    Github,
}

/// Prints a report; returns whether something in it is not to be deployed.
pub(super) fn print(
    report: &Report,
    selection: &Selection,
    form: Form,
    verbose: bool,
) -> Result<bool> {
    let files = &selection.files;
    match form {
        Form::Human => human::print(report, selection, verbose)?,
        Form::Json => render::json(&json::document(report, files))?,
        Form::Sarif => render::json(&sarif::document(report, files))?,
        Form::Github => anstream::print!("{}", github::lines(report, files)),
    }
    Ok(report.findings.iter().any(is_refusal))
}

fn is_refusal(finding: &Finding) -> bool {
    finding.severity == Severity::Error && finding.waived.is_none()
}

/// Where something begins and ends: lines and columns from 1.
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn place<'a>(finding: &Finding, files: &'a [File]) -> Place<'a> {
    let Some(file) = files.get(finding.file) else {
        return Place {
            path: "",
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        };
    };
    let (line, column) = file.line_and_column(finding.range.start);
    let (end_line, end_column) = file.line_and_column(finding.range.end);
    Place {
        path: &file.path,
        line,
        column,
        end_line,
        end_column,
    }
}
