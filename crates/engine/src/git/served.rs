//! A bare repository that people push to, and what a push does to the project's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipway_durable::Access;
use shipway_pipeline::push::{CommitId, Reference};

use super::Repository;

/// A hook with this line is ours, and may be written again.
const MARK: &str = "# Written by `shipway git init`, which replaces it when it is called again.";

/// Where the project's repository keeps the branches that were pushed.
const REMOTE: &str = "refs/remotes/pushed";

/// Why a repository could not be served, or a push not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// Something else is there.
    #[error("`{}` is there, and is no bare git repository", .0.display())]
    Other(PathBuf),
    /// It has a hook of somebody else.
    #[error("`{}` was not written by shipway", .0.display())]
    Hook(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// git refuses.
    #[error("git cannot {what}: {said}")]
    Git {
        /// What was attempted.
        what: &'static str,
        /// What git said.
        said: String,
    },
}

/// What became of the project's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It is at the commit that was pushed.
    Forwarded,
    /// Another branch is checked out.
    OtherBranch,
    /// Files were changed by hand, so it was left as it is.
    Changed,
    /// The push is no continuation of what is checked out, so it was left as it is.
    Diverged,
}

/// Makes a bare repository whose pushes run a command, which is given the lines of git's
/// `post-receive` and prints to whoever pushed. Safe to repeat.
///
/// # Errors
/// Something else is there, or git refuses.
pub fn init(directory: &Path, branch: &str, command: &[String]) -> Result<(), ServedError> {
    if directory.exists() && !is_bare(directory) && !is_empty(directory) {
        return Err(ServedError::Other(directory.to_owned()));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ServedError::File { path, source }
    };
    let hook = directory.join("hooks/post-receive");
    match fs::read_to_string(&hook) {
        Ok(text) if !text.contains(MARK) => return Err(ServedError::Hook(hook)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&hook)(error)),
        _ => {}
    }
    let shown = directory.display().to_string();
    let head = format!("--initial-branch={branch}");
    let words = ["init", "--quiet", "--bare", &head, "--", &shown];
    run("make the repository", Path::new("."), &words)?;
    let folder = directory.join("hooks");
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    // Written beside and renamed: a push in this moment finds the old one or the new one.
    let access = Access {
        mode: 0o755,
        ..Access::PRIVATE
    };
    let written = shipway_durable::replace_as(&hook, render_hook(command).as_bytes(), access);
    written.map_err(failed(&hook))
}

/// The hook's text. git tells hooks by variables which repository they are of, and the command is
/// about another one.
fn render_hook(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| quote(word)).collect();
    format!(
        "#!/bin/sh\n{MARK}\nunset $(git rev-parse --local-env-vars)\nexec {}\n",
        words.join(" ")
    )
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl Repository {
    /// Takes a branch over from the repository that it was pushed to, and moves the project's
    /// folder along where that branch is checked out and nothing would be lost.
    ///
    /// # Errors
    /// git refuses.
    pub fn take_over(
        &self,
        from: &Path,
        reference: &Reference,
        commit: &CommitId,
    ) -> Result<Folder, ServedError> {
        let Some(branch) = reference.branch() else {
            return Ok(Folder::OtherBranch);
        };
        let from = from.display().to_string();
        let refspec = format!("+{reference}:{REMOTE}/{branch}");
        let words = ["fetch", "--quiet", "--no-tags", "--", &from, &refspec];
        run("fetch what was pushed", &self.root, &words)?;
        let checked_out = run(
            "tell the branch",
            &self.root,
            &["symbolic-ref", "-q", "HEAD"],
        );
        // Where no branch is checked out, git fails.
        if !checked_out.is_ok_and(|name| name.trim() == reference.as_str()) {
            return Ok(Folder::OtherBranch);
        }
        let words = ["status", "--porcelain", "--untracked-files=no"];
        if !run("look for changes", &self.root, &words)?.is_empty() {
            return Ok(Folder::Changed);
        }
        let words = ["merge", "--quiet", "--ff-only", commit.as_str()];
        match run("move along", &self.root, &words) {
            Ok(_) => Ok(Folder::Forwarded),
            Err(_) => Ok(Folder::Diverged),
        }
    }
}

fn is_bare(directory: &Path) -> bool {
    let words = ["rev-parse", "--is-bare-repository"];
    let shown = run("look at the repository", directory, &words);
    // Below a work tree of somebody else, git would speak of that one.
    directory.join("HEAD").is_file() && shown.is_ok_and(|text| text.trim() == "true")
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

fn run(what: &'static str, directory: &Path, words: &[&str]) -> Result<String, ServedError> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(words)
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|error| ServedError::Git {
        what,
        said: error.to_string(),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ServedError::Git {
        what,
        said: said.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_hands_its_words_over_whatever_is_in_them() {
        let words = ["/opt/it's here/shipway".to_owned(), "$HOME".to_owned()];
        let text = render_hook(&words);
        assert!(
            text.ends_with("exec '/opt/it'\\''s here/shipway' '$HOME'\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_somebody_elses_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("shop.git");
        let command = ["true".to_owned()];
        init(&path, "main", &command).unwrap();
        init(&path, "main", &command).unwrap();
        let hook = path.join("hooks/post-receive");
        fs::write(&hook, "#!/bin/sh\necho mine\n").unwrap();
        let refused = init(&path, "main", &command);
        assert!(matches!(refused, Err(ServedError::Hook(_))));
        let refused = init(home.path(), "main", &command);
        assert!(matches!(refused, Err(ServedError::Other(_))));
    }
}
