//! What git says of the project's repository.

mod batch;
mod served;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipway_pipeline::time::Timestamp;

pub use served::{Folder, ServedError, init};

/// A repository and where the project stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The work tree's top.
    pub root: PathBuf,
    /// The project's folder below it; empty for the top.
    pub subdirectory: PathBuf,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Full id.
    pub id: String,
    /// First line of its message.
    pub subject: String,
    /// When it was made.
    pub committed: Timestamp,
}

/// Why git could not say.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git is missing.
    #[error("cannot run git")]
    Run(#[source] std::io::Error),
    /// The folder is in no repository.
    #[error("`{}` is in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// There is no such commit.
    #[error("there is no commit `{0}`")]
    NoCommit(String),
    /// A commit cannot be read.
    #[error("git cannot read commit `{0}`")]
    Unreadable(String),
    /// A file is not in a commit.
    #[error("`{file}` is not in commit {commit}")]
    NoFile {
        /// The file.
        file: String,
        /// The commit's first digits.
        commit: String,
    },
}

impl Repository {
    /// Finds the repository that holds a folder.
    ///
    /// # Errors
    /// git is missing or the folder is in no repository.
    pub fn find(project: &Path) -> Result<Self, GitError> {
        let output = git(project, &["rev-parse", "--show-toplevel", "--show-prefix"])?
            .ok_or_else(|| GitError::NoRepository(project.to_owned()))?;
        let mut lines = output.lines();
        let root = PathBuf::from(lines.next().unwrap_or_default());
        let prefix = lines.next().unwrap_or_default().trim_end_matches('/');
        Ok(Self {
            root,
            subdirectory: PathBuf::from(prefix),
        })
    }

    /// The commit that a name, branch or abbreviation means.
    ///
    /// # Errors
    /// There is none.
    pub fn commit(&self, name: &str) -> Result<Commit, GitError> {
        let missing = || GitError::NoCommit(name.to_owned());
        if name.starts_with('-') {
            return Err(missing());
        }
        let spec = format!("{name}^{{commit}}");
        let id = git(&self.root, &["rev-parse", "--verify", "--quiet", &spec])?
            .ok_or_else(missing)?
            .trim()
            .to_owned();
        let said = git(&self.root, &["show", "-s", "--format=%ct %s", &id])?.ok_or_else(missing)?;
        let (seconds, subject) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
        Ok(Commit {
            id,
            subject: subject.trim().to_owned(),
            committed: Timestamp(seconds.parse::<u64>().unwrap_or_default() * 1000),
        })
    }

    /// Where the repository was cloned from, without credentials; `None` where it was not.
    ///
    /// # Errors
    /// git is missing.
    pub fn source(&self) -> Result<Option<String>, GitError> {
        let address = git(&self.root, &["remote", "get-url", "origin"])?;
        Ok(address.map(|address| without_credentials(address.trim())))
    }

    /// What people call a commit: its tag, or the nearest one before it and the distance.
    ///
    /// # Errors
    /// git is missing.
    pub fn version(&self, commit: &str) -> Result<Option<String>, GitError> {
        let described = git(&self.root, &["describe", "--tags", "--always", commit])?;
        Ok(described.map(|described| described.trim().to_owned()))
    }

