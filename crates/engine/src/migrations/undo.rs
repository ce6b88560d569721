//! Back to what a database had with a release.
//!
//! Only an artifact that has a migration can take it back: with an older one, Django does nothing
//! and says that all is well. So the newest release that knows the most of them is used, whatever
//! is live.

use std::collections::{BTreeMap, BTreeSet};

use shipway_migrations::{File, Key, Known, Request, Settings, check, known, tables};
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::journal::{Detail, Entry};
use shipway_pipeline::migration::{Leaves, Run, Turn};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{self, Note, Occupant, Severity};

use super::alone::{Draft, MigrateError, Migrating};
use super::{files, read};
use crate::executor::{Engine, ExecutorError};
use crate::git::{GitError, Repository};
use crate::live::Live;

/// More history than this is not searched.
const HISTORY: usize = 200;

/// A release that was deployed, and the migrations that it has.
struct Candidate {
    occupant: Occupant,
    files: Vec<File>,
    known: Vec<Known>,
}

/// What is taken back, decided by what is known. Pure.
#[derive(Debug, PartialEq, Eq)]
struct Undo {
    /// In the order in which they are taken back.
    keys: Vec<Key>,
    /// What each app is taken back to.
    targets: Vec<(String, Option<String>)>,
}

impl Engine {
    pub(super) async fn draft_undo(
        &self,
        migrating: &Migrating<'_>,
        live: &Live,
        to: Option<&ReleaseId>,
    ) -> Result<Option<Draft>, MigrateError> {
        let environment = &migrating.environment.name;
        let how = &migrating.environment.migrations;
        let to = to.unwrap_or(&live.release.id);
        let leaves = self.recorded_leaves(environment, to)?;
        let leaves = leaves.ok_or_else(|| MigrateError::NoState {
            release: to.clone(),
            environment: environment.clone(),
        })?;
        let server = self.database_of(environment, &live.workload)?.postgres()?;
        let applied = read(&server).await?;
        let repository = Repository::find(&migrating.project.directory)?;
        let candidate = self.newest_with(&repository, migrating, &applied.keys)?;
        let undo = decide(&candidate.known, &applied.keys, &leaves);
        if undo.keys.is_empty() {
            return Ok(None);
        }
        let live_files = files::of_commit(&repository, &live.release.commit, how)?;
        let loses = checked(&candidate, &undo, live, &live_files, environment)?;
        let workload = self.store.workload(&candidate.occupant.workload)?;
        let workload = workload.ok_or_else(|| {
            ExecutorError::Missing(format!("workload {}", candidate.occupant.workload.short()))
        })?;
        let mut notes: Vec<Note> = plan::data_loss(loses.iter().map(String::as_str))
            .into_iter()
            .collect();
        notes.push(Note {
            severity: Severity::Info,
            text: "what a migration dropped comes back empty; its data does not come back"
                .to_owned(),
        });
        Ok(Some(Draft {
            with: candidate.occupant,
            workload,
            run: Run {
                turn: Turn::Undo,
                applies: undo.keys.iter().map(ToString::to_string).collect(),
                held: [].into(),
                undo: undo.targets,
                lock_timeout: how.lock_timeout,
                statement_timeout: how.statement_timeout,
                retries: how.retries,
            },
            outlook: None,
            notes,
        }))
    }

