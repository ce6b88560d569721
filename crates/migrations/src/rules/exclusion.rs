//! `exclusion`: an exclusion constraint is added to a table that is in use.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "exclusion",
    title: "an exclusion constraint is added to a table that is in use",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "its index is built under ACCESS EXCLUSIVE, and there is no NOT VALID for it: reads and writes wait",
    remedy: "make it while the application is down, or in a new table that is filled and swapped in",
    page: include_str!("pages/exclusion.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    let Change::AddConstraint { constraint, .. } = context.change else {
        return None;
    };
    (constraint.kind == ConstraintKind::Exclude)
        .then(|| format!("adds an exclusion constraint to `{table}`"))
}
