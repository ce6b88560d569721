//! Deployments, from their record to their end. What reads them stands in `history`.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::id::{DeploymentId, ReleaseId, RequestId};
use shipway_pipeline::journal::{Entry, Record};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::{Event, Fact};
use shipway_pipeline::plan::{Kind, Occupant, Plan};
use shipway_pipeline::time::Timestamp;

use crate::audit::{self, Audit};
use crate::environment::{self, Frozen};
use crate::error::Error;
use crate::fact;
use crate::journal::append;
use crate::lease::Lease;
use crate::store::Store;

/// A deployment as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// What it does.
    pub plan: Plan,
    /// Where it stands.
    pub state: State,
    /// Who asked for it.
    pub requested_by: String,
    /// The request that it was made for, where it was made for one.
    pub request: Option<RequestId>,
    /// Who wants it stopped.
    pub abort_by: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
}

/// A deployment to be made.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// The release.
    pub release: ReleaseId,
    /// What the audit trail says that it is about.
    pub subject: String,
    /// The request that it is made for.
    pub request: Option<RequestId>,
    /// Who asks for it.
    pub requested_by: String,
    /// When.
    pub now: Timestamp,
}

/// What one transaction changes.
#[derive(Debug, Default)]
pub struct Change<'a> {
    /// What the journal gets.
    pub entries: Vec<Entry>,
    /// The new state.
    pub state: Option<&'a State>,
    /// What is live from now on; `Some(None)` is nothing.
    pub live: Option<Option<&'a Occupant>>,
    /// What is stable from now on.
    pub stable: Option<&'a Occupant>,
    /// Freezes the environment.
    pub freeze: Option<Frozen>,
}

impl Store {
    /// The id that the next deployment will have, for plans that are only shown.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn next_deployment(&self) -> Result<DeploymentId, Error> {
        next_id(&self.read())
    }

    /// Makes a deployment: gives it an id, lets `plan` plan it, and records both at once.
    ///
    /// # Errors
    /// The lease is deposed or the record cannot be written.
    pub fn create_deployment(
        &self,
        lease: &Lease,
        new: &NewDeployment,
        plan: impl FnOnce(DeploymentId) -> Plan,
    ) -> Result<Deployment, Error> {
        const ACTION: &str = "record a deployment";
        self.write(ACTION, |transaction| {
            lease.check(transaction)?;
            let id = next_id(transaction)?;
            let plan = plan(id);
            let state = State::Queued;
            transaction
                .execute(
                    "INSERT INTO deployments
                        (id, environment, release, kind, plan, plan_digest, state, requested_by,
                         created, changed, request)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
                    params![
                        id.0 as i64,
                        lease.environment().as_str(),
                        new.release.as_str(),
                        plan.kind.as_str(),
                        serde_json::to_string(&plan).map_err(Error::document("plan"))?,
                        plan.digest().hex(),
                        serde_json::to_string(&state).map_err(Error::document("state"))?,
                        new.requested_by,
                        new.now.0 as i64,
                        new.request.map(|request| request.0 as i64),
                    ],
                )
                .map_err(Error::database(ACTION))?;
            let requested = Entry::Requested {
                by: new.requested_by.clone(),
            };
            append(transaction, id, lease.epoch(), new.now, &requested)?;
            let audit = Audit {
                actor: &new.requested_by,
                action: plan.kind.as_str(),
                environment: Some(lease.environment()),
                subject: &format!("{id} {}", new.subject),
            };
            audit::append(transaction, &audit, new.now)?;
            let began = Fact::of_deployment(Event::Started, lease.environment(), id);
            fact::record(transaction, &began, new.now)?;
            Ok(Deployment {
                id,
                plan,
                state,
                requested_by: new.requested_by.clone(),
                request: new.request,
                abort_by: None,
                created: new.now,
                changed: new.now,
            })
        })
    }

    /// Changes a deployment, its journal and its environment, all or nothing.
    ///
    /// # Errors
    /// The lease is deposed or the record cannot be written.
    pub fn change(
        &self,
        lease: &Lease,
        id: DeploymentId,
        change: &Change<'_>,
        now: Timestamp,
    ) -> Result<Vec<Record>, Error> {
        self.write("change a deployment", |transaction| {
            lease.check(transaction)?;
            if let Some(state) = change.state {
                set_state(transaction, id, state, now)?;
                tell_end(transaction, id, (lease.environment(), state), now)?;
            }
            if let Some(live) = change.live {
                environment::set_live(transaction, lease.environment(), live, now)?;
            }
            if let Some(stable) = change.stable {
                environment::set_stable(transaction, lease.environment(), stable)?;
            }
            if let Some(frozen) = &change.freeze {
                environment::freeze(transaction, lease.environment(), frozen)?;
            }
            change
                .entries
                .iter()
                .map(|entry| append(transaction, id, lease.epoch(), now, entry))
                .collect()
        })
    }

    /// Asks whoever carries a deployment out to stop it. Needs no lease.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn request_abort(&self, id: DeploymentId, by: &str) -> Result<(), Error> {
        self.write("ask for an abort", |transaction| {
            transaction
                .execute(
                    "UPDATE deployments SET abort_by = ?2
                     WHERE id = ?1 AND outcome IS NULL AND abort_by IS NULL",
                    params![id.0 as i64, by],
                )
                .map_err(Error::database("ask for an abort"))?;
            Ok(())
        })
    }

    /// Who wants a deployment stopped.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn abort_requested(&self, id: DeploymentId) -> Result<Option<String>, Error> {
        self.read()
            .query_row(
                "SELECT abort_by FROM deployments WHERE id = ?1",
                [id.0 as i64],
                |row| row.get(0),
            )
            .map_err(Error::database("read a deployment"))
    }
}

