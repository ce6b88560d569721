//! `lock-then-work`: a transaction works on while it holds a lock.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "lock-then-work",
    title: "a transaction works on while it holds a lock",
    severity: Severity::Warning,
    phase: Phase::Expand,
    reason: "ACCESS EXCLUSIVE is held until the transaction ends: reads and writes of the first table wait for the work on the second",
    remedy: "split the migration, so that what takes long comes in one of its own",
    page: include_str!("pages/lock-then-work.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    if !context.is_atomic() || !is_work(context) {
        return None;
    }
    let locked = context.facts.locked.as_ref()?;
    Some(format!("goes on working while it keeps everybody out of `{locked}`"))
}

/// What takes longer the more rows there are.
fn is_work(context: &Context<'_>) -> bool {
    let is_in_use = |table: &Option<String>| table.as_ref().is_none_or(|table| !context.is_new(table));
    match context.change {
        Change::Code | Change::ValidateConstraint { .. } => true,
        Change::Data { table: Some(table), .. } => !context.is_new(table),
        Change::CreateIndex { table, .. } => is_in_use(table),
        Change::AddConstraint { table, constraint } => constraint.is_valid && !context.is_new(table),
        _ => false,
    }
}
