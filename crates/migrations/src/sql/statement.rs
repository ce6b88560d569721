//! One statement after the other, by its first words.

use std::ops::Range;

use super::cursor::Cursor;
use super::token::{Token, statements, tokens};
use super::{alter_table, create, rows};
use crate::change::{Change, Step, Transaction};

/// Statements of these kinds neither lock tables that are in use nor break code that runs.
const HARMLESS: &[&str] = &[
    "analyze",
    "analyse",
    "comment",
    "grant",
    "revoke",
    "show",
    "explain",
    "notify",
    "listen",
    "unlisten",
    "savepoint",
    "release",
    "set",
    "reset",
    "discard",
    "deallocate",
    "checkpoint",
    "declare",
    "fetch",
    "close",
    "move",
    "values",
    "security",
    "import",
];

/// Things that are made or changed without touching rows of tables.
const HARMLESS_OBJECTS: &[&str] = &[
    "access",
    "aggregate",
    "cast",
    "collation",
    "conversion",
    "default",
    "domain",
    "event",
    "extension",
    "foreign",
    "function",
    "group",
    "language",
    "large",
    "operator",
    "policy",
    "procedure",
    "procedural",
    "publication",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "tablespace",
    "text",
    "transform",
    "trusted",
    "type",
    "user",
    "view",
    "recursive",
    "trigger",
    "constraint",
    "temp",
    "temporary",
    "materialized",
];

/// Reads all statements of a text; `place` says where a part of it stands in its file.
pub(crate) fn steps(text: &str, place: impl Fn(Range<usize>) -> Range<usize>) -> Vec<Step> {
    let (tokens, _) = tokens(text);
    steps_of(&tokens, place)
}

