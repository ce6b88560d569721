//! `add-unique`: a table in use is to keep values unique.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "add-unique",
    title: "a table in use is to keep values unique",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "an index is built under ACCESS EXCLUSIVE (a unique index: SHARE), so that reads, or writes, wait; running code may still write duplicates",
    remedy: "build a unique index CONCURRENTLY, then make the constraint USING INDEX",
    page: include_str!("pages/add-unique.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    match context.change {
        Change::AddConstraint { constraint, .. } => match constraint.kind {
            ConstraintKind::Unique { using_index: false, .. } => {
                Some(format!("adds a unique constraint to `{table}`"))
            }
            _ => None,
        },
        Change::AddColumn { column, .. } if column.is_unique => {
            Some(format!("adds the unique column `{table}.{}`", column.name))
        }
        Change::CreateIndex { index, .. } if index.is_unique && !index.concurrently => {
            Some(format!("builds a unique index on `{table}`"))
        }
        _ => None,
    }
}
