//! Why a migration failed, in words that somebody can act on. Pure.

use std::collections::BTreeSet;

use shipway_pipeline::migration::{Run, Turn};

use crate::migrations::InvalidIndex;

/// What a failed migration left behind.
pub(super) struct Left<'a> {
    pub(super) run: &'a Run,
    /// Of those that it was to apply, the ones that are applied.
    pub(super) applied: &'a [String],
    pub(super) invalid: &'a BTreeSet<InvalidIndex>,
    /// How often it was tried.
    pub(super) attempts: u32,
}

/// Whether a migration failed only because somebody else had a lock.
pub(super) fn is_lock_timeout(lines: &[String]) -> bool {
    // The server's words, and the driver's name for it where the server speaks another language.
    says(lines, &["due to lock timeout", "LockNotAvailable"])
}

/// Whether the server ended a statement that took too long.
fn is_statement_timeout(lines: &[String]) -> bool {
    says(lines, &["due to statement timeout"])
}

fn says(lines: &[String], texts: &[&str]) -> bool {
    lines
        .iter()
        .any(|line| texts.iter().any(|text| line.contains(text)))
}

/// The reason of a failure: what the command said, where that left the database, what to do.
pub(super) fn explain(ended: &str, lines: &[String], left: &Left<'_>) -> String {
    let mut parts = vec![ended.to_owned()];
    let millis = left.run.lock_timeout.as_millis();
    if is_lock_timeout(lines) {
        parts.push(format!(
            "another session held a lock for longer than {millis} ms at each of {} attempts: \
             `SELECT pid, query FROM pg_stat_activity` shows who; end it, or deploy when it is quiet",
            left.attempts
        ));
    }
    if is_statement_timeout(lines) {
        parts.push(format!(
            "a statement took longer than {} s (`migrations.statement_timeout`)",
            left.run.statement_timeout.as_secs()
        ));
    }
    for InvalidIndex { name, table } in left.invalid {
        parts.push(format!(
            "the index `{name}` of `{table}` is INVALID, half-built by an attempt that failed: queries do not use \
             it, and the next attempt stops because its name is taken; `DROP INDEX CONCURRENTLY \"{name}\";`, then \
             deploy again"
        ));
    }
    parts.extend(whereabouts(left));
    parts.join("; ")
}

/// Which of the migrations the database has now.
fn whereabouts(left: &Left<'_>) -> Vec<String> {
    let has = left.applied.join(", ");
    let mut parts = vec![match (left.run.turn, left.applied) {
        (Turn::Undo, []) => "all of them were taken back".to_owned(),
        (Turn::Undo, _) => return vec![format!("still applied: {has}")],
        (Turn::Expand | Turn::Contract, []) => "nothing was applied".to_owned(),
        (Turn::Expand | Turn::Contract, _) => format!("applied and kept: {has}"),
    }];
    let mut all = left.run.applies.iter();
    let failed = all.find(|name| !left.applied.contains(name));
    if let Some(failed) = failed.filter(|_| left.run.turn != Turn::Undo) {
        parts.push(format!("`{failed}` is not applied"));
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run() -> Run {
        Run {
            turn: Turn::Expand,
            applies: vec!["shop.0002_a".to_owned(), "shop.0003_b".to_owned()],
            held: [].into(),
            undo: vec![],
            lock_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(60),
            retries: 2,
        }
    }

    fn told(lines: &[&str], applied: &[String], invalid: &BTreeSet<InvalidIndex>) -> String {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let left = Left {
            run: &run(),
            applied,
            invalid,
            attempts: 3,
        };
        explain("`x` ended with exit code 1", &lines, &left)
    }

    #[test]
    fn a_lock_that_was_not_to_be_had_is_told_with_who_has_it() {
        let line = "psycopg.errors.LockNotAvailable: canceling statement due to lock timeout";
        let reason = told(&[line], &[], &BTreeSet::new());
        assert!(
            reason.contains("longer than 1000 ms at each of 3 attempts"),
            "{reason}"
        );
        assert!(reason.contains("nothing was applied; `shop.0002_a` is not applied"));
    }

    #[test]
    fn what_stays_of_a_migration_that_failed_half_way_is_told() {
        let invalid = BTreeSet::from([InvalidIndex {
            name: "by_name".to_owned(),
            table: "shop_item".to_owned(),
        }]);
        let applied = ["shop.0002_a".to_owned()];
        let reason = told(&["relation \"by_name\" already exists"], &applied, &invalid);
        assert!(
            reason.contains("DROP INDEX CONCURRENTLY \"by_name\";"),
            "{reason}"
        );
        assert!(reason.contains("applied and kept: shop.0002_a; `shop.0003_b` is not applied"));
    }
}
