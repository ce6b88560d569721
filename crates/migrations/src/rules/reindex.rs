//! `reindex`: an index is rebuilt while its table is in use.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "reindex",
    title: "an index is rebuilt while its table is in use",
    severity: Severity::Warning,
    phase: Phase::Expand,
    reason: "SHARE lock on the table and ACCESS EXCLUSIVE on the index: writes wait, and so do reads, since planning a query looks at the indexes of its tables",
    remedy: "REINDEX … CONCURRENTLY, outside of a transaction",
    page: include_str!("pages/reindex.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::Reindex { concurrently: false, what } = context.change else {
        return None;
    };
    Some(format!("rebuilds `{what}`"))
}
