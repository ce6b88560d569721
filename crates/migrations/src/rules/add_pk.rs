//! `add-pk`: a table in use gets a primary key.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "add-pk",
    title: "a table in use gets a primary key",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "an index is built under ACCESS EXCLUSIVE, and columns that are not NOT NULL are read: reads and writes wait",
    remedy: "build a unique index CONCURRENTLY on columns that are NOT NULL, then add the key USING INDEX",
    page: include_str!("pages/add-pk.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    let is_key = match context.change {
        Change::AddConstraint { constraint, .. } => {
            constraint.kind == ConstraintKind::Primary { using_index: false }
        }
        Change::AddColumn { column, .. } => column.is_primary,
        _ => false,
    };
    is_key.then(|| format!("adds a primary key to `{table}`"))
}
