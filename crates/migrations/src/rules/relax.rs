//! `relax`: something is no longer demanded of rows.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "relax",
    title: "something is no longer demanded of rows",
    severity: Severity::Info,
    phase: Phase::Contract,
    reason: "code that runs may read values that it does not expect",
    remedy: "see that no new code writes such values before the old code is gone",
    page: include_str!("pages/relax.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    match context.change {
        Change::DropNotNull { column, .. } => {
            Some(format!("no longer requires `{table}.{column}`"))
        }
        Change::DropConstraint { name: Some(name), .. } => {
            Some(format!("drops the constraint `{name}` of `{table}`"))
        }
        Change::DropConstraint { name: None, .. } => {
            Some(format!("drops a constraint of `{table}`"))
        }
        _ => None,
    }
}
