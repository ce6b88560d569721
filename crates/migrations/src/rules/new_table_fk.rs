//! `new-table-fk`: a new table has a foreign key to one that is in use.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "new-table-fk",
    title: "a new table has a foreign key to one that is in use",
    severity: Severity::Info,
    phase: Phase::Expand,
    reason: "SHARE ROW EXCLUSIVE on the table that is referenced, until the transaction ends: writes to it wait",
    remedy: "keep the transaction short and set lock_timeout",
    page: include_str!("pages/new-table-fk.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::CreateTable(table) = context.change else {
        return None;
    };
    let of_columns = table.columns.iter().filter_map(|column| column.references.as_ref());
    let of_table = table.constraints.iter().filter_map(|constraint| match &constraint.kind {
        ConstraintKind::ForeignKey { to } => Some(to),
        _ => None,
    });
    let mut used: Vec<&str> = of_columns
        .chain(of_table)
        .map(String::as_str)
        .filter(|to| *to != table.name && !context.is_new(to))
        .collect();
    used.sort_unstable();
    used.dedup();
    (!used.is_empty()).then(|| {
        format!(
            "makes the table `{}` with a foreign key to `{}`",
            table.name,
            used.join("`, `")
        )
    })
}
