//! What is found, and where.

use std::ops::Range;

use crate::File;
use crate::rules::Rule;
use crate::settings::Severity;

/// Something that a rule has to say about a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How serious it is here.
    pub severity: Severity,
    /// The number of the file among those handed in.
    pub file: usize,
    /// The part of the file's text.
    pub range: Range<usize>,
    /// What is done, and to what.
    pub message: String,
    /// The lock that is taken, or the code that breaks.
    pub reason: &'static str,
    /// What to do instead.
    pub remedy: &'static str,
    /// The reason that the file itself gives for leaving it like this.
    pub waived: Option<String>,
    /// Whether it is nothing to worry about once the code is gone that runs now, and the code that
    /// comes does well until then.
    pub can_wait: bool,
    /// The operation that the part is in.
    pub(crate) within: Range<usize>,
}

// === impl Finding ===

impl Finding {
    /// Returns where it begins: line and column from 1.
    ///
    /// `files` are those that were handed in.
    #[must_use]
    pub fn line_and_column(&self, files: &[File]) -> (usize, usize) {
        files
            .get(self.file)
            .map_or((1, 1), |file| file.line_and_column(self.range.start))
    }
}
