//! `index-drop`: an index is dropped while its table is in use.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "index-drop",
    title: "an index is dropped while its table is in use",
    severity: Severity::Warning,
    phase: Phase::Contract,
    reason: "ACCESS EXCLUSIVE on the table, behind which reads and writes queue; queries that used the index become slow",
    remedy: "drop it CONCURRENTLY, outside of a transaction",
    page: include_str!("pages/index-drop.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::DropIndex { name, table, concurrently: false } = context.change else {
        return None;
    };
    let is_made_here = name
        .as_ref()
        .is_some_and(|name| context.facts.has_made(name));
    if is_made_here || table.as_deref().is_some_and(|table| context.is_new(table)) {
        return None;
    }
    Some(match (name, table) {
        (Some(name), _) => format!("drops the index `{name}`"),
        (None, Some(table)) => format!("drops an index of `{table}`"),
        (None, None) => "drops an index".to_owned(),
    })
}
