//! What a migration does to a database, whatever language it is written in.
//!
//! Django operations and SQL statements both become these changes, so that one set of rules
//! serves both. A change says what PostgreSQL is told, not how dangerous that is.

use std::ops::Range;

use crate::types::Type;

/// One thing that PostgreSQL is told to do, or that code does in a migration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    CreateTable(Table),
    DropTable {
        table: String,
    },
    RenameTable {
        table: String,
        to: String,
    },
    AddColumn {
        table: String,
        /// Apart: it is as large as several of the others, and there are thousands of them.
        column: Box<Column>,
    },
    DropColumn {
        table: String,
        column: String,
    },
    RenameColumn {
        table: String,
        column: String,
        to: String,
    },
    AlterType {
        table: String,
        column: String,
        to: Option<Type>,
        has_using: bool,
    },
    SetNotNull {
        table: String,
        column: String,
        /// The same transaction first writes a default into every row without a value.
        fills: bool,
    },
    DropNotNull {
        table: String,
        column: String,
    },
    SetDefault {
        table: String,
        column: String,
    },
    DropDefault {
        table: String,
        column: String,
    },
    AddConstraint {
        table: String,
        constraint: Constraint,
    },
    ValidateConstraint {
        table: String,
        name: String,
    },
    DropConstraint {
        table: String,
        name: Option<String>,
    },
    CreateIndex {
        table: Option<String>,
        index: Index,
    },
    DropIndex {
        name: Option<String>,
        table: Option<String>,
        concurrently: bool,
    },
    Reindex {
        concurrently: bool,
        /// A table's or an index's name.
        what: String,
    },
    Data {
        kind: DataKind,
        table: Option<String>,
    },
    /// Python code of a migration.
    Code,
    /// What cannot be taken back.
    Irreversible {
        what: &'static str,
    },
    /// A statement that takes the whole table for itself, for as long as it needs.
    Heavy {
        what: &'static str,
        table: Option<String>,
        in_transaction: bool,
    },
    RenameEnumValue {
        name: String,
        value: String,
    },
    SetLockTimeout,
    /// The file itself begins or ends a transaction.
    Transaction(Transaction),
    Opaque {
        why: String,
    },
}

/// Whether statements run in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    /// All in one: locks are held to its end.
    Atomic,
    /// Each on its own.
    None,
}

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataKind {
    /// Rows that a `WHERE` chooses, or that are added.
    Some,
    /// Every row of a table.
    Every,
}

/// A table that is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) constraints: Vec<Constraint>,
}

/// A column that is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `None` where it cannot be known.
    pub(crate) type_: Option<Type>,
    pub(crate) is_required: bool,
    pub(crate) default: Fill,
    /// A Python callable that Django calls once for all rows.
    pub(crate) callable: Option<String>,
    pub(crate) is_unique: bool,
    pub(crate) is_primary: bool,
    pub(crate) has_check: bool,
    /// The table that a foreign key names.
    pub(crate) references: Option<String>,
}

/// What rows that are there already get in a new column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Fill {
    #[default]
    None,
    /// The same for all: kept in the catalogue, not written.
    Constant,
    /// Another for each row: every row is written.
    Volatile(String),
    /// An expression that could be either.
    Unknown(String),
}

/// A rule about rows that the database keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub(crate) name: Option<String>,
    pub(crate) kind: ConstraintKind,
    pub(crate) is_valid: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConstraintKind {
    ForeignKey {
        to: String,
    },
    Check {
        /// The column of which it says that it is not null, if that is all it says.
        not_null: Option<String>,
    },
    Unique {
        using_index: bool,
        /// Made as an index, since it has a condition.
        is_partial: bool,
    },
    Primary {
        using_index: bool,
    },
    Exclude,
}

/// An index that is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Index {
    pub(crate) name: Option<String>,
    pub(crate) is_unique: bool,
    pub(crate) concurrently: bool,
}

