//! A place in a source file.

use std::ops::Range;

/// A place in a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Which source: an index into [`Sources`](crate::diagnostic::Sources).
    pub source: u16,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset of the start.
    pub start: usize,
    /// Byte offset after the end.
    pub end: usize,
}

// === impl Span ===

impl Span {
    /// Finds line and column of a byte range in a text.
    #[must_use]
    pub fn locate(source: u16, text: &str, range: Range<usize>) -> Self {
        let start = text.floor_char_boundary(range.start.min(text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        Self {
            source,
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
            start,
            end: range.end.clamp(start, text.len().max(start)),
        }
    }

    /// Returns the span from the start of this one to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.source == other.source {
            Self {
                end: other.end.max(self.end),
                ..self
            }
        } else {
            self
        }
    }
}
