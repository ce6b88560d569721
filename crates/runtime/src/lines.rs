//! Cuts a stream of bytes into lines.

use std::collections::VecDeque;

use crate::Line;

/// A longer line is cut: a program that never ends its line must not fill the memory.
const LONGEST: usize = 16 * 1024;

/// Collects bytes until they make a line.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    pending: Vec<u8>,
}

/// The last lines of an output, of each stream as many: two pipes are not read in the order in
/// which they were written to, and the error that matters must not be pushed out by lines that
/// were written before it.
#[derive(Debug)]
pub(crate) struct LastLines {
    lines: VecDeque<Line>,
    per_stream: usize,
}

// === impl Splitter ===

impl Splitter {
    /// Takes bytes, gives the lines that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                lines.push(self.take());
            } else {
                self.pending.push(*byte);
                if self.pending.len() >= LONGEST {
                    lines.push(self.take());
                }
            }
        }
        lines
    }

    /// The last line, if it has no end.
    pub(crate) fn finish(&mut self) -> Option<String> {
        (!self.pending.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.pending);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8_lossy(line).into_owned()
    }
}

// === impl LastLines ===

impl LastLines {
    pub(crate) fn new(per_stream: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            per_stream,
        }
    }

    pub(crate) fn push(&mut self, line: Line) {
        let is_same = |known: &Line| known.is_error == line.is_error;
        if self.lines.iter().filter(|known| is_same(known)).count() == self.per_stream
            && let Some(oldest) = self.lines.iter().position(is_same)
        {
            self.lines.remove(oldest);
        }
        self.lines.push_back(line);
    }

    pub(crate) fn into_texts(self) -> Vec<String> {
        self.lines.into_iter().map(|line| line.text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_cut() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push(b"one\r\ntw"), ["one"]);
        assert_eq!(splitter.push(b"o\n\nlast"), ["two", ""]);
        assert_eq!(splitter.finish().as_deref(), Some("last"));
        assert_eq!(splitter.finish(), None);
        assert_eq!(splitter.push(&vec![b'x'; LONGEST + 1]).len(), 1);
    }

    #[test]
    fn only_the_last_lines_of_each_stream_are_kept() {
        let mut last = LastLines::new(2);
        for (text, is_error) in [("a", false), ("E", true), ("b", false), ("c", false)] {
            let text = text.to_owned();
            last.push(Line { text, is_error });
        }
        assert_eq!(last.into_texts(), ["E", "b", "c"]);
    }
}
