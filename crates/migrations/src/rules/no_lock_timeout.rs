//! `no-lock-timeout`: a lock is asked for without an end to the waiting.

use super::{Context, Phase, Rule};
use crate::change::Lock;
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
    // From this one on readers or writers wait.
    let asks = context.lock >= Some(Lock::Share);
    if context.settings.has_lock_timeout || context.facts.has_asked || !asks {
        return None;
    }
    Some(match context.change.table() {
        Some(table) => format!("waits for a lock on `{table}` without lock_timeout"),
        None => "waits for a lock without lock_timeout".to_owned(),
    })
}
