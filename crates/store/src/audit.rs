//! Who did what, for ever: each line holds the digest of the one before.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit<'a> {
    /// Who.
    pub actor: &'a str,
    /// A verb: `deploy`, `rollback`, `abort`, `thaw`.
    pub action: &'a str,
    /// Where.
    pub environment: Option<&'a EnvironmentName>,
    /// To what: a deployment, a release.
    pub subject: &'a str,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Its number, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Where.
    pub environment: Option<String>,
    /// To what.
    pub subject: String,
    /// Of this line and, through the one before, of all lines until here; none for lines that
    /// were written before there were digests.
    pub digest: Option<Digest>,
}

/// The audit trail was changed by something else than Shipway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// A line is not what it was.
    #[error("line {0} of the audit trail is not as it was written")]
    Changed(u64),
    /// A line is gone.
    #[error("line {0} of the audit trail is missing")]
    Missing(u64),
}

/// An audit trail that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many lines it has.
    pub lines: u64,
    /// How many of them were written before there were digests.
    pub without_digest: u64,
    /// The digest of all lines. Whoever keeps it elsewhere sees later whether the end was
    /// replaced.
    pub head: Option<Digest>,
}

const COLUMNS: &str = "sequence, at, actor, action, environment, subject, digest";

impl Store {
    /// Adds a line to the audit trail, which nothing ever takes away.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn audit(&self, audit: &Audit<'_>, now: Timestamp) -> Result<(), Error> {
        self.write("write the audit trail", |transaction| {
            append(transaction, audit, now)
        })
    }

    /// The audit trail, the newest line first.
    ///
    /// # Errors
    /// The lines cannot be read.
    pub fn audit_trail(&self, limit: usize) -> Result<Vec<AuditRecord>, Error> {
        const ACTION: &str = "read the audit trail";
        let connection = self.read();
        let mut statement = connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM audit ORDER BY sequence DESC LIMIT ?1"
            ))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([limit as i64], read)
            .map_err(Error::database(ACTION))?;
        rows.collect::<Result<_, _>>()
            .map_err(Error::database(ACTION))
    }

    /// Looks whether every line is as it was written, and none is missing.
    ///
    /// # Errors
    /// The lines cannot be read.
    pub fn verify_audit_trail(&self) -> Result<Result<Verified, Tampered>, Error> {
        const ACTION: &str = "read the audit trail";
        let connection = self.read();
        let last: Option<i64> = connection
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'audit'",
                [],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database(ACTION))?;
        let mut statement = connection
            .prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY sequence"))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([], read)
            .map_err(Error::database(ACTION))?;
        let mut chain = Chain::default();
        for row in rows {
            if let Err(tampered) = chain.add(&row.map_err(Error::database(ACTION))?) {
                return Ok(Err(tampered));
            }
        }
        let last = last.map_or(0, |last| last as u64);
        Ok(if chain.verified.lines < last {
            Err(Tampered::Missing(chain.verified.lines + 1))
        } else {
            Ok(chain.verified)
        })
    }
}

/// Adds a line within a transaction that also writes what it tells of.
pub(crate) fn append(
    transaction: &Transaction<'_>,
    audit: &Audit<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    const ACTION: &str = "write the audit trail";
    let before: Option<Option<String>> = transaction
        .query_row(
            "SELECT digest FROM audit ORDER BY sequence DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(Error::database(ACTION))?;
    let environment = audit.environment.map(EnvironmentName::as_str);
    transaction
        .execute(
            "INSERT INTO audit (at, actor, action, environment, subject)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                now.0 as i64,
                audit.actor,
                audit.action,
                environment,
                audit.subject
            ],
        )
        .map_err(Error::database(ACTION))?;
    let sequence = transaction.last_insert_rowid();
    let record = AuditRecord {
        sequence: sequence as u64,
        at: now,
        actor: audit.actor.to_owned(),
        action: audit.action.to_owned(),
        environment: environment.map(str::to_owned),
        subject: audit.subject.to_owned(),
        digest: None,
    };
    let before = before.flatten();
    transaction
        .execute(
            "UPDATE audit SET digest = ?2 WHERE sequence = ?1",
            params![sequence, record.digest_after(before.as_deref()).to_string()],
        )
        .map_err(Error::database(ACTION))?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let digest: Option<String> = row.get(6)?;
    Ok(AuditRecord {
        sequence: row.get::<_, i64>(0)? as u64,
        at: Timestamp(row.get::<_, i64>(1)? as u64),
        actor: row.get(2)?,
        action: row.get(3)?,
        environment: row.get(4)?,
        subject: row.get(5)?,
        // One that is no digest differs from what it should be.
        digest: digest.map(|text| text.parse().unwrap_or_else(|_| Digest::of(b""))),
    })
}

