//! `concurrent-retry`: an index that failed to build is left behind.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "concurrent-retry",
    title: "an index that failed to build is left behind",
    severity: Severity::Info,
    phase: Phase::Expand,
    reason: "a timeout or a duplicate leaves an INVALID index of this name: the next try stops at it, or with IF NOT EXISTS takes it for the real one",
    remedy: "first `DROP INDEX CONCURRENTLY IF EXISTS`, so that the migration can be repeated",
    page: include_str!("pages/concurrent-retry.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::CreateIndex { index, .. } = context.change else {
        return None;
    };
    let name = index.name.as_ref().filter(|_| index.concurrently)?;
    (!context.facts.has_cleared(name)).then(|| format!("builds the index `{name}` without clearing a failed one first"))
}