/// A place in a migration and what happens there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) range: Range<usize>,
    /// The operation that it is a part of: SQL stands inside of `RunSQL`.
    pub(crate) within: Range<usize>,
    pub(crate) change: Change,
}

/// The lock that a change needs on a table that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Neither reads nor writes wait.
    ShareUpdateExclusive,
    /// Writes wait.
    Share,
    /// Writes wait, and so does everything else but reading.
    ShareRowExclusive,
    /// Reads and writes wait.
    AccessExclusive,
}

// === impl Lock ===

impl Lock {
    /// Returns the name that PostgreSQL has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

// === impl Change ===

impl Change {
    /// The table that is concerned, if it is known.
    pub(crate) fn table(&self) -> Option<&str> {
        match self {
            Self::CreateTable(table) => Some(&table.name),
            Self::DropTable { table }
            | Self::RenameTable { table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::AlterType { table, .. }
            | Self::SetNotNull { table, .. }
            | Self::DropNotNull { table, .. }
            | Self::SetDefault { table, .. }
            | Self::DropDefault { table, .. }
            | Self::AddConstraint { table, .. }
            | Self::ValidateConstraint { table, .. }
            | Self::DropConstraint { table, .. } => Some(table),
            Self::CreateIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::Data { table, .. }
            | Self::Heavy { table, .. } => table.as_deref(),
            Self::Reindex { .. }
            | Self::Code
            | Self::Irreversible { .. }
            | Self::RenameEnumValue { .. }
            | Self::SetLockTimeout
            | Self::Transaction(_)
            | Self::Opaque { .. } => None,
        }
    }

    /// Whether it says how what follows is run and changes nothing itself: no rule is about it.
    pub(crate) fn is_of_session(&self) -> bool {
        matches!(self, Self::SetLockTimeout | Self::Transaction(_))
    }

    /// The lock it takes on its table, if that table was there before.
    pub(crate) fn lock(&self) -> Option<Lock> {
        match self {
            Self::DropTable { .. }
            | Self::RenameTable { .. }
            | Self::AddColumn { .. }
            | Self::DropColumn { .. }
            | Self::RenameColumn { .. }
            | Self::AlterType { .. }
            | Self::SetNotNull { .. }
            | Self::DropNotNull { .. }
            | Self::SetDefault { .. }
            | Self::DropDefault { .. }
            | Self::DropConstraint { .. }
            | Self::Heavy { .. } => Some(Lock::AccessExclusive),
            Self::AddConstraint { constraint, .. } => Some(constraint.kind.lock()),
            Self::ValidateConstraint { .. } => Some(Lock::ShareUpdateExclusive),
            Self::CreateIndex { index, .. } if index.concurrently => {
                Some(Lock::ShareUpdateExclusive)
            }
            Self::CreateIndex { .. } => Some(Lock::Share),
            Self::DropIndex { concurrently, .. } if *concurrently => {
                Some(Lock::ShareUpdateExclusive)
            }
            Self::DropIndex { .. } => Some(Lock::AccessExclusive),
            Self::Reindex { concurrently, .. } if *concurrently => Some(Lock::ShareUpdateExclusive),
            Self::Reindex { .. } => Some(Lock::Share),
            Self::CreateTable(_)
            | Self::Data { .. }
            | Self::Code
            | Self::Irreversible { .. }
            | Self::RenameEnumValue { .. }
            | Self::SetLockTimeout
            | Self::Transaction(_)
            | Self::Opaque { .. } => None,
        }
    }
}

// === impl ConstraintKind ===

impl ConstraintKind {
    fn lock(&self) -> Lock {
        match self {
            Self::ForeignKey { .. } => Lock::ShareRowExclusive,
            Self::Unique {
                is_partial: true, ..
            } => Lock::Share,
            Self::Check { .. } | Self::Unique { .. } | Self::Primary { .. } | Self::Exclude => {
                Lock::AccessExclusive
            }
        }
    }
}
