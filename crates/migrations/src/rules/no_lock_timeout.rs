//! `no-lock-timeout`: a lock is asked for without an end to the waiting.

use super::{Context, Phase, Rule};
use crate::change::{Change, Lock};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "no-lock-timeout",
    title: "a lock is asked for without an end to the waiting",
    severity: Severity::Info,
    phase: Phase::Expand,
    reason: "while it waits behind a long query, every query after it waits as well",
    remedy: "set lock_timeout and try again: Shipway does so when it runs the migrations",
    page: include_str!("pages/no-lock-timeout.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    if context.settings.has_lock_timeout || !asks(context, context.change) {
        return None;
    }
    let is_told_or_set = context
        .earlier
        .iter()
        .any(|step| step.change == Change::SetLockTimeout || asks(context, &step.change));
    let table = context.change.table();
    (!is_told_or_set).then(|| match table {
        Some(table) => format!("waits for a lock on `{table}` without lock_timeout"),
        None => "waits for a lock without lock_timeout".to_owned(),
    })
}

/// Whether a change asks for a lock that reads or writes wait for.
fn asks(context: &Context<'_>, change: &Change) -> bool {
    context
        .lock_of(change)
        .is_some_and(|lock| lock >= Lock::Share)
}
