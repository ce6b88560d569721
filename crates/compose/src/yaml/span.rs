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
        let first = Self {
            source,
            line: 1,
            column: 1,
            start: 0,
            end: text.len(),
        };
        first.part(text, range)
    }

    /// Finds a byte range of the text that starts in this span, which is of the same text.
    ///
    /// Only what stands between the two starts is looked at.
    #[must_use]
    pub fn part(self, text: &str, range: Range<usize>) -> Self {
        let start = text.floor_char_boundary(range.start.min(text.len()));
        let before = text.get(self.start..start).unwrap_or_default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = match before.rsplit_once('\n') {
            Some((_, line)) => count(line.chars().count()).saturating_add(1),
            None => self.column.saturating_add(count(before.chars().count())),
        };
        Self {
            source: self.source,
            line: self.line.saturating_add(count(lines)),
            column,
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
