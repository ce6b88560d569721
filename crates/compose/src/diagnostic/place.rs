//! A place as formats for machines want it.

use serde::Serialize;

use super::{Label, Sources};
use crate::yaml::Span;

/// A place with its end; lines and columns from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, relative to the project directory where it lies below it.
    pub file: String,
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line of the character after the last.
    pub end_line: u32,
    /// Column of the character after the last.
    pub end_column: u32,
    /// What is to be said about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

// === impl Place ===

impl Place {
    /// Finds a label's place; `None` where its file is not known.
    pub(super) fn of(label: &Label, sources: &Sources) -> Option<Self> {
        let source = sources.get(label.span.source)?;
        let length = source.text.len();
        let end = label.span.end.clamp(label.span.start.min(length), length);
        let end = source.text.floor_char_boundary(end);
        let after = Span::locate(label.span.source, &source.text, end..end);
        Some(Self {
            file: source.name.clone(),
            line: label.span.line,
            column: label.span.column,
            end_line: after.line.max(label.span.line),
            end_column: after.column,
            message: label.text.clone(),
        })
    }
}
