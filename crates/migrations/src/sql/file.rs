//! A file of SQL as a migration.

use std::ops::Range;

use super::statement::steps_of;
use super::token::tokens;
use crate::change::{Step, Transaction};

/// Migrations of more than this are data; a file of semicolons would take dozens of bytes for each.
const LONGEST: usize = 1024 * 1024;

/// What a file of SQL says.
pub(crate) struct Script {
    /// What it says of the transaction that it wants to run in.
    pub(crate) transaction: Option<Transaction>,
    pub(crate) steps: Vec<Step>,
}

/// Reads the part of a file that migrates forwards; `None` if it is too long.
pub(crate) fn read(text: &str) -> Option<Script> {
    if text.len() > LONGEST {
        return None;
    }
    let (mut tokens, comments) = tokens(text);
    let mut transaction = None;
    let mut backwards: Option<Range<usize>> = None;
    for comment in &comments {
        match text.get(comment.clone()).and_then(directive) {
            Some(Directive::NoTransaction) => transaction = Some(Transaction::None),
            Some(Directive::Backwards) if backwards.is_none() => {
                backwards = Some(comment.start..text.len());
            }
            Some(Directive::Forwards) => {
                // Forwards may come second.
                if let Some(range) = &mut backwards
                    && range.end == text.len()
                {
                    range.end = comment.start;
                }
            }
            Some(Directive::Backwards) | None => {}
        }
    }
    if let Some(backwards) = backwards {
        tokens.retain(|token| !backwards.contains(&token.start));
    }
    Some(Script {
        transaction,
        steps: steps_of(&tokens, |range| range),
    })
}

/// What a comment tells the tool that runs the file.
enum Directive {
    Forwards,
    Backwards,
    NoTransaction,
}

/// The directives of sqlx, dbmate, goose and sql-migrate.
fn directive(comment: &str) -> Option<Directive> {
    let words = comment
        .trim_start_matches('-')
        .trim()
        .to_ascii_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let says = |start: &str| words.starts_with(start);
    if says("no-transaction") || says("+goose no transaction") {
        return Some(Directive::NoTransaction);
    }
    if says("migrate:down") || says("+goose down") || says("+migrate down") {
        return Some(Directive::Backwards);
    }
    if says("migrate:up") || says("+goose up") || says("+migrate up") {
        let alone = words.contains("transaction:false") || words.contains("notransaction");
        return Some(if alone {
            Directive::NoTransaction
        } else {
            Directive::Forwards
        });
    }
    None
}
