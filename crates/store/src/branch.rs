//! Environments of branches.

use rusqlite::{Row, Transaction, params};
use shipway_pipeline::branch::BranchEnvironment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::lease::Lease;
use crate::store::Store;

impl Store {
    /// The environments that branches have.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn branch_environments(&self) -> Result<Vec<BranchEnvironment>, Error> {
        const ACTION: &str = "list the environments of branches";
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(
                "SELECT name, template, branch, created, used, leaving
                 FROM branch_environments ORDER BY name",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([], columns)
            .map_err(Error::database(ACTION))?;
        let mut all = Vec::new();
        for row in rows {
            // Names were valid when they were written.
            all.extend(row.map_err(Error::database(ACTION))?);
        }
        Ok(all)
    }

    /// Opens an environment for a branch, or says of one that is open that it is used.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn open_branch(&self, one: &BranchEnvironment) -> Result<(), Error> {
        self.write("open the environment of a branch", |transaction| {
            open(transaction, one)
        })
    }

    /// Says of an environment that it is about to be removed: its place is free from now on.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn close_branch(&self, name: &EnvironmentName) -> Result<(), Error> {
        self.write("close the environment of a branch", |transaction| {
            leave(transaction, name)
        })
    }

    /// Forgets what was live in an environment, and the environment itself unless it was opened
    /// again since it was closed. What was deployed to it stays on record, and so does its epoch.
    ///
    /// # Errors
    /// The lease is deposed or the records cannot be written.
    pub fn forget_branch(&self, lease: &Lease) -> Result<(), Error> {
        const ACTION: &str = "forget the environment of a branch";
        self.write(ACTION, |transaction| {
            lease.check(transaction)?;
            for sql in [
                "DELETE FROM environments WHERE name = ?1",
                "DELETE FROM branch_environments WHERE name = ?1 AND leaving = 1",
            ] {
                transaction
                    .execute(sql, [lease.environment().as_str()])
                    .map_err(Error::database(ACTION))?;
            }
            Ok(())
        })
    }
}

pub(crate) fn open(transaction: &Transaction<'_>, one: &BranchEnvironment) -> Result<(), Error> {
    transaction
        .execute(
            "INSERT INTO branch_environments (name, template, branch, created, used, leaving)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)
             ON CONFLICT (name) DO UPDATE SET used = ?5, leaving = 0",
            params![
                one.name.as_str(),
                one.template.as_str(),
                one.branch,
                one.created.0 as i64,
                one.used.0 as i64
            ],
        )
        .map_err(Error::database("open the environment of a branch"))?;
    Ok(())
}

/// Its place is free for another branch from now on.
pub(crate) fn leave(transaction: &Transaction<'_>, name: &EnvironmentName) -> Result<(), Error> {
    transaction
        .execute(
            "UPDATE branch_environments SET leaving = 1 WHERE name = ?1",
            [name.as_str()],
        )
        .map_err(Error::database("close the environment of a branch"))?;
    Ok(())
}

/// It stays.
pub(crate) fn stay(transaction: &Transaction<'_>, name: &EnvironmentName) -> Result<(), Error> {
    transaction
        .execute(
            "UPDATE branch_environments SET leaving = 0 WHERE name = ?1",
            [name.as_str()],
        )
        .map_err(Error::database("keep the environment of a branch"))?;
    Ok(())
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Option<BranchEnvironment>> {
    let name = row.get::<_, String>(0)?.parse().ok();
    let template = row.get::<_, String>(1)?.parse().ok();
    let (branch, created, used, leaving): (_, i64, i64, i64) =
        (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(name
        .zip(template)
        .map(|(name, template)| BranchEnvironment {
            name,
            template,
            branch,
            created: Timestamp(created as u64),
            used: Timestamp(used as u64),
            is_leaving: leaving != 0,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Act, NewRequest, Pushed};
    use shipway_pipeline::promotion::Lane;
    use shipway_pipeline::request::{Origin, Request, Want};

    fn one(used: u64) -> BranchEnvironment {
        BranchEnvironment {
            name: "development/cart".parse().unwrap(),
            template: "development".parse().unwrap(),
            branch: "cart".to_owned(),
            created: Timestamp(used),
            used: Timestamp(used),
            is_leaving: false,
        }
    }

    #[test]
    fn an_environment_is_opened_used_left_and_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        store.open_branch(&one(1)).unwrap();
        store.open_branch(&one(5)).unwrap();
        let known = store.branch_environments().unwrap();
        let used = BranchEnvironment {
            created: Timestamp(1),
            ..one(5)
        };
        assert_eq!(known, [used]);

        let remove = NewRequest {
            environment: known[0].name.clone(),
            want: Want::Remove,
            lane: Lane::Regular,
            by: "anna".to_owned(),
            reason: None,
            origin: Origin::Push {
                branch: "cart".to_owned(),
            },
        };
        store.create_request(remove.clone(), Timestamp(6)).unwrap();
        assert!(store.branch_environments().unwrap()[0].is_leaving);
        // Pushed again before it was gone: it stays.
        let pushed = Pushed {
            places: vec![one(7)],
            requests: vec![NewRequest {
                want: Want::Promote,
                ..remove
            }],
        };
        let made = store
            .create_requests_once(&[], pushed, Timestamp(7))
            .unwrap();
        assert_eq!(made.map(|made| made.len()), Some(1));
        assert!(!store.branch_environments().unwrap()[0].is_leaving);

        let name = &known[0].name;
        let lease = store.take_lease(name, "tester", Timestamp(8)).unwrap();
        store.forget_branch(&lease).unwrap();
        assert_eq!(store.branch_environments().unwrap().len(), 1);
        store.close_branch(name).unwrap();
        store.forget_branch(&lease).unwrap();
        store.release_lease(lease).unwrap();
        assert_eq!(store.branch_environments().unwrap(), []);
        let lease = store.take_lease(name, "tester", Timestamp(9)).unwrap();
        assert_eq!(lease.epoch().0, 2);
    }

    #[test]
    fn who_takes_a_removal_back_keeps_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        store.open_branch(&one(1)).unwrap();
        let again = NewRequest {
            environment: one(1).name,
            want: Want::Remove,
            lane: Lane::Regular,
            by: "anna".to_owned(),
            reason: None,
            origin: Origin::Person,
        };
        let removal = store.create_request(again, Timestamp(7)).unwrap();
        assert!(store.branch_environments().unwrap()[0].is_leaving);
        let act = Act {
            by: "anna",
            verb: "cancel",
            now: Timestamp(8),
        };
        let cancel = |request: &mut Request| {
            request.cancel("anna", act.now).unwrap();
            Ok::<_, Error>(())
        };
        store.change_request(removal.id, act, cancel).unwrap();
        assert!(!store.branch_environments().unwrap()[0].is_leaving);
    }
}
