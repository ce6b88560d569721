//! Deployments as they are recorded, with their plans.

use rusqlite::{OptionalExtension as _, Row, params};
use shipway_pipeline::id::{DeploymentId, ReleaseId, RequestId};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::deployment::Deployment;
use crate::error::Error;
use crate::store::Store;

impl Store {
    /// A deployment by its id.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn deployment(&self, id: DeploymentId) -> Result<Option<Deployment>, Error> {
        let row = self
            .read()
            .query_row(
                &format!("SELECT {COLUMNS} FROM deployments WHERE id = ?1"),
                [id.0 as i64],
                Columns::read,
            )
            .optional()
            .map_err(Error::database("read a deployment"))?;
        row.map(Columns::parse).transpose()
    }

    /// The deployment that was made for a request, if one was.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn deployment_of(&self, request: RequestId) -> Result<Option<Deployment>, Error> {
        let row = self
            .read()
            .query_row(
                &format!("SELECT {COLUMNS} FROM deployments WHERE request = ?1 ORDER BY id DESC"),
                [request.0 as i64],
                Columns::read,
            )
            .optional()
            .map_err(Error::database("read a deployment"))?;
        row.map(Columns::parse).transpose()
    }

    /// The deployment of an environment that is not over, if there is one.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn unfinished(&self, environment: &EnvironmentName) -> Result<Option<Deployment>, Error> {
        let row = self
            .read()
            .query_row(
                &of_unfinished(COLUMNS),
                [environment.as_str()],
                Columns::read,
            )
            .optional()
            .map_err(Error::database("read a deployment"))?;
        row.map(Columns::parse).transpose()
    }

    /// Deployments, the newest first; of one environment or of all.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn deployments(
        &self,
        environment: Option<&EnvironmentName>,
        limit: usize,
    ) -> Result<Vec<Deployment>, Error> {
        self.deployments_before(environment, None, limit)
    }

    /// The deployments that were made before one, the newest first; the newest of all where none
    /// is named. Takes the same time however many there are.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn deployments_before(
        &self,
        environment: Option<&EnvironmentName>,
        before: Option<DeploymentId>,
        limit: usize,
    ) -> Result<Vec<Deployment>, Error> {
        const ACTION: &str = "list deployments";
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(&page(COLUMNS, environment.is_some()))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map(
                params![
                    environment.map(EnvironmentName::as_str),
                    bound(before),
                    limit as i64
                ],
                Columns::read,
            )
            .map_err(Error::database(ACTION))?;
        rows.map(|row| row.map_err(Error::database(ACTION))?.parse())
            .collect()
    }

    /// The deployments of a release, the oldest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn deployments_with(&self, release: &ReleaseId) -> Result<Vec<Deployment>, Error> {
        const ACTION: &str = "list the deployments of a release";
        let connection = self.read();
        let mut statement = connection
            .prepare(&of_release(COLUMNS))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([release.as_str()], Columns::read)
            .map_err(Error::database(ACTION))?;
        rows.map(|row| row.map_err(Error::database(ACTION))?.parse())
            .collect()
    }
}

/// The statement of a page of deployments. One for both would keep SQLite from using the index.
pub(crate) fn page(columns: &str, is_of_one: bool) -> String {
    let which = if is_of_one {
        "environment = ?1 AND"
    } else {
        "?1 IS NULL AND"
    };
    format!("SELECT {columns} FROM deployments WHERE {which} id < ?2 ORDER BY id DESC LIMIT ?3")
}

/// The statement for the deployment of an environment that is not over.
pub(crate) fn of_unfinished(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM deployments
         WHERE environment = ?1 AND outcome IS NULL ORDER BY id LIMIT 1"
    )
}

/// The statement for the deployments of a release.
pub(crate) fn of_release(columns: &str) -> String {
    format!("SELECT {columns} FROM deployments WHERE release = ?1 ORDER BY id")
}

/// What a page begins before, as it is bound; the newest of all where nothing is named.
pub(crate) fn bound(before: Option<DeploymentId>) -> i64 {
    before.map_or(i64::MAX, |before| before.0.min(i64::MAX as u64) as i64)
}

pub(crate) const COLUMNS: &str =
    "id, plan, state, requested_by, abort_by, created, changed, request";

/// The row as it is stored.
struct Columns {
    id: i64,
    plan: String,
    state: String,
    requested_by: String,
    abort_by: Option<String>,
    created: i64,
    changed: i64,
    request: Option<i64>,
}

impl Columns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            plan: row.get(1)?,
            state: row.get(2)?,
            requested_by: row.get(3)?,
            abort_by: row.get(4)?,
            created: row.get(5)?,
            changed: row.get(6)?,
            request: row.get(7)?,
        })
    }

    fn parse(self) -> Result<Deployment, Error> {
        Ok(Deployment {
            id: DeploymentId(self.id as u64),
            plan: serde_json::from_str(&self.plan).map_err(Error::document("plan"))?,
            state: serde_json::from_str(&self.state).map_err(Error::document("state"))?,
            requested_by: self.requested_by,
            request: self.request.map(|id| RequestId(id as u64)),
            abort_by: self.abort_by,
            created: Timestamp(self.created as u64),
            changed: Timestamp(self.changed as u64),
        })
    }
}