    /// What the database had when a release was deployed; `None` where that is not recorded.
    fn recorded_leaves(
        &self,
        environment: &EnvironmentName,
        release: &ReleaseId,
    ) -> Result<Option<Leaves>, MigrateError> {
        let all = self.store.deployments(Some(environment), HISTORY)?;
        for deployment in all {
            if deployment.plan.target.release != *release {
                continue;
            }
            let journal = self.store.journal(deployment.id)?;
            let found = journal
                .into_iter()
                .rev()
                .find_map(|record| match record.entry {
                    Entry::Done {
                        detail: Some(Detail::Migrated { turn, after, .. }),
                        ..
                    } if turn != Turn::Undo => Some(after),
                    _ => None,
                });
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The release that knows the most of what is applied, the newest of several.
    fn newest_with(
        &self,
        repository: &Repository,
        migrating: &Migrating<'_>,
        applied: &[Key],
    ) -> Result<Candidate, MigrateError> {
        let environment = &migrating.environment.name;
        let pruned = self.store.pruned()?;
        let mut seen = BTreeSet::new();
        let mut best: Option<(usize, Candidate)> = None;
        for deployment in self.store.deployments(Some(environment), HISTORY)? {
            let occupant = deployment.plan.target;
            if pruned.contains_key(&occupant.release) || !seen.insert(occupant.release.clone()) {
                continue;
            }
            let Some(release) = self.store.release(&occupant.release)? else {
                continue;
            };
            let how = &migrating.environment.migrations;
            let files = match files::of_commit(repository, &release.commit, how) {
                Ok(files) => files,
                Err(GitError::NoCommit(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let known = known(&files);
            let has = |key: &&Key| known.iter().any(|one| one.key == **key);
            let count = applied.iter().filter(has).count();
            if best.as_ref().is_none_or(|(most, _)| count > *most) {
                best = Some((
                    count,
                    Candidate {
                        occupant,
                        files,
                        known,
                    },
                ));
            }
        }
        best.map(|(_, candidate)| candidate)
            .ok_or_else(|| MigrateError::NoRelease {
                name: applied.last().map_or_else(String::new, ToString::to_string),
                environment: environment.clone(),
            })
    }
}

/// What has to be taken back of what is applied.
fn decide(all: &[Known], applied: &[Key], leaves: &Leaves) -> Undo {
    let state = Known::until(all, leaves);
    let own: BTreeSet<&str> = all.iter().map(|one| one.key.app.as_str()).collect();
    let set: BTreeSet<Key> = applied.iter().cloned().collect();
    let mut keys: Vec<Key> = all
        .iter()
        .filter(|one| set.contains(&one.key) && !state.contains(&one.key))
        .map(|one| one.key.clone())
        .collect();
    keys.reverse();
    let mut targets: Vec<(String, Option<String>)> = Vec::new();
    for key in &keys {
        if targets.iter().all(|(app, _)| *app != key.app) {
            let mut kept = all.iter().rev();
            let last = kept.find(|one| one.key.app == key.app && state.contains(&one.key));
            targets.push((key.app.clone(), last.map(|one| one.key.name.clone())));
        }
    }
    // Apps of others: their files are not here, and their order is not known.
    let now: BTreeMap<&str, &str> = applied
        .iter()
        .filter(|key| !own.contains(key.app.as_str()))
        .map(|key| (key.app.as_str(), key.name.as_str()))
        .collect();
    for (app, name) in now {
        let before = leaves.get(app);
        if before.is_none_or(|before| before != name) {
            keys.push(Key {
                app: app.to_owned(),
                name: name.to_owned(),
            });
            targets.push((app.to_owned(), before.cloned()));
        }
    }
    Undo { keys, targets }
}

/// What is lost; refused where something cannot be taken back, or what is live needs it.
fn checked(
    candidate: &Candidate,
    undo: &Undo,
    live: &Live,
    live_files: &[File],
    environment: &EnvironmentName,
) -> Result<Vec<String>, MigrateError> {
    let files = candidate.known.iter();
    let only: BTreeSet<usize> = files
        .filter(|one| undo.keys.contains(&one.key))
        .map(|one| one.file)
        .collect();
    let report = check(&Request {
        files: &candidate.files,
        settings: &Settings::default(),
        only: Some(&only),
        edited: &BTreeSet::new(),
        running: &[],
    });
    let irreversible = report.checked.iter().filter_map(|one| {
        let what = one.effect.irreversible?;
        Some(format!("`{}` ({what})", one.name))
    });
    let irreversible: Vec<String> = irreversible.collect();
    if !irreversible.is_empty() {
        return Err(MigrateError::Irreversible(irreversible));
    }
    let loses = report.checked.iter().flat_map(|one| &one.effect.undo_loses);
    let loses: Vec<String> = loses.cloned().collect();
    let models = tables(live_files);
    let is_needed = |lost: &&String| match lost.split_once('.') {
        Some((table, column)) => models
            .get(table)
            .is_some_and(|known| known.contains(column)),
        None => models.contains_key(lost.as_str()),
    };
    let needed: Vec<String> = loses
        .iter()
        .filter(is_needed)
        .map(|it| format!("`{it}`"))
        .collect();
    if needed.is_empty() {
        return Ok(loses);
    }
    Err(MigrateError::Needed {
        release: live.release.id.clone(),
        environment: environment.clone(),
        what: needed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(app: &str, name: &str) -> Key {
        Key {
            app: app.to_owned(),
            name: name.to_owned(),
        }
    }

    fn all() -> Vec<Known> {
        let one = |file, app: &str, name: &str, after: &[usize]| Known {
            file,
            key: key(app, name),
            replaces: vec![],
            after: after.to_vec(),
        };
        vec![
            one(0, "shop", "0001", &[]),
            one(1, "shop", "0002", &[0]),
            one(2, "orders", "0001", &[1]),
            one(3, "shop", "0003", &[1]),
        ]
    }

    #[test]
    fn what_came_after_a_recorded_state_is_taken_back_in_reverse() {
        let mut applied: Vec<Key> = all().into_iter().map(|one| one.key).collect();
        applied.push(key("auth", "0002"));
        let leaves: Leaves = [("shop", "0002"), ("auth", "0001")]
            .map(|(app, name)| (app.to_owned(), name.to_owned()))
            .into();
        let undo = decide(&all(), &applied, &leaves);
        assert_eq!(
            undo.keys,
            [
                key("shop", "0003"),
                key("orders", "0001"),
                key("auth", "0002")
            ]
        );
        let targets = [
            ("shop".to_owned(), Some("0002".to_owned())),
            ("orders".to_owned(), None),
            ("auth".to_owned(), Some("0001".to_owned())),
        ];
        assert_eq!(undo.targets, targets);
    }

    #[test]
    fn nothing_is_taken_back_where_it_is_as_recorded() {
        let applied: Vec<Key> = all().into_iter().map(|one| one.key).collect();
        let leaves: Leaves = [("shop", "0003"), ("orders", "0001")]
            .map(|(app, name)| (app.to_owned(), name.to_owned()))
            .into();
        assert!(decide(&all(), &applied, &leaves).keys.is_empty());
    }
}
