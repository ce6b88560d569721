//! What is wrong in a `shipway.yml`, where, and the way out.

use std::ops::Range;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Byte range, empty where the parser gave none.
    pub bytes: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

// === impl Problem ===

impl Problem {
    /// A problem at a place that the parser reported.
    pub(super) fn at(location: serde_saphyr::Location, message: impl Into<String>) -> Self {
        let bytes = location.span().byte_offset().map_or(0..0, |start| {
            let start = start as usize;
            start..start + location.span().byte_len().unwrap_or(0) as usize
        });
        Self {
            line: u32::try_from(location.line()).unwrap_or(0),
            column: u32::try_from(location.column()).unwrap_or(0),
            bytes,
            message: message.into(),
            help: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// From the parser's own error, with a suggestion where a key was misspelt.
    pub(super) fn from_parser(error: &serde_saphyr::Error) -> Self {
        let plain = error.without_snippet();
        let message = in_plain_words(&strip_place(&plain.to_string()));
        let location = plain.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
        let help = suggestion(&message);
        Self {
            help,
            ..Self::at(location, message)
        }
    }
}

/// What the parser calls things, and what people do.
const WORDS: [(&str, &str); 4] = [
    (
        "expected mapping start",
        "expected a mapping: lines of `key: value`",
    ),
    (
        "expected sequence start",
        "expected a list: `[a, b]` or lines of `- a`",
    ),
    ("expected string scalar", "expected a text"),
    ("expected scalar", "expected a single value"),
];

/// The parser's message in words for people.
fn in_plain_words(message: &str) -> String {
    WORDS
        .iter()
        .find(|(parser, _)| message.starts_with(parser))
        .map_or_else(|| message.to_owned(), |(_, plain)| (*plain).to_owned())
}

/// The parser's message without its own `at line …`, which is shown in another way.
fn strip_place(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let without = first.strip_prefix("error: ").unwrap_or(first);
    match without.find(": ") {
        Some(colon) if without.starts_with("line ") => without[colon + 2..].to_owned(),
        _ => without
            .split(" at line ")
            .next()
            .unwrap_or(without)
            .to_owned(),
    }
}

/// "did you mean" out of `unknown field `x`, expected one of `a`, `b``.
fn suggestion(message: &str) -> Option<String> {
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return None;
    }
    let (subject, expected) = message.split_once(", expected ")?;
    let given = subject.split('`').nth(1)?;
    let known: Vec<&str> = expected
        .trim_start_matches("one of ")
        .split(", ")
        .map(|candidate| candidate.trim_matches('`'))
        .collect();
    Some(match nearest(given, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", known.join(", ")),
    })
}

/// The candidate that `given` was most likely meant to be.
pub(crate) fn nearest<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(given.len()) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}
