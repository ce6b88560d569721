//! Exports the files of a commit, without anything that a work tree has besides.

use std::ffi::OsString;
use std::path::{Component, Path};
use std::process::Stdio;

use tokio::process::Command;

use crate::state::files;
use crate::{BuildRequest, Error};

/// What a failure of this part is reported under.
const STEP: &str = "export of the commit";

/// Variables by which a git hook that calls us would lead us to another repository or index.
const MISLEADING: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// A commit, and the directory in it that counts.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The git repository: a work tree or a bare one.
    pub repository: &'a Path,
    /// Where the project stands inside the repository; empty for its root.
    pub subdirectory: &'a Path,
    /// Its full id.
    pub id: &'a str,
}

/// The git tree of the project's directory in the commit.
pub(crate) async fn tree_id(commit: &Commit<'_>) -> Result<String, Error> {
    let id = commit.id;
    // Anything but a full id could mean something else tomorrow, or be an option.
    let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        return Err(failed(format!("`{id}` is not a full commit id")));
    }
    let repository = commit.repository.display();
    let missing = |what: String| move |reason: String| failed(format!("{what}{reason}"));
    let whole = resolve(commit, &format!("{id}^{{tree}}"))
        .await
        .map_err(missing(format!(
            "commit `{id}` is not in the repository `{repository}`"
        )))?;
    let subdirectory = subdirectory(commit.subdirectory)?;
    if subdirectory.is_empty() {
        return Ok(whole);
    }
    let no_directory = format!("commit `{id}` has no directory `{subdirectory}`");
    let found = resolve(commit, &format!("{id}:{subdirectory}"))
        .await
        .map_err(missing(no_directory.clone()))?;
    resolve(commit, &format!("{found}^{{tree}}"))
        .await
        .map_err(missing(no_directory))
}

/// Writes the files of the git tree into an empty directory.
///
/// Through an index of its own and `checkout-index`: what a checkout would write, filters and
/// line ends included, and nothing else of the repository is touched.
pub(crate) async fn export(commit: &Commit<'_>, tree: &str, directory: &Path) -> Result<(), Error> {
    let index = directory.with_extension("index");
    let mut read = command(commit);
    read.arg("read-tree")
        .arg(tree)
        .env("GIT_INDEX_FILE", &index);
    run(read).await.map_err(failed)?;
    let mut work_tree = OsString::from("--work-tree=");
    work_tree.push(directory);
    let mut write = command(commit);
    write
        .arg(work_tree)
        .args(["checkout-index", "--all", "--force"])
        .env("GIT_INDEX_FILE", &index);
    run(write).await.map_err(failed)?;
    files::remove_tree(&index).map_err(files::failed("remove", &index))
}

fn subdirectory(path: &Path) -> Result<String, Error> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) if name.to_str().is_some() => names.extend(name.to_str()),
            _ => {
                let text = format!("`{}` is no path inside a repository", path.display());
                return Err(failed(text));
            }
        }
    }
    Ok(names.join("/"))
}

async fn resolve(commit: &Commit<'_>, revision: &str) -> Result<String, String> {
    let mut git = command(commit);
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(revision);
    run(git).await
}

fn command(commit: &Commit<'_>) -> Command {
    let mut command = Command::new("git");
    command
        // Neither the user's hooks nor a file watcher have a part in an export.
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ])
        .arg("-C")
        .arg(commit.repository)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for name in MISLEADING {
        command.env_remove(name);
    }
    command
}

/// Runs git; gives the trimmed output, or what it says in error, ready to follow other words.
async fn run(mut git: Command) -> Result<String, String> {
    let output = git
        .output()
        .await
        .map_err(|error| format!(": cannot run git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    })
}

fn failed(reason: String) -> Error {
    Error::Build {
        step: STEP.to_owned(),
        reason: reason.trim_start_matches(": ").to_owned(),
        last_lines: Vec::new(),
    }
}

// === impl Commit ===

impl<'a> From<&'a BuildRequest> for Commit<'a> {
    fn from(request: &'a BuildRequest) -> Self {
        Self {
            repository: &request.repository,
            subdirectory: &request.subdirectory,
            id: &request.commit,
        }
    }
}
