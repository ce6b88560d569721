//! Diagnostics as text: message, source line, caret, way out.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Label, Report, Severity, Sources};

/// Whether terminal colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// With ANSI escapes.
    Always,
}

/// Renders several diagnostics, one blank line between two.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], sources: &Sources, color: Color) -> String {
    let parts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| render_one(diagnostic, sources, color))
        .collect();
    parts.join("\n\n")
}

/// Renders a report, each finding with the environments that it is in if it is not in all.
#[must_use]
pub fn render_report(report: &Report, color: Color) -> String {
    let all = report.environments().len();
    let parts: Vec<String> = report
        .findings()
        .into_iter()
        .map(|finding| {
            let names = &finding.environments;
            let is_partial = !names.is_empty() && names.len() < all;
            let note = is_partial.then(|| format!("in {}", names.join(", ")));
            render(
                &finding.diagnostic,
                note.as_deref(),
                report.sources(),
                color,
            )
        })
        .collect();
    parts.join("\n\n")
}

pub(super) fn render_one(diagnostic: &Diagnostic, sources: &Sources, color: Color) -> String {
    render(diagnostic, None, sources, color)
}

fn render(diagnostic: &Diagnostic, note: Option<&str>, sources: &Sources, color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let group = Group::with_title(title);
    let mut group = if diagnostic.code.hides_line() {
        group.elements(origins(&diagnostic.labels, sources))
    } else {
        group.elements(snippets(&diagnostic.labels, sources))
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    if let Some(note) = note {
        group = group.element(Level::NOTE.message(visible(note)));
    }
    renderer.render(&[group])
}

/// Names the places without showing what stands there.
fn origins<'a>(labels: &'a [Label], sources: &'a Sources) -> impl Iterator<Item = Origin<'a>> {
    labels.iter().filter_map(|label| {
        let source = sources.get(label.span.source)?;
        let place = Origin::path(&source.name).line(label.span.line as usize);
        Some(place.char_column(label.span.column as usize))
    })
}

/// Makes one snippet per file, in the order in which labels name the files.
fn snippets<'a>(
    labels: &'a [Label],
    sources: &'a Sources,
) -> impl Iterator<Item = Snippet<'a, Annotation<'a>>> {
    let mut numbers: Vec<u16> = Vec::new();
    for label in labels {
        if !numbers.contains(&label.span.source) {
            numbers.push(label.span.source);
        }
    }
    numbers.into_iter().filter_map(move |number| {
        let source = sources.get(number)?;
        let annotations = labels
            .iter()
            .enumerate()
            .filter(|(_, label)| label.span.source == number)
            .map(|(index, label)| annotation(&source.text, label, index == 0));
        Some(
            Snippet::source(&source.text)
                .path(&source.name)
                .annotations(annotations),
        )
    })
}

fn annotation<'a>(text: &str, label: &Label, primary: bool) -> Annotation<'a> {
    let kind = if primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let annotation = kind.span(shown(text, label.span.start..label.span.end));
    if label.text.is_empty() {
        annotation
    } else {
        annotation.label(visible(&label.text))
    }
}

/// Returns the part of a span that is on its first line and inside of the text.
fn shown(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
    let line = text[start..end]
        .find(['\n', '\r'])
        .map_or(end, |length| start + length);
    start..line
}

/// Escapes control characters: names come from files and end up on terminals.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::yaml::Span;

    fn span(source: u16, start: usize, end: usize) -> Span {
        Span {
            source,
            line: 1,
            column: 1,
            start,
            end,
        }
    }

    #[test]
    fn a_place_is_shown_with_its_line_and_a_caret() {
        let mut sources = Sources::new();
        let number = sources.add("compose.yml", "services:\n  web:\n    imgae: x\n");
        let text = Diagnostic::new(Code::UnknownKey, "unknown key `imgae` in service `web`")
            .with_label(span(number, 21, 26), "")
            .with_help("did you mean `image`?")
            .render(&sources);
        assert_eq!(
            text,
            "error[unknown-key]: unknown key `imgae` in service `web`\n \
             --> compose.yml:3:5\n  \
               |\n\
             3 |     imgae: x\n  \
               |     ^^^^^\n  \
               |\n  \
               = help: did you mean `image`?"
        );
    }

    #[test]
    fn a_line_with_a_secret_is_not_shown() {
        let mut sources = Sources::new();
        let number = sources.add("compose.yml", "a: {API_TOKEN: hunter2}\n");
        let text = Diagnostic::new(Code::PlainSecret, "secret `API_TOKEN`")
            .with_label(span(number, 4, 13), "")
            .with_help("change it")
            .render(&sources);
        assert_eq!(
            text,
            "warning[plain-secret]: secret `API_TOKEN`\n\
             --> compose.yml:1:1\n \
             = help: change it"
        );
    }

    #[test]
    fn places_in_two_files_are_both_shown() {
        let mut sources = Sources::new();
        let one = sources.add("a.yml", "web: 1\n");
        let two = sources.add("b.yml", "web: 2\n");
        let text = Diagnostic::new(Code::WrongValue, "twice")
            .with_label(span(two, 0, 3), "again here")
            .with_label(span(one, 0, 3), "first here")
            .render(&sources);
        assert!(
            text.contains("b.yml:1:1") && text.contains("a.yml:1:1"),
            "{text}"
        );
        assert!(
            text.contains("^^^ again here") && text.contains("--- first here"),
            "{text}"
        );
    }

    #[test]
    fn places_outside_of_the_text_do_no_harm() {
        let mut sources = Sources::new();
        let number = sources.add("a.yml", "é: 1");
        for (start, end) in [(0, 99), (99, 120), (1, 1), (1, 2), (7, 3)] {
            let diagnostic =
                Diagnostic::new(Code::WrongValue, "m").with_label(span(number, start, end), "here");
            assert!(
                diagnostic
                    .render(&sources)
                    .starts_with("error[wrong-value]: m")
            );
        }
        let nowhere = Diagnostic::new(Code::WrongValue, "m").with_label(span(9, 0, 1), "here");
        assert_eq!(nowhere.render(&sources), "error[wrong-value]: m");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let text = Diagnostic::new(Code::WrongValue, "bad \u{1b}[31m").render(&Sources::new());
        assert_eq!(text, "error[wrong-value]: bad \\u{1b}[31m");
    }

    #[test]
    fn colours_are_written_when_asked_for() {
        let diagnostics = [
            Diagnostic::new(Code::WrongValue, "m"),
            Diagnostic::new(Code::MountType, "n"),
        ];
        let plain = render_all(&diagnostics, &Sources::new(), Color::Never);
        assert_eq!(plain, "error[wrong-value]: m\n\nwarning[mount-type]: n");
        assert!(render_all(&diagnostics, &Sources::new(), Color::Always).contains('\u{1b}'));
    }
}
