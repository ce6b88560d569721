//! The page of all migration rules, with what was proven on a server.

use std::fmt::Write as _;

use shipway_migrations::{Lock, SERVER, SETUP, claims, rules};

/// Makes the page.
pub(crate) fn migrations() -> String {
    let mut page = super::page("# Migration rules\n\n");
    page.push_str(
        "What `shipway migrations check` looks for. Severities can be changed with \
         `--rule RULE=SEVERITY`; a finding is waived by a comment at its place, \
         `shipway: allow RULE -- reason`.\n\n\
         | rule | severity | phase | catches |\n| --- | --- | --- | --- |\n",
    );
    for rule in rules() {
        let (id, severity, phase) = (rule.id, rule.severity.as_str(), rule.phase.as_str());
        let _ = writeln!(
            page,
            "| [`{id}`](#{id}) | {severity} | {phase} | {} |",
            rule.title
        );
    }
    for rule in rules() {
        // The page's own headings go one level down.
        let text = rule.page.replace("\n## ", "\n### ");
        let _ = write!(page, "\n#{text}\nWhy: {}.\n", rule.reason);
    }
    let _ = write!(
        page,
        "\n## What was proven\n\nEach line was tried on {SERVER}, on tables with rows that another \
         session had in use: the lock as `pg_locks` shows it, who had to wait, whether the rows \
         were written anew, and whether they were all read. `cargo test -p shipway-migrations \
         -- --include-ignored` tries them again on the server of the machine.\n\n\
         | statement | lock | on the referenced table | written anew | read | rule |\n\
         | --- | --- | --- | --- | --- | --- |\n"
    );
    let lock = |lock: Option<Lock>| lock.map_or("", Lock::as_str);
    let yes = |is: bool| if is { "yes" } else { "" };
    for claim in claims() {
        let (held, other) = (lock(claim.lock), lock(claim.other));
        let (rewrites, scans) = (yes(claim.rewrites), yes(claim.scans));
        let (sql, rule) = (claim.sql, claim.rule);
        let _ = writeln!(
            page,
            "| `{sql}` | {held} | {other} | {rewrites} | {scans} | {rule} |"
        );
    }
    let _ = write!(page, "\nThe tables:\n\n```sql\n{}\n```\n", SETUP.trim());
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_and_claim_is_on_the_page() {
        let page = super::migrations();
        for rule in shipway_migrations::rules() {
            assert!(page.contains(&format!("\n## {}\n", rule.id)), "{}", rule.id);
        }
        for claim in shipway_migrations::claims() {
            assert!(page.contains(claim.sql), "{}", claim.sql);
        }
    }
}
