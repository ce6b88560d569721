//! Fetches what was pushed elsewhere, so that the project's repository has the commit.

use std::path::Path;
use std::time::Duration;

use shipway_pipeline::request::{Origin, Request, Want};

use crate::git;

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
    if git::run(directory, &["cat-file", "-e", &object], PATIENCE)
        .await
        .is_ok()
    {
        return;
    }
    // The names were checked when the push was taken: they are no options and leave no folder.
    let reference = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
    let words = ["fetch", "--quiet", "--no-tags", "origin", &reference];
    if let Err(reason) = git::run(directory, &words, PATIENCE).await {
        tracing::warn!(request = %request.id, branch, reason, "the branch could not be fetched");
    }
}