fn next_id(connection: &rusqlite::Connection) -> Result<DeploymentId, Error> {
    connection
        .query_row(
            "SELECT coalesce(max(id), 0) + 1 FROM deployments",
            [],
            |row| row.get::<_, i64>(0),
        )
        .map(|id| DeploymentId(id as u64))
        .map_err(Error::database("number a deployment"))
}

/// The end of a deployment is told by whoever is told of it: recorded here, so that no crash comes
/// between the two.
fn tell_end(
    transaction: &Transaction<'_>,
    id: DeploymentId,
    (environment, state): (&EnvironmentName, &State),
    now: Timestamp,
) -> Result<(), Error> {
    let State::Finished { outcome, .. } = state else {
        return Ok(());
    };
    let kind: String = transaction
        .query_row(
            "SELECT kind FROM deployments WHERE id = ?1",
            [id.0 as i64],
            |row| row.get(0),
        )
        .map_err(Error::database("read a deployment"))?;
    let kind: Kind = serde_json::from_value(kind.into()).map_err(Error::document("kind"))?;
    let end = Fact::of_deployment(Event::of_end(kind, *outcome), environment, id);
    fact::record(transaction, &end, now)
}

fn set_state(
    transaction: &Transaction<'_>,
    id: DeploymentId,
    state: &State,
    now: Timestamp,
) -> Result<(), Error> {
    let document = serde_json::to_string(state).map_err(Error::document("state"))?;
    let outcome: Option<&str> = match state {
        State::Finished { outcome, .. } => Some(Outcome::as_str(*outcome)),
        State::Queued
        | State::Advancing { .. }
        | State::Baking { .. }
        | State::Reverting { .. } => None,
    };
    transaction
        .execute(
            "UPDATE deployments SET state = ?2, outcome = ?3, changed = ?4 WHERE id = ?1",
            params![id.0 as i64, document, outcome, now.0 as i64],
        )
        .map_err(Error::database("change a deployment"))?;
    Ok(())
}
