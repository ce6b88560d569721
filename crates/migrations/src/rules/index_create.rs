//! `index-create`: an index is built on a table that is in use.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "index-create",
    title: "an index is built on a table that is in use",
    severity: Severity::Error,
    phase: Phase::Expand,
    reason: "SHARE lock while all rows are read: writes wait until the index is built",
    remedy: "build it CONCURRENTLY, outside of a transaction",
    page: include_str!("pages/index-create.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::CreateIndex { table, index } = context.change else {
        return None;
    };
    // Of unique ones `add-unique` tells.
    if index.concurrently || index.is_unique {
        return None;
    }
    let table = table.as_deref()?;
    (!context.is_new(table)).then(|| format!("builds an index on `{table}`"))
}
