//! Places given by the YAML scanner, in characters, as places in bytes.

use saphyr_parser::Marker;

use super::Span;

/// Turns the scanner's places, in characters, into places in bytes.
pub(super) struct Positions {
    source: u16,
    /// The byte offset of every character; empty where both are the same.
    bytes: Vec<usize>,
    length: usize,
    /// A byte order mark goes before what the scanner sees.
    offset: usize,
}

// === impl Positions ===

impl Positions {
    pub(super) fn new(text: &str, source: u16, offset: usize) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(byte, _)| byte).collect()
        };
        Self {
            source,
            bytes,
            length: text.len(),
            offset,
        }
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        let start = self.byte(&span.start);
        Span {
            source: self.source,
            line: u32::try_from(span.start.line()).unwrap_or(u32::MAX),
            column: u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX),
            start,
            end: self.byte(&span.end).max(start),
        }
    }

    pub(super) fn at(&self, marker: &Marker) -> Span {
        self.span(saphyr_parser::Span::empty(*marker))
    }

    fn byte(&self, marker: &Marker) -> usize {
        let index = marker.index();
        let byte = if self.bytes.is_empty() {
            index.min(self.length)
        } else {
            self.bytes.get(index).copied().unwrap_or(self.length)
        };
        byte + self.offset
    }
}
