//! `add-fk`: a foreign key is added to a table that is in use.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind, Fill};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "add-fk",
    title: "a foreign key is added to a table that is in use",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "SHARE ROW EXCLUSIVE on both tables while all rows are looked up: writes to both wait",
    remedy: "add it as NOT VALID, and validate it in a transaction of its own",
    page: include_str!("pages/add-fk.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let table = context.table_in_use?;
    match context.change {
        Change::AddConstraint { constraint, .. } if constraint.is_valid => {
            let ConstraintKind::ForeignKey { to } = &constraint.kind else {
                return None;
            };
            Some(format!("adds a foreign key from `{table}` to `{to}`"))
        }
        // Without a value for the rows that are there, there is nothing to look up.
        Change::AddColumn { column, .. } if column.default != Fill::None => {
            let to = column.references.as_ref()?;
            Some(format!(
                "adds the column `{table}.{}` with a foreign key to `{to}`",
                column.name
            ))
        }
        _ => None,
    }
}