    /// The branch that is checked out; `None` on a detached head.
    ///
    /// # Errors
    /// git is missing.
    pub fn branch(&self) -> Result<Option<String>, GitError> {
        let name = git(&self.root, &["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        Ok(name.map(|name| name.trim().to_owned()))
    }

    /// The branches that hold a commit, here and as they were last seen elsewhere.
    ///
    /// # Errors
    /// git is missing, or there is no such commit.
    pub fn branches(&self, commit: &str) -> Result<Vec<String>, GitError> {
        let words = ["for-each-ref", "--format=%(refname)", "--contains", commit];
        let words = [&words[..], &["refs/heads", "refs/remotes"]].concat();
        let found =
            git(&self.root, &words)?.ok_or_else(|| GitError::NoCommit(commit.to_owned()))?;
        let elsewhere = |name: &str| {
            let (_remote, branch) = name.strip_prefix("refs/remotes/")?.split_once('/')?;
            (branch != "HEAD").then(|| branch.to_owned())
        };
        let here = |name: &str| name.strip_prefix("refs/heads/").map(str::to_owned);
        let names = found
            .lines()
            .filter_map(|name| here(name).or_else(|| elsewhere(name)));
        let names: BTreeSet<String> = names.collect();
        Ok(names.into_iter().collect())
    }

    /// The commits that one has and another lacks, the newest first, and how many more there are
    /// than `limit`.
    ///
    /// # Errors
    /// git is missing, or there is no such commit.
    pub fn between(
        &self,
        lacks: &str,
        has: &str,
        limit: usize,
    ) -> Result<(Vec<Commit>, usize), GitError> {
        let range = format!("{lacks}..{has}");
        let missing = || GitError::NoCommit(range.clone());
        let found = git(&self.root, &["log", "--format=%H %ct %s", &range])?.ok_or_else(missing)?;
        let read = |line: &str| {
            let (id, rest) = line.split_once(' ')?;
            let (seconds, subject) = rest.split_once(' ').unwrap_or((rest, ""));
            Some(Commit {
                id: id.to_owned(),
                subject: subject.to_owned(),
                committed: Timestamp(seconds.parse::<u64>().ok()? * 1000),
            })
        };
        let mut all: Vec<Commit> = found.lines().filter_map(read).collect();
        let more = all.len().saturating_sub(limit);
        all.truncate(limit);
        Ok((all, more))
    }

    /// A file of the project as a commit has it.
    ///
    /// # Errors
    /// The commit does not have it.
    pub fn file(&self, commit: &str, path: &str) -> Result<String, GitError> {
        let full = self.subdirectory.join(path);
        let spec = format!("{commit}:{}", full.display());
        git(&self.root, &["show", &spec])?.ok_or_else(|| GitError::NoFile {
            file: path.to_owned(),
            commit: commit.get(..8).unwrap_or(commit).to_owned(),
        })
    }

    /// A file of the project as a commit has it, be it text or not; nothing where the commit has
    /// no such file.
    ///
    /// # Errors
    /// git is missing.
    pub fn bytes(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let full = self.subdirectory.join(path);
        let spec = format!("{commit}:{}", full.display());
        output(&self.root, &["cat-file", "blob", &spec])
    }

    /// The paths that a commit has below the project's folder, relative to it.
    ///
    /// # Errors
    /// git is missing, or there is no such commit.
    pub fn paths(&self, commit: &str) -> Result<BTreeSet<String>, GitError> {
        let folder = self.root.join(&self.subdirectory);
        let words = ["ls-tree", "-r", "-z", "--name-only", commit];
        let list = git(&folder, &words)?.ok_or_else(|| GitError::NoCommit(commit.to_owned()))?;
        let paths = list.split('\0').filter(|path| !path.is_empty());
        Ok(paths.map(str::to_owned).collect())
    }

    /// What files of the project hold in a commit, in the order of the paths, which are relative
    /// to its folder. One call for all of them.
    ///
    /// # Errors
    /// git is missing, or the commit lacks one of them.
    pub fn contents(&self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, GitError> {
        let full = paths.iter().map(|path| self.subdirectory.join(path));
        let wanted = full.map(|path| format!("{commit}:{}\n", path.display()));
        let answer = batch::ask(&self.root, wanted.collect()).map_err(GitError::Run)?;
        batch::split(&answer, paths.len()).ok_or_else(|| GitError::Unreadable(commit.to_owned()))
    }

    /// Whether git keeps a file of the work tree.
    ///
    /// # Errors
    /// git is missing.
    pub fn is_tracked(&self, path: &Path) -> Result<bool, GitError> {
        let path = path.display().to_string();
        let words = ["ls-files", "--error-unmatch", "--", &path];
        Ok(output(&self.root, &words)?.is_some())
    }
}

/// git's output as text, or `None` where it exits with an error.
fn git(directory: &Path, arguments: &[&str]) -> Result<Option<String>, GitError> {
    let output = output(directory, arguments)?;
    Ok(output.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        // `git@host:path` names an account, not a secret.
        return address.to_owned();
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}/{path}")
}

/// git's output, or `None` where it exits with an error.
fn output(directory: &Path, arguments: &[&str]) -> Result<Option<Vec<u8>>, GitError> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(GitError::Run)?;
    Ok(output.status.success().then_some(output.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_credentials() {
        let told = without_credentials("https://me:secret@git.example.org/shop.git");
        assert_eq!(told, "https://git.example.org/shop.git");
        let kept = "git@git.example.org:shop.git";
        assert_eq!(without_credentials(kept), kept);
    }
}
