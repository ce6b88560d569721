//! The reports of test runners and scanners: each format has a file here.
//!
//! Each returns what the report holds, or why the text is no such report.

pub(super) mod audit;
pub(super) mod coverage;
pub(super) mod junit;
pub(super) mod sarif;

/// Names in a reason; the rest is counted.
const NAMED: usize = 3;

/// The first few of them, and how many more there are.
pub(super) fn first_of(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