pub(super) fn steps_of(
    tokens: &[Token<'_>],
    place: impl Fn(Range<usize>) -> Range<usize>,
) -> Vec<Step> {
    let statements = statements(tokens);
    let mut steps = Vec::with_capacity(statements.len());
    for statement in statements {
        let range = place(Cursor::new(statement).range());
        let changes = read(statement).unwrap_or_else(|| vec![opaque(statement)]);
        steps.extend(changes.into_iter().map(|change| Step {
            range: range.clone(),
            within: range.clone(),
            change,
        }));
    }
    steps
}

fn opaque(statement: &[Token<'_>]) -> Change {
    let words: Vec<&str> = statement.iter().take(4).map(|token| token.text).collect();
    let start: String = words.join(" ").chars().take(60).collect();
    Change::Opaque {
        why: format!("`{start} …` is not understood"),
    }
}

fn read(statement: &[Token<'_>]) -> Option<Vec<Change>> {
    let mut cursor = Cursor::new(statement);
    let first = cursor.next()?.text.to_ascii_lowercase();
    let one = |change: Option<Change>| change.map(|change| vec![change]);
    match first.as_str() {
        "create" => created(&mut cursor),
        "alter" => altered(&mut cursor),
        "drop" => dropped(&mut cursor),
        "update" => one(rows::changed(&mut cursor)),
        "delete" if cursor.take("from") => one(rows::changed(&mut cursor)),
        "insert" if cursor.take("into") => one(rows::inserted(&mut cursor)),
        "merge" | "copy" => Some(vec![Change::Data {
            kind: crate::change::DataKind::Some,
            table: None,
        }]),
        "with" => {
            let inner = rows::after_with(statement);
            if inner.first()?.is_word("with") {
                None
            } else {
                read(inner)
            }
        }
        "select" | "table" => rows::selected(statement),
        "begin" | "start" => Some(vec![Change::Transaction(Transaction::Atomic)]),
        "commit" | "end" | "rollback" | "abort" => {
            Some(vec![Change::Transaction(Transaction::None)])
        }
        "set" if is_lock_timeout(&cursor) => Some(vec![Change::SetLockTimeout]),
        "reindex" => one(reindexed(&mut cursor)),
        "do" => Some(vec![Change::Opaque {
            why: "what a `DO` block does is not known before it runs".to_owned(),
        }]),
        "call" | "execute" => Some(vec![Change::Opaque {
            why: "what a procedure does is not known before it runs".to_owned(),
        }]),
        "vacuum" | "cluster" | "lock" | "truncate" | "refresh" => heavy(&first, &mut cursor),
        other if HARMLESS.contains(&other) => Some(Vec::new()),
        _ => None,
    }
}

fn is_lock_timeout(cursor: &Cursor<'_, '_>) -> bool {
    let mut cursor = *cursor;
    cursor.skip(&["local", "session"]);
    cursor.sees("lock_timeout")
}

fn created(cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    cursor.take("or replace");
    let is_temporary = ["global", "local", "temp", "temporary"]
        .map(|word| cursor.take(word))
        .contains(&true);
    cursor.take("unlogged");
    if cursor.take("table") {
        let table = create::table(cursor)?;
        // Nobody else can see a temporary table.
        return Some(if is_temporary {
            Vec::new()
        } else {
            vec![table]
        });
    }
    if cursor.take("unique index") {
        return Some(vec![create::index(cursor, true)?]);
    }
    if cursor.take("index") {
        return Some(vec![create::index(cursor, false)?]);
    }
    if cursor.take("database") {
        return Some(vec![outside("CREATE DATABASE")]);
    }
    is_harmless(cursor).then(Vec::new)
}

fn is_harmless(cursor: &Cursor<'_, '_>) -> bool {
    HARMLESS_OBJECTS.iter().any(|word| cursor.sees(word))
}

/// What PostgreSQL refuses in a transaction.
fn outside(what: &'static str) -> Change {
    Change::Heavy {
        what,
        table: None,
        in_transaction: false,
    }
}

fn altered(cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    if cursor.take("table") {
        return alter_table::alter_table(cursor);
    }
    if cursor.take("type") {
        let name = cursor.name()?;
        if cursor.take("rename value") {
            let value = cursor.next()?.text.trim_matches('\'').to_owned();
            return Some(vec![Change::RenameEnumValue { name, value }]);
        }
        return Some(Vec::new());
    }
    if cursor.take("index")
        || cursor.sees("view")
        || cursor.sees("database")
        || cursor.sees("system")
    {
        return Some(Vec::new());
    }
    is_harmless(cursor).then(Vec::new)
}

fn dropped(cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    let is_table = cursor.take("table");
    if is_table || cursor.take("index") {
        let concurrently = cursor.take("concurrently");
        cursor.take("if exists");
        let mut changes = Vec::new();
        for mut part in cursor.parts() {
            let name = part.name()?;
            changes.push(if is_table {
                Change::DropTable { table: name }
            } else {
                Change::DropIndex {
                    name: Some(name),
                    table: None,
                    concurrently,
                }
            });
        }
        return Some(changes);
    }
    if cursor.take("view") || cursor.take("materialized view") {
        cursor.take("if exists");
        let table = cursor.name()?;
        return Some(vec![Change::DropTable { table }]);
    }
    if cursor.take("database") {
        return Some(vec![outside("DROP DATABASE")]);
    }
    if cursor.take("schema") || cursor.take("owned") {
        return None;
    }
    is_harmless(cursor).then(Vec::new)
}

fn reindexed(cursor: &mut Cursor<'_, '_>) -> Option<Change> {
    let options = cursor.group();
    cursor.next()?;
    let concurrently = cursor.take("concurrently")
        || options.is_some_and(|options| {
            options
                .rest()
                .iter()
                .any(|token| token.is_word("concurrently"))
        });
    let what = cursor.name().unwrap_or_default();
    Some(Change::Reindex { concurrently, what })
}

fn heavy(first: &str, cursor: &mut Cursor<'_, '_>) -> Option<Vec<Change>> {
    let options = cursor.group();
    let says = |word: &str| {
        options.is_some_and(|options| options.rest().iter().any(|token| token.is_word(word)))
    };
    let what = match first {
        "vacuum" if cursor.take("full") || says("full") => "VACUUM FULL",
        // It locks nobody out, but PostgreSQL refuses it in a transaction.
        "vacuum" => return Some(vec![outside("VACUUM")]),
        "cluster" => "CLUSTER",
        "truncate" => "TRUNCATE",
        "lock" => "LOCK TABLE",
        "refresh" => {
            cursor.take("materialized view");
            if cursor.take("concurrently") {
                return Some(Vec::new());
            }
            "REFRESH MATERIALIZED VIEW"
        }
        _ => return None,
    };
    cursor.skip(&["freeze", "verbose", "analyze", "table", "only"]);
    Some(vec![Change::Heavy {
        what,
        table: cursor.name(),
        in_transaction: first != "vacuum",
    }])
}
