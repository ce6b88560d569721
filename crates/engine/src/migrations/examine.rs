//! Looks at the migrations of a deployment before it is planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipway_migrations::{self as checker, File, Key, Schedule, Settings, Severity, known};
use shipway_pipeline::config::{Environment, Migrations, Tool};
use shipway_pipeline::migration::{Basis, Manage, Outlook};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Kind, Occupant};
use shipway_pipeline::workload::Workload;

use super::applied::{self, Applied};
use super::files;
use crate::database::DatabaseError;
use crate::deploy::DeployError;
use crate::executor::Engine;
use crate::git::{GitError, Repository};
use crate::project::Project;

/// What code fails over that does not know of a migration.
const BREAKS_OLD_CODE: [&str; 7] = [
    "add-required",
    "drop-column",
    "drop-default",
    "drop-table",
    "enum-rename",
    "rename-column",
    "rename-table",
];

/// The migrations of a deployment, looked at.
#[derive(Debug)]
pub struct Examined {
    /// What a plan shows of it.
    pub outlook: Outlook,
    /// All migrations there are.
    pub files: Vec<File>,
    /// What was found, and when each runs.
    pub schedule: Schedule,
    /// What the database has applied, in order; empty where it does not say.
    pub applied: Vec<Key>,
    /// Where.
    pub environment: EnvironmentName,
    /// What it was looked at for.
    pub why: Why,
}

/// What migrations are looked at for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// They are to be run.
    Run,
    /// They were run, and a release that does not know of them is to come back.
    Return,
}

/// Whose migrations are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The project.
    pub project: &'a Project,
    /// The environment.
    pub environment: &'a Environment,
    /// What runs there, or is to run.
    pub workload: &'a Workload,
    /// The commit that has the migrations.
    pub commit: &'a str,
    /// What it is deployed for.
    pub kind: Kind,
}

/// What is known before migrations are looked at.
struct Facts<'a> {
    how: &'a Migrations,
    files: Vec<File>,
    /// The migrations of the release that runs; `None` where nothing does, or its commit is gone.
    running: Option<Vec<File>>,
    is_live: bool,
    applied: Result<Applied, Untold>,
    can_wait: bool,
}

/// Why a database does not say what it has applied.
struct Untold {
    why: String,
    is_sqlite: bool,
}

impl Engine {
    /// Looks at the migrations of a commit, as if it were to be deployed; `None` where nothing is
    /// known of any.
    ///
    /// # Errors
    /// git cannot say what the migrations are.
    pub async fn examine(
        &self,
        subject: &Subject<'_>,
        live: Option<&Occupant>,
    ) -> Result<Option<Arc<Examined>>, DeployError> {
        let project = subject.project;
        let how = &subject.environment.migrations;
        let Some(migrate) = &project.config.migrate else {
            return Ok(None);
        };
        if how.tool == Tool::None {
            return Ok(None);
        }
        if subject.kind == Kind::Rollback {
            return Ok(self.examine_return(subject, live).await);
        }
        let repository = Repository::find(&project.directory)?;
        let name = &subject.environment.name;
        let running = match live {
            Some(live) => self.files_of_live(&repository, live, how)?,
            None => None,
        };
        let applied = self.applied(name, subject.workload, how.tool).await;
        let files = files::of_commit(&repository, subject.commit, how)?;
        let facts = Facts {
            how,
            files,
            running,
            is_live: live.is_some(),
            applied,
            can_wait: live.is_some()
                && how.tool == Tool::Django
                && Manage::of(&migrate.command).is_some(),
        };
        let (outlook, schedule) = facts.look();
        Ok(Some(Arc::new(Examined {
            outlook,
            files: facts.files,
            schedule,
            applied: facts
                .applied
                .map(|applied| applied.keys)
                .unwrap_or_default(),
            environment: name.clone(),
            why: Why::Run,
        })))
    }

    /// Looks whether a release can come back that does not know of the newest migrations; `None`
    /// where that cannot be known. Time is short then: nothing that is missing stands in its way.
    async fn examine_return(
        &self,
        subject: &Subject<'_>,
        live: Option<&Occupant>,
    ) -> Option<Arc<Examined>> {
        let how = &subject.environment.migrations;
        let name = &subject.environment.name;
        let repository = Repository::find(&subject.project.directory).ok()?;
        let newer = self.files_of_live(&repository, live?, how).ok()??;
        let older = files::of_commit(&repository, subject.commit, how).ok()?;
        let applied = self.applied(name, subject.workload, how.tool).await.ok()?;
        let (outlook, schedule) = look_back(how, &newer, &older, &applied);
        Some(Arc::new(Examined {
            outlook,
            files: newer,
            schedule,
            applied: applied.keys,
            environment: name.clone(),
            why: Why::Return,
        }))
    }

