//! Statements that change rows.

use super::cursor::Cursor;
use super::token::Token;
use crate::change::{Change, DataKind};

/// Reads what follows `UPDATE` or `DELETE FROM`.
pub(super) fn changed(cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    cursor.take("only");
    let table = Some(cursor.name()?);
    cursor.until(|token| token.is_word("where"));
    let kind = if cursor.is_done() {
        DataKind::Every
    } else {
        DataKind::Some
    };
    Some(Change::Data { kind, table })
}

/// Reads what follows `INSERT INTO`.
pub(super) fn inserted(cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    let table = Some(cursor.name()?);
    cursor.until(|token| token.is_word("select"));
    // Rows that are written out are few.
    if cursor.is_done() {
        return Some(Change::Data {
            kind: DataKind::Some,
            table: None,
        });
    }
    let kind = DataKind::Some;
    Some(Change::Data { kind, table })
}

/// The statement that a `WITH` leads to.
pub(super) fn after_with<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut cursor = Cursor::new(tokens);
    cursor.next();
    cursor.until(|token| {
        ["select", "update", "delete", "insert", "merge", "values"]
            .iter()
            .any(|word| token.is_word(word))
    });
    cursor.rest()
}

/// What `SELECT` does: `set_config` may set the timeout, anything else that is called is unknown.
pub(super) fn selected(tokens: &[Token<'_>]) -> Option<Vec<Change>> {
    let is_set = tokens
        .windows(3)
        .any(|three| three[0].is_word("set_config") && three[2].text == "'lock_timeout'");
    if is_set {
        return Some(vec![Change::SetLockTimeout]);
    }
    let is_into = tokens.iter().any(|token| token.is_word("into"));
    if is_into { None } else { Some(Vec::new()) }
}
