//! Who did what, for ever.

use rusqlite::params;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
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
}

impl Store {
    /// Adds a line to the audit trail, which nothing ever takes away.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn audit(&self, audit: &Audit<'_>, now: Timestamp) -> Result<(), Error> {
        self.write("write the audit trail", |transaction| {
            transaction
                .execute(
                    "INSERT INTO audit (at, actor, action, environment, subject)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        now.0 as i64,
                        audit.actor,
                        audit.action,
                        audit.environment.map(EnvironmentName::as_str),
                        audit.subject
                    ],
                )
                .map_err(Error::database("write the audit trail"))?;
            Ok(())
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
            .prepare(
                "SELECT at, actor, action, environment, subject FROM audit
                 ORDER BY sequence DESC LIMIT ?1",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([limit as i64], |row| {
                Ok(AuditRecord {
                    at: Timestamp(row.get::<_, i64>(0)? as u64),
                    actor: row.get(1)?,
                    action: row.get(2)?,
                    environment: row.get(3)?,
                    subject: row.get(4)?,
                })
            })
            .map_err(Error::database(ACTION))?;
        rows.collect::<Result<_, _>>()
            .map_err(Error::database(ACTION))
    }
}
