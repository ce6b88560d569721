//! What git knows of migrations.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
        let prefix = self
            .say(&["rev-parse", "--show-prefix"])
            .unwrap_or_default();
        let mut wanted = String::new();
        for path in paths {
            wanted.push_str(&format!("{commit}:{}{path}\n", prefix.trim()));
        }
        let answer = self.batch(wanted).map_err(|error| {
            CliError::new(
                Kind::Failed,
                format!("cannot read commit `{commit}`: {error}"),
            )
        })?;
        parse_batch(&answer, paths).ok_or_else(|| failed(commit))
    }

    fn batch(&self, wanted: String) -> std::io::Result<Vec<u8>> {
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        // Both pipes are full in no time: one thread writes while the other reads.
        let writer = std::thread::spawn(move || match stdin {
            Some(mut stdin) => stdin.write_all(wanted.as_bytes()),
            None => Ok(()),
        });
        let output = child.wait_with_output()?;
        match writer.join() {
            Ok(written) => written?,
            Err(_) => return Err(std::io::Error::other("the writer ended")),
        }
        Ok(output.stdout)
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

/// Reads what `cat-file --batch` answers: a line with the size, the content, a line feed.
fn parse_batch(mut answer: &[u8], paths: &[String]) -> Option<Vec<File>> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let end = answer.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(answer.get(..end)?).ok()?;
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        let content = answer.get(end + 1..end + 1 + size)?;
        files.push(File::decode(path.clone(), content));
        answer = answer.get(end + 2 + size..)?;
    }
    Some(files)
}

fn failed(commit: &str) -> CliError {
    CliError::new(Kind::Failed, format!("git cannot read commit `{commit}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_split_by_their_sizes() {
        let paths = ["a.sql".to_owned(), "b.sql".to_owned()];
        let files = parse_batch(b"1f blob 3\na\nb\n2f blob 0\n\n", &paths).unwrap();
        assert_eq!(files[0].text, "a\nb");
        assert_eq!(files[1].text, "");
        assert!(parse_batch(b"1f missing\n", &paths[..1]).is_none());
    }
}
