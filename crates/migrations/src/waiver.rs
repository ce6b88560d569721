//! `shipway: allow RULE -- reason`: findings that somebody has looked at.
//!
//! A waiver stands in a comment: in the operation or statement that it is about, at the end of
//! its first line, or on the line before it.

use std::ops::Range;

use memchr::memmem;

const MARK: &str = "shipway: allow ";

/// Nobody looks at more in one file; each is held against every finding.
const MOST: usize = 500;

/// A waiver in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiver {
    /// The comment from its mark on.
    pub(crate) range: Range<usize>,
    pub(crate) rules: Vec<String>,
    /// Empty where none is given.
    pub(crate) reason: String,
    /// What it covers: things that begin here.
    lines: Range<usize>,
}

// === impl Waiver ===

impl Waiver {
    /// Whether it is about something in this part of the text.
    pub(crate) fn covers(&self, part: &Range<usize>) -> bool {
        part.contains(&self.range.start) || self.lines.contains(&part.start)
    }
}

/// Finds the waivers of a text whose comments begin with `comment`.
pub(crate) fn waivers(text: &str, comment: &str) -> Vec<Waiver> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find_mark(&text[from..]).map(|at| from + at)
        && found.len() < MOST
    {
        from = at + MARK.len();
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let before = &text[line_start..at];
        if !before.trim_end().ends_with(comment) && !before.trim_end().ends_with("/*") {
            continue;
        }
        let said = text[from..line_end]
            .trim_end()
            .trim_end_matches("*/")
            .trim();
        let (rules, reason) = said.split_once("--").unwrap_or((said, ""));
        let is_alone = before.trim().len() <= comment.len();
        found.push(Waiver {
            range: at..line_end,
            rules: rules
                .split([',', ' '])
                .filter(|rule| !rule.is_empty())
                .map(str::to_owned)
                .collect(),
            reason: reason.trim().to_owned(),
            lines: line_start..if is_alone {
                next_code(text, line_end, comment)
            } else {
                line_end
            },
        });
    }
    found
}

/// Most files have none, and are looked through all the same.
fn find_mark(text: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), MARK.as_bytes())
}

/// The end of the first line after this one that says something.
fn next_code(text: &str, mut at: usize, comment: &str) -> usize {
    while let Some(rest) = text.get(at + 1..) {
        let end = at + 1 + rest.find('\n').unwrap_or(rest.len());
        let line = text[at + 1..end].trim();
        at = end;
        if !line.is_empty() && !line.starts_with(comment) {
            break;
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_has_rules_a_reason_and_a_place() {
        let text =
            "-- shipway: allow drop-table, relax -- nobody uses it\n-- more\n\nDROP TABLE a;\nx;\n";
        let found = waivers(text, "--");
        assert_eq!(found[0].rules, ["drop-table", "relax"]);
        assert_eq!(found[0].reason, "nobody uses it");
        let at = |what: &str| {
            let start = text.find(what).unwrap();
            start..start + what.len()
        };
        assert!(found[0].covers(&at("DROP TABLE a")));
        assert!(!found[0].covers(&at("x;")));
    }

    #[test]
    fn only_comments_waive() {
        assert!(waivers("x = 'shipway: allow relax -- y'", "#").is_empty());
        let found = waivers("x = 1  # shipway: allow relax\ny = 2", "#");
        assert_eq!((found.len(), found[0].reason.as_str()), (1, ""));
        assert!(!found[0].covers(&(30..31)));
    }
}
