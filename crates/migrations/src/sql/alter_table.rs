//! `ALTER TABLE`.

use super::cursor::Cursor;
use super::expression::fill_of;
use super::{column, constraint};
use crate::change::{Change, Fill};

/// Reads what follows `ALTER TABLE`.
pub(super) fn alter_table(cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    if cursor.sees("all in tablespace") {
        return Some(vec![Change::Heavy {
            what: "SET TABLESPACE",
            table: None,
            in_transaction: true,
        }]);
    }
    cursor.skip(&["if exists", "only"]);
    let table = cursor.name()?;
    cursor.mark("*");
    let mut changes = Vec::new();
    for mut action in cursor.parts() {
        changes.extend(one(&table, &mut action)?);
    }
    Some(changes)
}

/// Reads one action; none for those that neither lock nor break anything worth a word.
fn one(table: &str, cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    let table = table.to_owned();
    let changes = if cursor.take("add") {
        vec![add(table, cursor)?]
    } else if cursor.take("drop") {
        vec![drop(table, cursor)?]
    } else if cursor.take("alter") {
        return alter(table, cursor);
    } else if cursor.take("rename") {
        return rename(table, cursor);
    } else if cursor.take("validate constraint") {
        let name = cursor.name()?;
        vec![Change::ValidateConstraint { table, name }]
    } else if let Some(what) = heavy(cursor) {
        vec![Change::Heavy {
            what,
            table: Some(table),
            in_transaction: true,
        }]
    } else if is_quick(cursor) {
        Vec::new()
    } else {
        return None;
    };
    Some(changes)
}

fn add(table: String, cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    if constraint::is_next(cursor) {
        let constraint = constraint::constraint(cursor)?;
        return Some(Change::AddConstraint { table, constraint });
    }
    cursor.skip(&["column", "if not exists"]);
    let column = Box::new(column::column(cursor)?);
    Some(Change::AddColumn { table, column })
}

fn drop(table: String, cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    if cursor.take("constraint") {
        cursor.take("if exists");
        let name = Some(cursor.name()?);
        return Some(Change::DropConstraint { table, name });
    }
    cursor.skip(&["column", "if exists"]);
    let column = cursor.name()?;
    Some(Change::DropColumn { table, column })
}

fn alter(table: String, cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    if cursor.take("constraint") {
        return Some(Vec::new());
    }
    cursor.take("column");
    let column = cursor.name()?;
    let change = if cursor.take("set not null") {
        Change::SetNotNull {
            table,
            column,
            fills: false,
        }
    } else if cursor.take("drop not null") {
        Change::DropNotNull { table, column }
    } else if cursor.take("set default") {
        match fill_of(cursor.rest()) {
            Fill::None => Change::DropDefault { table, column },
            _ => Change::SetDefault { table, column },
        }
    } else if cursor.take("drop default") {
        Change::DropDefault { table, column }
    } else if cursor.take("set data type") || cursor.take("type") {
        let to = column::type_(cursor)?.type_;
        if cursor.take("collate") {
            cursor.name()?;
        }
        Change::AlterType {
            table,
            column,
            to: Some(to),
            has_using: cursor.take("using"),
        }
    } else if cursor.sees("set expression") {
        Change::Heavy {
            what: "SET EXPRESSION",
            table: Some(table),
            in_transaction: true,
        }
    } else if ["set", "reset", "drop", "restart", "add generated"]
        .iter()
        .any(|words| cursor.sees(words))
    {
        return Some(Vec::new());
    } else {
        return None;
    };
    Some(vec![change])
}

fn rename(table: String, cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    if cursor.take("constraint") {
        return Some(Vec::new());
    }
    if cursor.take("to") {
        let to = cursor.name()?;
        return Some(vec![Change::RenameTable { table, to }]);
    }
    cursor.take("column");
    let column = cursor.name()?;
    if !cursor.take("to") {
        return None;
    }
    let to = cursor.name()?;
    Some(vec![Change::RenameColumn { table, column, to }])
}

fn heavy(cursor: &Cursor<'_, '_>) -> Option<&'static str> {
    [
        ("set unlogged", "SET UNLOGGED"),
        ("set logged", "SET LOGGED"),
        ("set tablespace", "SET TABLESPACE"),
        ("set access method", "SET ACCESS METHOD"),
        ("set with oids", "SET WITH OIDS"),
        ("set without oids", "SET WITHOUT OIDS"),
        ("attach partition", "ATTACH PARTITION"),
        ("detach partition", "DETACH PARTITION"),
    ]
    .into_iter()
    .find(|(words, _)| cursor.sees(words))
    .map(|(_, what)| what)
}

fn is_quick(cursor: &Cursor<'_, '_>) -> bool {
    // `SET (` and `RESET (` are storage parameters.
    [
        "owner", "enable", "disable", "force", "no", "set", "reset", "cluster", "replica",
        "inherit", "of", "not",
    ]
    .iter()
    .any(|word| cursor.sees(word))
}