    /// The migrations of what runs; `None` where its commit is not here any more.
    fn files_of_live(
        &self,
        repository: &Repository,
        live: &Occupant,
        how: &Migrations,
    ) -> Result<Option<Vec<File>>, DeployError> {
        let Some(release) = self.store.release(&live.release)? else {
            return Ok(None);
        };
        match files::of_commit(repository, &release.commit, how) {
            Ok(files) => Ok(Some(files)),
            Err(GitError::NoCommit(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn applied(
        &self,
        environment: &EnvironmentName,
        workload: &Workload,
        tool: Tool,
    ) -> Result<Applied, Untold> {
        if tool == Tool::Sql {
            return Err(Untold {
                why: "whoever runs files of SQL records it in a way of its own".to_owned(),
                is_sqlite: false,
            });
        }
        let read = async {
            let server = self.database_of(environment, workload)?.postgres()?;
            applied::read(&server).await
        };
        let read: Result<Applied, DatabaseError> = read.await;
        read.map_err(|error| Untold {
            why: told(&error),
            is_sqlite: matches!(error, DatabaseError::NotPostgres(_)),
        })
    }
}

// === impl Facts ===

impl Facts<'_> {
    fn look(&self) -> (Outlook, Schedule) {
        let all = known(&self.files);
        let set = self.applied.as_ref().map(Applied::set);
        let is_empty = set.as_ref().map_or(true, BTreeSet::is_empty);
        let (basis, only) = match (&set, &self.running) {
            _ if !self.is_live && is_empty => (Basis::Nothing, self.everything()),
            (Ok(set), _) => {
                let lacking = all.iter().filter(|one| !one.is_applied(set));
                (Basis::Database, lacking.map(|one| one.file).collect())
            }
            (Err(untold), running) => {
                let why = untold.why.clone();
                let running = running.as_deref().unwrap_or_default();
                (Basis::Live { why }, self.new_since(running))
            }
        };
        let schedule = if basis == Basis::Nothing {
            self.unchecked()
        } else {
            self.check(&only)
        };
        let own: BTreeSet<&str> = all.iter().map(|one| one.key.app.as_str()).collect();
        let is_unknown = |key: &&Key| {
            own.contains(key.app.as_str())
                && !all
                    .iter()
                    .any(|one| one.key == **key || one.replaces.contains(key))
        };
        let unknown = self.applied.iter().flat_map(|applied| &applied.keys);
        let unknown = unknown
            .filter(is_unknown)
            .map(ToString::to_string)
            .collect();
        (
            Outlook::of(basis, &self.files, &schedule, unknown),
            schedule,
        )
    }

    fn everything(&self) -> BTreeSet<usize> {
        (0..self.files.len()).collect()
    }

    /// The files whose paths a release does not have.
    fn new_since(&self, before: &[File]) -> BTreeSet<usize> {
        let before: BTreeSet<&str> = before.iter().map(|file| file.path.as_str()).collect();
        let files = self.files.iter().enumerate();
        let new = files.filter(|(_, file)| !before.contains(file.path.as_str()));
        new.map(|(number, _)| number).collect()
    }

    /// The files that the running release has with another content, and that are applied.
    fn edited(&self, only: &BTreeSet<usize>) -> BTreeSet<usize> {
        let running = self.running.iter().flatten();
        let before: BTreeMap<&str, &str> = running
            .map(|file| (file.path.as_str(), file.text.as_str()))
            .collect();
        let files = self.files.iter().enumerate();
        let edited = files.filter(|(number, file)| {
            let other = before.get(file.path.as_str());
            !only.contains(number) && other.is_some_and(|text| **text != *file.text)
        });
        edited.map(|(number, _)| number).collect()
    }

    fn check(&self, only: &BTreeSet<usize>) -> Schedule {
        let running = self.running.as_deref();
        let running: Vec<&[File]> = running.into_iter().collect();
        let request = checker::Request {
            files: &self.files,
            settings: &self.settings(),
            only: Some(only),
            edited: &self.edited(only),
            running: &running,
        };
        checker::schedule(&request, self.can_wait)
    }

    /// All of them, with nothing to be said: no code runs, and no data is there.
    fn unchecked(&self) -> Schedule {
        let mut schedule = self.check(&self.everything());
        schedule.report.findings.clear();
        schedule
    }

    fn settings(&self) -> Settings {
        let settings = settings(self.how, self.applied.as_ref().ok());
        match &self.applied {
            Err(untold) if untold.is_sqlite => settings.without_locks(),
            _ => settings,
        }
    }
}

/// What a release that comes back meets that does not know of the newest migrations.
fn look_back(
    how: &Migrations,
    newer: &[File],
    older: &[File],
    applied: &Applied,
) -> (Outlook, Schedule) {
    let (set, before) = (applied.set(), known(older));
    let is_known = |key: &Key| before.iter().any(|one| one.key == *key);
    let all = known(newer);
    let unknown = all
        .iter()
        .filter(|one| one.is_applied(&set) && !is_known(&one.key));
    let only: BTreeSet<usize> = unknown.map(|one| one.file).collect();
    let request = checker::Request {
        files: newer,
        settings: &settings(how, Some(applied)),
        only: Some(&only),
        edited: &BTreeSet::new(),
        running: &[older],
    };
    let mut schedule = checker::schedule(&request, false);
    let breaks = |finding: &checker::Finding| {
        BREAKS_OLD_CODE.contains(&finding.rule.id) && finding.severity == Severity::Error
    };
    schedule.report.findings.retain(breaks);
    let outlook = Outlook::of(Basis::Database, newer, &schedule, Vec::new());
    (outlook, schedule)
}

fn settings(how: &Migrations, applied: Option<&Applied>) -> Settings {
    let usual = Settings::default();
    let said = applied.map(|applied| applied.version).filter(|it| *it > 0);
    Settings {
        postgres: how.postgres.or(said).unwrap_or(usual.postgres),
        severities: how.rules.clone(),
        // By PGOPTIONS, which every client of PostgreSQL reads.
        has_lock_timeout: true,
        ..usual
    }
}

/// An error with its causes, on one line.
fn told(error: &DatabaseError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

// === impl Examined ===

impl Examined {
    /// Whether nothing may be deployed with it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.outlook.is_refused()
    }
}
