//! Fetches what was pushed elsewhere, so that the project's repository has the commit.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use shipway_pipeline::request::{Origin, Request, Want};
use tokio::process::Command;

/// A server that answers nothing for so long will not answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fetches the branch of a push from `origin` where its commit is missing. Where it cannot be
/// fetched, whoever builds it finds that it is missing, and says so.
pub(super) async fn missing(directory: &Path, request: &Request) {
    let (Want::Deploy { commit }, Origin::Push { branch }) = (&request.want, &request.origin)
    else {
        return;
    };
    let object = format!("{commit}^{{commit}}");
    if git(directory, &["cat-file", "-e", &object]).await {
        return;
    }
    // The names were checked when the push was taken: they are no options and leave no folder.
    let reference = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
    let words = ["fetch", "--quiet", "--no-tags", "origin", &reference];
    if !git(directory, &words).await {
        tracing::warn!(request = %request.id, branch, "the branch could not be fetched");
    }
}

async fn git(directory: &Path, words: &[&str]) -> bool {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(directory)
        .args(words)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.status()).await;
    matches!(ended, Ok(Ok(status)) if status.success())
}
