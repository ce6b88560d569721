//! For people: the place, the reason, the way out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use owo_colors::OwoColorize;
use shipway_migrations::{File, Finding, Phase, Report, Severity};

use super::super::select::Selection;
use super::is_refusal;
use crate::error::Result;

/// A rule is told in full so many times; whoever has read that knows it. What comes after is a line
/// each.
const IN_FULL: usize = 10;

pub(super) fn print(report: &Report, selection: &Selection, verbose: bool) -> Result<()> {
    let renderer = renderer(&std::io::stdout());
    let told = report.findings.iter().filter(|finding| {
        finding.waived.is_none() && (verbose || finding.severity > Severity::Info)
    });
    // Written at once: a terminal takes thousands of findings no faster one by one.
    let mut text = String::new();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for finding in told {
        let times = times.entry(finding.rule.id).or_default();
        *times += 1;
        if *times <= IN_FULL || verbose {
            text.push_str(&one(finding, &selection.files, &renderer));
            text.push_str("\n\n");
        } else {
            in_a_line(finding, &selection.files, &mut text);
        }
    }
    // Not through `anstream`, which would look for colours to take off: where there are to be none,
    // none were put on.
    std::io::stdout().write_all(text.as_bytes())?;
    summary(report, selection, verbose);
    Ok(())
}

/// How findings look on a stream.
fn renderer(stream: &impl anstream::stream::RawStream) -> Renderer {
    match anstream::AutoStream::choice(stream) {
        anstream::ColorChoice::Never => Renderer::plain(),
        _ => Renderer::styled(),
    }
}

/// A finding with its place, its reason and the way out, for standard error.
pub(in crate::commands::migrations) fn render(finding: &Finding, files: &[File]) -> String {
    one(finding, files, &renderer(&std::io::stderr()))
}

fn one(finding: &Finding, files: &[File], renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info | Severity::Off => Level::INFO,
    };
    let message = visible(&finding.message);
    let mut group = Group::with_title(level.primary_title(message).id(finding.rule.id));
    if let Some(file) = files.get(finding.file) {
        let shown = Shown::of(&file.text, finding);
        group = group.element(
            Snippet::source(shown.line)
                .line_start(shown.number)
                .path(visible(&file.path))
                .annotation(AnnotationKind::Primary.span(shown.range)),
        );
    }
    let group = group
        .element(Level::NOTE.message(finding.reason))
        .element(Level::HELP.message(finding.remedy))
        .element(Level::HELP.message(format!(
            "`shipway explain {}` has examples",
            finding.rule.id
        )));
    renderer.render(&[group])
}

/// Writes a finding of a rule that was told in full often enough.
fn in_a_line(finding: &Finding, files: &[File], text: &mut String) {
    if let Some(file) = files.get(finding.file) {
        let (line, column) = file.line_and_column(finding.range.start);
        let _ = write!(text, "{}:{line}:{column}: ", visible(&file.path));
    }
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Off => "info",
    };
    let (id, message) = (finding.rule.id, visible(&finding.message));
    let _ = writeln!(text, "{level}[{id}]: {message}");
}

/// What is shown of a file: an operation can go over many lines, and its first one says which it
/// is. The renderer would read all of the file again for each finding.
struct Shown<'a> {
    line: &'a str,
    number: usize,
    range: std::ops::Range<usize>,
}

impl<'a> Shown<'a> {
    fn of(text: &'a str, finding: &Finding) -> Self {
        let start = text.floor_char_boundary(finding.range.start.min(text.len()));
        let end = text.floor_char_boundary(finding.range.end.clamp(start, text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let length = text[line_start..].find(['\n', '\r']);
        let line_end = length.map_or(text.len(), |length| line_start + length);
        Self {
            line: &text[line_start..line_end.max(start)],
            number: before.matches('\n').count() + 1,
            range: start - line_start..end.min(line_end.max(start)) - line_start,
        }
    }
}

/// Escapes control characters: names come from files and end up on terminals.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

fn summary(report: &Report, selection: &Selection, verbose: bool) {
    let count = |severity| {
        let of = |finding: &&Finding| finding.severity == severity && finding.waived.is_none();
        report.findings.iter().filter(of).count()
    };
    let waived = report
        .findings
        .iter()
        .filter(|it| it.waived.is_some())
        .count();
    let parts = [
        (count(Severity::Error), "not safe"),
        (count(Severity::Warning), "to look at"),
        (count(Severity::Info), "good to know (`--verbose`)"),
        (waived, "waived"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let mark = if report.findings.iter().any(is_refusal) {
        "✗".red().to_string()
    } else {
        "✓".green().to_string()
    };
    let result = if told.is_empty() {
        "nothing found".to_owned()
    } else {
        told.join(", ")
    };
    let (checked, what) = (report.checked.len(), &selection.what);
    let mut text = format!("{mark} {checked} checked ({what}): {result}\n");
    let contracts = || {
        let all = report.checked.iter();
        all.filter(|migration| migration.phase == Phase::Contract)
    };
    let shown = if verbose { usize::MAX } else { IN_FULL };
    for migration in contracts().take(shown) {
        let name = &migration.name;
        let _ = writeln!(
            text,
            "  {name} takes something away: it belongs after the switch"
        );
    }
    let left = contracts().count().saturating_sub(shown);
    if left > 0 {
        let _ = writeln!(text, "  and {left} more do (`--verbose`)");
    }
    anstream::eprint!("{text}");
}
