//! A state with a long history and a long queue.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use rusqlite::{Connection, params};
use shipway_pipeline::config;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{self, Origin, Want};
use shipway_pipeline::time::Timestamp;
use shipway_store::{Act, Carried, NewRequest, Store};

use super::super::history;

pub(super) const ENVIRONMENTS: usize = 50;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Deployments on record; a multiple of those that are made one by one.
    pub(super) deployments: usize,
    /// Requests that are not over.
    pub(super) open: usize,
}

/// So many deployments of each environment are made one by one, as a command makes them; the
/// others are copies of their rows.
const MADE: u64 = 4;

/// The state.
pub(super) struct State {
    pub(super) directory: PathBuf,
    /// The right to carry out the request that is under way, which keeps the others waiting.
    _carried: Carried,
}

// === impl State ===

impl State {
    /// Makes a project with this state in a directory.
    pub(super) fn make(directory: &Path, size: Size) -> Result<Self> {
        let text = configuration();
        history::write_project(directory, &text)?;
        let config = config::parse(&text).map_err(|problems| anyhow!("{problems:?}"))?;
        let state = directory.join(".shipway");
        let store = Store::open(&state)?;
        for environment in config.environments.values() {
            history::deploy(&store, &config, environment, MADE)?;
        }
        multiply(&state.join("shipway.db"), size.deployments)?;
        Ok(Self {
            directory: directory.to_owned(),
            _carried: queue(&store, size.open)?,
        })
    }

    /// The name of an environment.
    pub(super) fn environment(number: usize) -> String {
        format!("place-{number}")
    }

    /// The size of the database.
    pub(super) fn bytes(&self) -> Result<u64> {
        let path = self.directory.join(".shipway/shipway.db");
        Ok(std::fs::metadata(path)?.len())
    }
}

fn configuration() -> String {
    let mut text =
        "project: bench\nservices:\n  web: { role: web, port: 8000 }\nenvironments:\n".to_owned();
    for number in 0..ENVIRONMENTS {
        let (name, port) = (State::environment(number), 18_000 + number);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {name}: {{ compose: [docker-compose.yml], branches: main, route: {{ listen: {port} }} }}"
        );
    }
    text
}

/// Copies the rows of all deployments until there are as many as there are to be, with their
/// journals, in one transaction: one by one it would take minutes.
fn multiply(database: &Path, deployments: usize) -> Result<()> {
    let made = ENVIRONMENTS as i64 * MADE as i64;
    let times = deployments as i64 / made - 1;
    let mut connection = Connection::open(database)?;
    let transaction = connection.transaction()?;
    let copies =
        "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?1)";
    transaction.execute(
        &format!(
            "{copies} INSERT INTO deployments
                (id, environment, release, kind, plan, plan_digest, state, outcome, requested_by, created, changed)
             SELECT id + n * ?2, environment, release, kind, plan, plan_digest, state, outcome, requested_by,
                created, changed
             FROM copies CROSS JOIN deployments WHERE id <= ?2"
        ),
        params![times, made],
    )?;
    transaction.execute(
        &format!(
            "{copies} INSERT INTO journal (deployment, sequence, at, epoch, entry)
             SELECT deployment + n * ?2, sequence, at, epoch, entry
             FROM copies CROSS JOIN journal WHERE deployment <= ?2"
        ),
        params![times, made],
    )?;
    transaction.commit()?;
    Ok(())
}

/// Requests for all environments, of which the first is under way.
fn queue(store: &Store, open: usize) -> Result<Carried> {
    let mut first = None;
    for number in 0..open {
        let new = NewRequest {
            environment: State::environment(number % ENVIRONMENTS).parse()?,
            want: Want::Deploy {
                commit: format!("{number:040x}"),
            },
            lane: Lane::Regular,
            by: "anna".to_owned(),
            reason: None,
            origin: Origin::Person,
        };
        let made = store.create_request(new, Timestamp(0))?;
        first.get_or_insert(made.id);
    }
    let first = first.context("there is a request")?;
    let carried = store.try_carry(first)?.context("nobody carries it out")?;
    let act = Act {
        by: "anna",
        verb: "start",
        now: Timestamp(0),
    };
    let start = |request: &mut request::Request| -> Result<()> { Ok(request.start(act.now)?) };
    store.change_request(first, act, start)?;
    Ok(carried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_has_what_was_asked_for() {
        let parent = tempfile::tempdir().unwrap();
        let size = Size {
            deployments: 600,
            open: 60,
        };
        let state = State::make(parent.path(), size).unwrap();
        let store = Store::open(&state.directory.join(".shipway")).unwrap();
        let newest = store.deployments(None, 1).unwrap();
        assert_eq!(newest[0].id.0, 600);
        assert_eq!(store.journal(newest[0].id).unwrap().len(), 2);
        assert_eq!(store.open_requests().unwrap().len(), 60);
        let name = State::environment(ENVIRONMENTS - 1).parse().unwrap();
        assert!(store.environment(&name).unwrap().live.is_some());
    }
}
