//! Cuts a stream of bytes into lines.

use std::collections::VecDeque;

/// A longer line is cut: a program that never ends its line must not fill the memory.
const LONGEST: usize = 16 * 1024;

/// Collects bytes until they make a line.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    pending: Vec<u8>,
}

/// The last lines of an output.
#[derive(Debug)]
pub(super) struct LastLines {
    lines: VecDeque<String>,
    count: usize,
}

// === impl Splitter ===

impl Splitter {
    /// Takes bytes, gives the lines that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
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
    pub(super) fn finish(&mut self) -> Option<String> {
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
    pub(super) fn new(count: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            count,
        }
    }

    pub(super) fn push(&mut self, line: String) {
        if self.lines.len() == self.count {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.lines.into()
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
    fn only_the_last_lines_are_kept() {
        let mut last = LastLines::new(2);
        for line in ["a", "b", "c"] {
            last.push(line.to_owned());
        }
        assert_eq!(last.into_vec(), ["b", "c"]);
    }
}
