//! Constraints of tables.

use super::cursor::Cursor;
use super::expression::not_null;
use crate::change::{Constraint, ConstraintKind};

/// Reads a table's constraint, if one comes next.
pub(super) fn constraint(cursor: &mut Cursor<'_, '_>) -> Option<Constraint> {
    let name = if cursor.take("constraint") {
        Some(cursor.name()?)
    } else {
        None
    };
    let kind = kind(cursor)?;
    let mut is_valid = true;
    while !cursor.is_done() {
        if cursor.take("not valid") {
            is_valid = false;
        } else if !deferral(cursor) && !cursor.take("no inherit") && !cursor.take("not enforced") {
            return None;
        }
    }
    Some(Constraint {
        name,
        kind,
        is_valid,
    })
}

/// Whether a constraint comes next.
pub(super) fn is_next(cursor: &Cursor<'_, '_>) -> bool {
    [
        "constraint",
        "check",
        "unique",
        "primary key",
        "foreign key",
        "exclude",
    ]
    .iter()
    .any(|words| cursor.sees(words))
}

fn kind(cursor: &mut Cursor<'_, '_>) -> Option<ConstraintKind> {
    if cursor.take("check") {
        let inner = cursor.group()?;
        return Some(ConstraintKind::Check {
            not_null: not_null(inner.rest()),
        });
    }
    if cursor.take("foreign key") {
        cursor.group()?;
        if !cursor.take("references") {
            return None;
        }
        let to = cursor.name()?;
        reference(cursor);
        return Some(ConstraintKind::ForeignKey { to });
    }
    if cursor.take("exclude") {
        cursor.until(|_| false);
        return Some(ConstraintKind::Exclude);
    }
    if cursor.take("not null") {
        // PostgreSQL 18 gives such constraints names.
        return Some(ConstraintKind::Check {
            not_null: Some(cursor.name()?),
        });
    }
    let is_primary = cursor.take("primary key");
    if !is_primary && !cursor.take("unique") {
        return None;
    }
    cursor.skip(&["nulls distinct", "nulls not distinct"]);
    let using_index = cursor.take("using index");
    if using_index {
        cursor.name()?;
    } else {
        cursor.group()?;
    }
    storage(cursor);
    Some(if is_primary {
        ConstraintKind::Primary { using_index }
    } else {
        ConstraintKind::Unique {
            using_index,
            is_partial: false,
        }
    })
}

/// Steps over where an index is kept.
pub(super) fn storage(cursor: &mut Cursor<'_, '_>) {
    cursor.skip(&["nulls distinct", "nulls not distinct"]);
    if cursor.take("include") {
        cursor.group();
    }
    if cursor.take("with") {
        cursor.group();
    }
    if cursor.take("using index tablespace") {
        cursor.name();
    }
}

/// Steps over what follows the table that is referenced.
pub(super) fn reference(cursor: &mut Cursor<'_, '_>) {
    cursor.group();
    loop {
        if cursor.take("match") {
            cursor.next();
        } else if cursor.take("on delete") || cursor.take("on update") {
            let is_set = cursor.take("set null") || cursor.take("set default");
            if is_set {
                cursor.group();
            } else if !cursor.take("no action") {
                cursor.next();
            }
        } else {
            return;
        }
    }
}

/// Steps over when a constraint is looked at; returns whether there was something.
pub(super) fn deferral(cursor: &mut Cursor<'_, '_>) -> bool {
    [
        "not deferrable",
        "deferrable",
        "initially deferred",
        "initially immediate",
        "enforced",
    ]
    .iter()
    .any(|words| cursor.take(words))
}
