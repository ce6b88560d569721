//! The migrations that a commit has.

use shipway_migrations::File;
use shipway_pipeline::config::{Migrations, Tool};

use crate::git::{GitError, Repository};

/// The migrations that a commit has, in the order of their paths.
pub(super) fn of_commit(
    repository: &Repository,
    commit: &str,
    how: &Migrations,
) -> Result<Vec<File>, GitError> {
    let paths = repository.paths(commit)?.into_iter();
    let paths: Vec<String> = paths.filter(|path| is_wanted(path, how)).collect();
    let contents = repository.contents(commit, &paths)?.into_iter();
    let files = paths.into_iter().zip(contents);
    Ok(files
        .map(|(path, bytes)| File::decode(path, &bytes))
        .collect())
}

fn is_wanted(path: &str, how: &Migrations) -> bool {
    let is_of_tool = match how.tool {
        Tool::Django => path.ends_with(".py"),
        Tool::Sql => path.ends_with(".sql"),
        Tool::None => false,
    };
    let is_in = |folder: &String| {
        let folder = folder.trim_start_matches("./").trim_end_matches('/');
        let rest = path.strip_prefix(folder);
        rest.is_some_and(|rest| rest.starts_with('/')) && File::is_script(path)
    };
    is_of_tool
        && if how.paths.is_empty() {
            File::is_migration(path)
        } else {
            how.paths.iter().any(is_in)
        }
}
