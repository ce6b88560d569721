//! Deployments as lists tell them: without the plans, which are long and seldom read.

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use serde::de::DeserializeOwned;
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::id::{DeploymentId, ReleaseId};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Kind, Plan};
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::history::{bound, of_unfinished, page};
use crate::store::Store;

const ACTION: &str = "read deployments";

/// A deployment, without its plan and its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: DeploymentId,
    /// Where.
    pub environment: EnvironmentName,
    /// What kind it is.
    pub kind: Kind,
    /// The release that is to be live.
    pub release: ReleaseId,
    /// The release's full commit, where the release is on record.
    pub commit: Option<String>,
    /// The release that was live before.
    pub previous: Option<ReleaseId>,
    /// Where it stands, in a word or two.
    pub state: &'static str,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
}

// SQLite takes the one name that is needed out of a plan in a fraction of the time in which the
// whole plan is read. Only what is under way needs it: its state is a step of it.
pub(crate) const COLUMNS: &str =
    "id, environment, kind, release, state, requested_by, created, changed,
    json_extract(plan, '$.previous.release'),
    (SELECT json_extract(document, '$.commit') FROM releases WHERE releases.id = release),
    CASE WHEN outcome IS NULL THEN plan END";

impl Store {
    /// A deployment by its id.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn summary(&self, id: DeploymentId) -> Result<Option<Summary>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM deployments WHERE id = ?1");
        one(&self.read(), &sql, &(id.0 as i64))
    }

    /// The deployments that were made before one, the newest first; the newest of all where none
    /// is named. Takes the same time however many there are.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn summaries(
        &self,
        environment: Option<&EnvironmentName>,
        before: Option<DeploymentId>,
        limit: usize,
    ) -> Result<Vec<Summary>, Error> {
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(&page(COLUMNS, environment.is_some()))
            .map_err(Error::database(ACTION))?;
        let name = environment.map(EnvironmentName::as_str);
        let rows = statement
            .query_map(params![name, bound(before), limit as i64], Columns::read)
            .map_err(Error::database(ACTION))?;
        rows.map(|row| row.map_err(Error::database(ACTION))?.parse())
            .collect()
    }
}

/// The deployment of an environment that is not over, if there is one.
pub(crate) fn unfinished(
    connection: &Connection,
    environment: &EnvironmentName,
) -> Result<Option<Summary>, Error> {
    one(connection, &of_unfinished(COLUMNS), &environment.as_str())
}

fn one(connection: &Connection, sql: &str, key: &dyn ToSql) -> Result<Option<Summary>, Error> {
    let row = connection
        .prepare_cached(sql)
        .map_err(Error::database(ACTION))?
        .query_row([key], Columns::read)
        .optional()
        .map_err(Error::database(ACTION))?;
    row.map(Columns::parse).transpose()
}

/// The row as it is stored.
struct Columns {
    id: i64,
    environment: String,
    kind: String,
    release: String,
    state: String,
    requested_by: String,
    created: i64,
    changed: i64,
    previous: Option<String>,
    commit: Option<String>,
    plan: Option<String>,
}

// === impl Columns ===

impl Columns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            environment: row.get(1)?,
            kind: row.get(2)?,
            release: row.get(3)?,
            state: row.get(4)?,
            requested_by: row.get(5)?,
            created: row.get(6)?,
            changed: row.get(7)?,
            previous: row.get(8)?,
            commit: row.get(9)?,
            plan: row.get(10)?,
        })
    }

    fn parse(self) -> Result<Summary, Error> {
        let state: State = serde_json::from_str(&self.state).map_err(Error::document("state"))?;
        let outcome = match &state {
            State::Finished { outcome, .. } => Some(*outcome),
            State::Queued
            | State::Advancing { .. }
            | State::Baking { .. }
            | State::Reverting { .. } => None,
        };
        let standing = match (outcome, &self.plan) {
            (None, Some(plan)) => {
                let plan: Plan = serde_json::from_str(plan).map_err(Error::document("plan"))?;
                state.name(&plan)
            }
            (Some(outcome), _) => outcome.as_str(),
            (None, None) => "",
        };
        Ok(Summary {
            id: DeploymentId(self.id as u64),
            environment: word(self.environment)?,
            kind: word(self.kind)?,
            release: word(self.release)?,
            commit: self.commit,
            previous: self.previous.map(word).transpose()?,
            state: standing,
            outcome,
            requested_by: self.requested_by,
            created: Timestamp(self.created as u64),
            changed: Timestamp(self.changed as u64),
        })
    }
}

fn word<T: DeserializeOwned>(text: String) -> Result<T, Error> {
    serde_json::from_value(text.into()).map_err(Error::document("deployment"))
}
