//! Pending migrations, as a plan shows them.

use owo_colors::OwoColorize;
use shipway_pipeline::migration::{Basis, Outlook, Pending, Remark, Turn};

/// Adds the pending migrations with what is to be said of each.
pub(crate) fn push(text: &mut String, outlook: &Outlook) {
    if outlook.pending.is_empty() && outlook.unknown.is_empty() {
        return;
    }
    text.push_str(&format!("  {}\n", heading(&outlook.basis).bold()));
    for pending in &outlook.pending {
        text.push_str(&format!("    {}\n", one(pending)));
        let place = format!("{}:", pending.file);
        let of_file = |remark: &&Remark| remark.place.starts_with(&place);
        for remark in outlook.remarks.iter().filter(of_file) {
            text.push_str(&format!("      {}\n", about(remark)));
        }
    }
    if !outlook.unknown.is_empty() {
        text.push_str(&format!(
            "    applied, and unknown to this release: {}\n",
            outlook.unknown.join(", ")
        ));
    }
}

fn heading(basis: &Basis) -> &'static str {
    match basis {
        Basis::Database => "pending migrations",
        Basis::Live { .. } => "migrations that the live release does not have",
        Basis::Nothing => "migrations",
    }
}

fn one(pending: &Pending) -> String {
    let when = match pending.turn {
        Turn::Expand => "expand: before the release starts",
        Turn::Contract => "contract: once the old release is gone",
        Turn::Undo => "undo",
    };
    let mut parts = vec![when.to_owned()];
    if !pending.loses.is_empty() {
        parts.push(format!("loses {}", pending.loses.join(", ")));
    }
    if pending.is_irreversible {
        parts.push("cannot be taken back".to_owned());
    }
    if !pending.is_atomic {
        parts.push("not one transaction".to_owned());
    }
    format!("{} ({})", pending.name, parts.join("; "))
}

fn about(remark: &Remark) -> String {
    let mark = match (&remark.waived, remark.is_settled, remark.severity.as_str()) {
        (Some(reason), _, _) => format!("waived ({reason}):"),
        (None, true, _) => "settled by waiting:".to_owned(),
        (None, false, "error") => "not safe:".red().to_string(),
        (None, false, _) => "look at:".yellow().to_string(),
    };
    format!(
        "{mark} {}: {} [{}]",
        remark.place, remark.message, remark.rule
    )
}
