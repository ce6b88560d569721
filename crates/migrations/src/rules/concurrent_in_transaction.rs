//! `concurrent-in-transaction`: a statement that PostgreSQL refuses in a transaction stands in one.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "concurrent-in-transaction",
    title: "a statement that PostgreSQL refuses in a transaction stands in one",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "it fails when it is run, and the deployment with it",
    remedy: "put it alone into a migration that is not atomic: `atomic = False`",
    page: include_str!("pages/concurrent-in-transaction.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let what = match context.change {
        Change::CreateIndex { index, .. } if index.concurrently => "CREATE INDEX CONCURRENTLY",
        Change::DropIndex { concurrently: true, .. } => "DROP INDEX CONCURRENTLY",
        Change::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        Change::Heavy { what, in_transaction: false, .. } => what,
        _ => return None,
    };
    context.is_atomic().then(|| format!("`{what}` stands in a transaction"))
}
