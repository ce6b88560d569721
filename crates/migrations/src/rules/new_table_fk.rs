//! `new-table-fk`: a new table or column has a foreign key to a table that is in use.

use super::{Context, Phase, Rule};
use crate::change::{Change, ConstraintKind, Fill};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "new-table-fk",
    title: "a new table or column has a foreign key to a table that is in use",
    severity: Severity::Info,
    phase: Phase::Expand,
    reason: "SHARE ROW EXCLUSIVE on the table that is referenced, until the transaction ends: writes to it wait",
    remedy: "keep the transaction short and set lock_timeout",
    page: include_str!("pages/new-table-fk.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let (what, mut used) = match context.change {
        Change::CreateTable(table) => {
            let columns = table.columns.iter();
            let of_columns = columns.filter_map(|column| column.references.as_ref());
            let of_table = table
                .constraints
                .iter()
                .filter_map(|constraint| match &constraint.kind {
                    ConstraintKind::ForeignKey { to } => Some(to),
                    _ => None,
                });
            let used: Vec<&String> = of_columns.chain(of_table).collect();
            (format!("makes the table `{}`", table.name), used)
        }
        Change::AddColumn { table, column } if column.default == Fill::None => (
            format!("adds the column `{table}.{}`", column.name),
            column.references.iter().collect(),
        ),
        _ => return None,
    };
    let own = context.change.table();
    used.retain(|to| own != Some(to.as_str()) && !context.is_new(to));
    used.sort_unstable();
    used.dedup();
    let names: Vec<&str> = used.into_iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("{what} with a foreign key to `{}`", names.join("`, `")))
}
