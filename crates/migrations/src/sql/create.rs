//! `CREATE TABLE` and `CREATE INDEX`.

use super::cursor::Cursor;
use super::{column, constraint};
use crate::change::{Change, Column, Index, Table};

/// Reads what follows `CREATE … TABLE`.
pub(super) fn table(cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    cursor.take("if not exists");
    let mut table = Table {
        name: cursor.name()?,
        ..Table::default()
    };
    // `PARTITION OF`, `OF type` and `AS SELECT` bring columns that do not stand here.
    if let Some(elements) = cursor.group() {
        for mut element in elements.parts() {
            let mut only_name = element;
            if element.take("like") {
                continue;
            }
            if constraint::is_next(&element) {
                table
                    .constraints
                    .push(constraint::constraint(&mut element)?);
            } else if let Some(column) = column::column(&mut element) {
                table.columns.push(column);
            } else {
                // `CREATE TABLE t (a, b) AS …` names columns without types.
                let name = only_name.name()?;
                table.columns.push(Column {
                    name,
                    ..Column::default()
                });
            }
        }
    }
    Some(Change::CreateTable(table))
}

/// Reads what follows `CREATE [UNIQUE] INDEX`.
pub(super) fn index(cursor: &mut Cursor<'_, '_>, is_unique: bool) -> Option<Change> {
    let concurrently = cursor.take("concurrently");
    cursor.take("if not exists");
    let name = if cursor.sees("on") {
        None
    } else {
        Some(cursor.name()?)
    };
    if !cursor.take("on") {
        return None;
    }
    cursor.take("only");
    Some(Change::CreateIndex {
        table: Some(cursor.name()?),
        index: Index {
            name,
            is_unique,
            concurrently,
        },
    })
}
