//! The tables: numbered, append-only migrations.
//!
//! A migration that was released is never edited; a change is a new one.

use rusqlite::{Connection, TransactionBehavior};

/// In order; the number of a migration is its index plus one.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE releases (
        id TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE workloads (
        digest TEXT PRIMARY KEY,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE environments (
        name TEXT PRIMARY KEY,
        live TEXT,
        live_since INTEGER,
        stable TEXT,
        frozen TEXT
    ) STRICT;
    CREATE TABLE leases (
        environment TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        owner TEXT,
        taken INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE deployments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        environment TEXT NOT NULL,
        release TEXT NOT NULL,
        kind TEXT NOT NULL,
        plan TEXT NOT NULL,
        plan_digest TEXT NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT,
        requested_by TEXT NOT NULL,
        abort_by TEXT,
        created INTEGER NOT NULL,
        changed INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX deployments_by_environment ON deployments (environment, id);
    CREATE INDEX deployments_unfinished ON deployments (environment) WHERE outcome IS NULL;
    CREATE TABLE journal (
        deployment INTEGER NOT NULL REFERENCES deployments (id),
        sequence INTEGER NOT NULL,
        at INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (deployment, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        environment TEXT,
        subject TEXT NOT NULL
    ) STRICT;
",
    // A removed value leaves its row: its number is never given again.
    "
    CREATE TABLE secrets (
        environment TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        ciphertext BLOB,
        recipient TEXT NOT NULL,
        created INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        PRIMARY KEY (environment, name, version)
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE pruned (
        release TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        by TEXT NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE gate_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        gate TEXT NOT NULL,
        revision TEXT NOT NULL,
        definition TEXT NOT NULL,
        verdict TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        log TEXT NOT NULL,
        by TEXT NOT NULL
    ) STRICT;
    CREATE INDEX gate_runs_by_revision ON gate_runs (revision, gate, id);
",
    // A backup that is being made, or was removed, leaves its row: its number is never given again.
    "
    CREATE TABLE backups (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        environment TEXT NOT NULL,
        created INTEGER NOT NULL,
        document TEXT
    ) STRICT;
",
    "
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        environment TEXT NOT NULL,
        state TEXT NOT NULL,
        created INTEGER NOT NULL,
        document TEXT NOT NULL
    ) STRICT;
    CREATE INDEX open_requests ON requests (id) WHERE state <> 'ended';
    CREATE INDEX requests_by_environment ON requests (environment, id);
    ALTER TABLE audit ADD COLUMN digest TEXT;
",
    "
    ALTER TABLE deployments ADD COLUMN request INTEGER;
    CREATE INDEX deployments_by_request ON deployments (request) WHERE request IS NOT NULL;
",
    "
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        hash BLOB NOT NULL,
        access TEXT NOT NULL,
        created INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        expires INTEGER,
        revoked INTEGER,
        revoked_by TEXT,
        used INTEGER
    ) STRICT;
",
    "
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mark TEXT NOT NULL UNIQUE
    ) STRICT;
",
    "
    ALTER TABLE gate_runs ADD COLUMN coverage REAL;
    ALTER TABLE gate_runs ADD COLUMN waived TEXT NOT NULL DEFAULT '[]';
",
    "
    CREATE TABLE branch_environments (
        name TEXT PRIMARY KEY,
        template TEXT NOT NULL,
        branch TEXT NOT NULL,
        created INTEGER NOT NULL,
        used INTEGER NOT NULL,
        leaving INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE polled (
        repository TEXT PRIMARY KEY,
        heads TEXT NOT NULL
    ) STRICT;
",
    // A fact is recorded with what it tells of; its messages are made when the channels are known.
    "
    CREATE TABLE facts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mark TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        document TEXT NOT NULL,
        addressed INTEGER
    ) STRICT;
    CREATE INDEX facts_unaddressed ON facts (id) WHERE addressed IS NULL;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mark TEXT NOT NULL,
        channel TEXT NOT NULL,
        created INTEGER NOT NULL,
        document TEXT NOT NULL,
        state TEXT NOT NULL,
        due INTEGER,
        attempts INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        answer TEXT,
        UNIQUE (mark, channel)
    ) STRICT;
    CREATE INDEX messages_due ON messages (due) WHERE due IS NOT NULL;
    CREATE INDEX messages_failed ON messages (id) WHERE state = 'failed';
",
    "
    CREATE INDEX deployments_by_release ON deployments (release, id);
    CREATE INDEX releases_by_age ON releases (created DESC, id);
",
    "
    ALTER TABLE gate_runs ADD COLUMN image TEXT;
",
];

/// The newest schema that this program knows.
pub(crate) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// The schema that a database has.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database up to date. Each migration is a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read inside of the transaction: another process may have migrated in between.
        let at = version(&transaction)?;
        let Some(next) = MIGRATIONS.get(at as usize) else {
            return Ok(());
        };
        transaction.execute_batch(next)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
}