/// The lines that were looked at so far.
#[derive(Debug)]
struct Chain {
    verified: Verified,
}

// === impl AuditRecord ===

impl AuditRecord {
    /// Of what the line says and of the digest of the line before.
    fn digest_after(&self, before: Option<&str>) -> Digest {
        let fields = serde_json::json!([
            before,
            self.sequence,
            self.at.0,
            self.actor,
            self.action,
            self.environment,
            self.subject,
        ]);
        Digest::of(fields.to_string().as_bytes())
    }
}

// === impl Chain ===

impl Default for Chain {
    fn default() -> Self {
        Self {
            verified: Verified {
                lines: 0,
                without_digest: 0,
                head: None,
            },
        }
    }
}

impl Chain {
    fn add(&mut self, record: &AuditRecord) -> Result<(), Tampered> {
        let verified = &mut self.verified;
        if record.sequence != verified.lines + 1 {
            return Err(Tampered::Missing(verified.lines + 1));
        }
        verified.lines += 1;
        match (&record.digest, &verified.head) {
            // Only the lines at the beginning may be without.
            (None, None) => verified.without_digest += 1,
            (None, Some(_)) => return Err(Tampered::Changed(record.sequence)),
            (Some(digest), head) => {
                let head = head.as_ref().map(ToString::to_string);
                if *digest != record.digest_after(head.as_deref()) {
                    return Err(Tampered::Changed(record.sequence));
                }
                verified.head = Some(digest.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(lines: usize) -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        for number in 0..lines {
            let audit = Audit {
                actor: "anna",
                action: "deploy",
                environment: None,
                subject: &format!("d{number}"),
            };
            store.audit(&audit, Timestamp(number as u64)).unwrap();
        }
        (directory, store)
    }

    fn after(lines: usize, sql: &str) -> Result<Verified, Tampered> {
        let (_directory, store) = store(lines);
        store.read().execute_batch(sql).unwrap();
        store.verify_audit_trail().unwrap()
    }

    #[test]
    fn a_trail_that_nobody_touched_is_whole() {
        let verified = after(4, "").unwrap();
        assert_eq!((verified.lines, verified.without_digest), (4, 0));
        assert!(verified.head.is_some());
        assert_eq!(after(0, "").unwrap().head, None);
    }

    #[test]
    fn whatever_is_changed_or_removed_is_noticed() {
        for (sql, told) in [
            (
                "UPDATE audit SET actor = 'ben' WHERE sequence = 2",
                Tampered::Changed(2),
            ),
            (
                "UPDATE audit SET at = 9 WHERE sequence = 4",
                Tampered::Changed(4),
            ),
            (
                "UPDATE audit SET digest = NULL WHERE sequence = 3",
                Tampered::Changed(3),
            ),
            (
                "UPDATE audit SET digest = 'x' WHERE sequence = 3",
                Tampered::Changed(3),
            ),
            ("DELETE FROM audit WHERE sequence = 1", Tampered::Missing(1)),
            ("DELETE FROM audit WHERE sequence = 3", Tampered::Missing(3)),
            ("DELETE FROM audit WHERE sequence = 4", Tampered::Missing(4)),
            ("DELETE FROM audit", Tampered::Missing(1)),
        ] {
            assert_eq!(after(4, sql), Err(told), "{sql}");
        }
    }

    #[test]
    fn lines_from_before_there_were_digests_come_first() {
        let (_directory, store) = store(2);
        store
            .read()
            .execute_batch("UPDATE audit SET digest = NULL")
            .unwrap();
        let audit = Audit {
            actor: "ben",
            action: "abort",
            environment: None,
            subject: "d2",
        };
        store.audit(&audit, Timestamp(9)).unwrap();
        let verified = store.verify_audit_trail().unwrap().unwrap();
        assert_eq!((verified.lines, verified.without_digest), (3, 2));
    }
}
