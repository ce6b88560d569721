//! What git knows of migrations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipway_engine::git;
use shipway_migrations::File;

use crate::error::{CliError, Kind, Result};

/// A folder of a repository. Paths are relative to the folder.
pub(super) struct Repository {
    folder: PathBuf,
}

// === impl Repository ===

impl Repository {
    /// The repository that a folder is in; `None` if it is in none, or git is missing.
    pub(super) fn find(folder: &Path) -> Option<Self> {
        let repository = Self {
            folder: folder.to_owned(),
        };
        let answer = repository.say(&["rev-parse", "--is-inside-work-tree"])?;
        (answer.trim() == "true").then_some(repository)
    }

    /// The commit that a name means.
    pub(super) fn commit(&self, name: &str) -> Result<String> {
        let spec = format!("{name}^{{commit}}");
        let id = self.say(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &spec,
        ]);
        match id {
            Some(id) => Ok(id.trim().to_owned()),
            None => Err(CliError::usage(format!("there is no commit `{name}`"))
                .hint("name a commit, a branch or a tag: `git log --oneline` shows commits")),
        }
    }

    /// Where the work left the default branch, with the branch's name; `None` without one.
    pub(super) fn base(&self) -> Option<(String, String)> {
        [
            "origin/HEAD",
            "origin/main",
            "origin/master",
            "main",
            "master",
        ]
        .into_iter()
        .find_map(|branch| {
            let base = self.say(&["merge-base", "HEAD", branch])?;
            Some((base.trim().to_owned(), branch.to_owned()))
        })
    }

    /// The files of a commit below the folder.
    pub(super) fn paths(&self, commit: &str) -> Result<BTreeSet<String>> {
        let list = self
            .say(&["ls-tree", "-r", "-z", "--name-only", commit])
            .ok_or_else(|| failed(commit))?;
        Ok(list.split('\0').map(str::to_owned).collect())
    }

    /// The files below the folder that differ from a commit's.
    pub(super) fn changed(&self, commit: &str) -> Result<BTreeSet<String>> {
        let arguments = [
            "diff",
            "--name-only",
            "--relative",
            "--diff-filter=M",
            "-z",
            commit,
            "--",
            ".",
        ];
        let list = self.say(&arguments).ok_or_else(|| failed(commit))?;
        Ok(list.split('\0').map(str::to_owned).collect())
    }

    /// Files as a commit has them.
    pub(super) fn files(&self, commit: &str, paths: &[String]) -> Result<Vec<File>> {
        let repository = git::Repository::find(&self.folder)?;
        let contents = repository.contents(commit, paths)?;
        let files = paths.iter().zip(contents);
        Ok(files
            .map(|(path, bytes)| File::decode(path.clone(), &bytes))
            .collect())
    }

    fn say(&self, arguments: &[&str]) -> Option<String> {
        let output = self.command(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

fn failed(commit: &str) -> CliError {
    CliError::new(Kind::Failed, format!("git cannot read commit `{commit}`"))
}
