//! Which migrations are checked, and against what.

use std::collections::BTreeSet;
use std::path::Path;

use shipway_migrations::File;

use super::files;
use super::git::Repository;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// Which migrations are checked, and against what.
pub(super) struct Selection {
    pub(super) files: Vec<File>,
    /// `None` for all.
    pub(super) only: Option<BTreeSet<usize>>,
    pub(super) edited: BTreeSet<usize>,
    /// The migrations of releases that run.
    pub(super) running: Vec<Vec<File>>,
    /// What those that are checked have in common, in words.
    pub(super) what: String,
}

// === impl Selection ===

impl Selection {
    /// All there are.
    pub(super) fn all(start: &Path, paths: &[String]) -> Result<Self> {
        Ok(Self {
            files: found(start, paths)?,
            only: None,
            edited: BTreeSet::new(),
            running: Vec::new(),
            what: "all migrations".to_owned(),
        })
    }

    /// Those that a commit does not have.
    fn since(
        start: &Path,
        paths: &[String],
        repository: &Repository,
        commit: &str,
        what: String,
    ) -> Result<Self> {
        let files = found(start, paths)?;
        let known = repository.paths(commit)?;
        let changed = repository.changed(commit)?;
        let numbers = |is: &dyn Fn(&File) -> bool| {
            let those = files.iter().enumerate().filter(|(_, file)| is(file));
            those.map(|(number, _)| number).collect()
        };
        Ok(Self {
            only: Some(numbers(&|file| !known.contains(&file.path))),
            edited: numbers(&|file| changed.contains(&file.path)),
            running: Vec::new(),
            what,
            files,
        })
    }
}

/// Those that are new since a commit, or since the work left the default branch.
pub(super) fn of_branch(start: &Path, paths: &[String], since: Option<&str>) -> Result<Selection> {
    match (Repository::find(start), since) {
        (None, Some(_)) => Err(CliError::usage(format!(
            "`{}` is in no git repository",
            start.display()
        ))
        .hint("`--all` checks all migrations")),
        (Some(repository), Some(name)) => {
            let commit = repository.commit(name)?;
            let what = format!("migrations that `{name}` does not have");
            Selection::since(start, paths, &repository, &commit, what)
        }
        (Some(repository), None) => match repository.base() {
            Some((commit, branch)) => {
                let what = format!("migrations that `{branch}` does not have");
                Selection::since(start, paths, &repository, &commit, what)
            }
            None => Selection::all(start, paths),
        },
        (None, None) => Selection::all(start, paths),
    }
}

/// Those that an environment's live release does not have. Its models are what runs.
pub(super) async fn of_environment(
    start: &Path,
    paths: &[String],
    name: &str,
    global: &Global,
) -> Result<Selection> {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(name)?;
    let status = context.engine.status(&context.project, environment).await?;
    let Some(release) = status.release else {
        return Ok(Selection {
            what: format!("all migrations, since nothing is live in `{name}`"),
            ..Selection::all(start, paths)?
        });
    };
    let repository = Repository::find(start).ok_or_else(|| {
        CliError::new(
            Kind::Failed,
            format!("`{}` is in no git repository", start.display()),
        )
    })?;
    let commit = repository.commit(release.commit.as_str())?;
    let what = format!("migrations that `{name}` does not have");
    let mut selection = Selection::since(start, paths, &repository, &commit, what)?;
    let applied: Vec<String> = repository
        .paths(&commit)?
        .into_iter()
        .filter(|path| File::is_migration(path))
        .collect();
    selection.running = vec![repository.files(&commit, &applied)?];
    Ok(selection)
}

fn found(start: &Path, paths: &[String]) -> Result<Vec<File>> {
    let found = files::read(start, paths)?;
    if found.is_empty() {
        return Err(
            CliError::usage(format!("no migrations are found in `{}`", start.display())).hint(
                "they are looked for in folders with `migration` in their names; or name a folder",
            ),
        );
    }
    Ok(found)
}
