//! `add-check`: a check is added to a table that is in use.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "add-check",
    title: "a check is added to a table that is in use",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "all rows are read under ACCESS EXCLUSIVE: reads and writes wait",
    remedy: "add it as NOT VALID, and validate it in a later migration",
    page: include_str!("pages/add-check.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    let Change::AddConstraint { constraint, .. } = context.change else {
        return None;
    };
    let is_check = matches!(constraint.kind, ConstraintKind::Check { .. });
    (is_check && constraint.is_valid).then(|| format!("adds a check to `{table}`"))
}
