//! Definitions of columns.

use super::constraint;
use super::cursor::Cursor;
use super::expression::fill_of;
use super::token::{Kind, Token};
use crate::change::{Column, Fill};
use crate::types::Type;

/// Words that end a column's type.
const AFTER_TYPE: &[&str] = &[
    "as",
    "check",
    "collate",
    "compression",
    "constraint",
    "default",
    "deferrable",
    "generated",
    "initially",
    "not",
    "null",
    "primary",
    "references",
    "storage",
    "unique",
    "using",
];

/// Reads a column: its name, its type and what is demanded of it.
pub(super) fn column(cursor: &mut Cursor<'_, '_>) -> Option<Column> {
    let mut column = Column {
        name: cursor.name()?,
        ..Column::default()
    };
    let said = type_(cursor)?;
    if said.is_serial {
        column.default = Fill::Volatile("nextval".to_owned());
        column.is_required = true;
    }
    column.type_ = Some(said.type_);
    while !cursor.is_done() {
        property(cursor, &mut column)?;
    }
    Some(column)
}

/// A type as it is written.
pub(super) struct Said {
    pub(super) type_: Type,
    is_serial: bool,
}

/// Reads a type.
pub(super) fn type_(cursor: &mut Cursor<'_, '_>) -> Option<Said> {
    let over = cursor.until(|token| {
        token.kind == Kind::Word
            && AFTER_TYPE
                .iter()
                .any(|word| token.text.eq_ignore_ascii_case(word))
    });
    let mut name = String::new();
    let mut arguments = Vec::new();
    let (mut is_array, mut depth) = (false, 0_usize);
    for token in over {
        match token.kind {
            Kind::Punctuation if token.text == "(" => depth += 1,
            Kind::Punctuation if token.text == ")" => depth = depth.saturating_sub(1),
            Kind::Punctuation if token.text == "[" => is_array = true,
            Kind::Punctuation if token.text == "." => name.clear(),
            Kind::Number if depth > 0 => arguments.push(token.text.parse().ok()?),
            Kind::Word if token.is_word("array") => is_array = true,
            Kind::Word | Kind::Quoted if depth == 0 => {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(&super::cursor::fold(token));
            }
            _ => {}
        }
    }
    if name.is_empty() {
        return None;
    }
    let type_ = Type::new(&name, &arguments);
    Some(Said {
        is_serial: name.ends_with("serial") || name.starts_with("serial"),
        type_: if is_array { type_.array() } else { type_ },
    })
}

/// Reads one thing that is demanded of a column.
fn property(cursor: &mut Cursor<'_, '_>, column: &mut Column) -> Option<()> {
    if cursor.take("constraint") {
        cursor.name()?;
    }
    if cursor.take("not null") {
        column.is_required = true;
    } else if cursor.take("null") {
        column.is_required = false;
    } else if cursor.take("default") {
        column.default = fill_of(default(cursor));
    } else if cursor.take("generated") {
        generated(cursor, column);
    } else if cursor.take("primary key") {
        column.is_primary = true;
        column.is_required = true;
        constraint::storage(cursor);
    } else if cursor.take("unique") {
        column.is_unique = true;
        constraint::storage(cursor);
    } else if cursor.take("references") {
        column.references = Some(cursor.name()?);
        constraint::reference(cursor);
    } else if cursor.take("check") {
        cursor.group()?;
        column.has_check = true;
        cursor.take("no inherit");
    } else if cursor.take("collate") || cursor.take("storage") || cursor.take("compression") {
        cursor.name()?;
    } else if !constraint::deferral(cursor) {
        return None;
    }
    Some(())
}

fn generated(cursor: &mut Cursor<'_, '_>, column: &mut Column) {
    cursor.skip(&["always", "by default"]);
    cursor.take("as");
    if cursor.take("identity") {
        column.default = Fill::Volatile("nextval".to_owned());
        column.is_required = true;
        cursor.group();
    } else {
        cursor.group();
        // A virtual one, of PostgreSQL 18, is computed when it is read.
        column.default = if cursor.take("stored") {
            Fill::Volatile("a stored generated expression".to_owned())
        } else {
            cursor.take("virtual");
            Fill::Constant
        };
    }
}

/// The expression of a default, up to the next thing that is demanded.
///
/// `NOT` and `NULL` can be a part of it, so its first token always is.
fn default<'t, 'a>(cursor: &mut Cursor<'t, 'a>) -> &'t [Token<'a>] {
    let all = cursor.rest();
    if cursor.peek().is_some_and(|token| token.is("(")) {
        cursor.group();
    } else {
        cursor.next();
    }
    let first = all.len() - cursor.rest().len();
    let more = cursor.until(|token| {
        [
            "not",
            "null",
            "constraint",
            "unique",
            "primary",
            "references",
            "check",
            "generated",
            "collate",
            "deferrable",
        ]
        .iter()
        .any(|word| token.is_word(word))
    });
    &all[..first + more.len()]
}
