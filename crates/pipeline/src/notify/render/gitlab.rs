//! GitLab: a commit status, and a deployment.

use serde_json::{Value, json};

use crate::notify::forge::description;
use crate::notify::{Forge, Notice, Stand};

/// What GitLab takes of a description.
const DESCRIPTION: usize = 255;

/// The body of `POST /projects/{id}/statuses/{sha}`.
pub fn status(forge: &Forge, notice: &Notice, stand: Stand) -> Value {
    json!({
        "state": state(stand),
        "name": format!("shipway/{}", notice.environment),
        "description": description(notice, DESCRIPTION),
        "target_url": forge.link_of(notice),
    })
}

/// The body of `POST /projects/{id}/deployments`.
pub fn deployment(notice: &Notice, stand: Stand) -> Value {
    json!({
        "environment": notice.environment,
        "sha": notice.commit,
        // It wants a branch; a commit that is of none that we know is named by itself.
        "ref": notice.branch.as_ref().or(notice.commit.as_ref()),
        "tag": false,
        "status": state(stand),
    })
}

/// The body of `PUT /projects/{id}/deployments/{deployment}`.
pub fn change(stand: Stand) -> Value {
    json!({ "status": state(stand) })
}

/// The id of the deployment of this commit among those that GitLab lists as running.
pub fn find(listed: &Value, notice: &Notice) -> Option<u64> {
    let commit = notice.commit.as_deref()?;
    let ours = |one: &&Value| one["sha"] == commit;
    listed.as_array()?.iter().find(ours)?["id"].as_u64()
}

/// Whether a refusal says that a commit has the status already, as after an answer that was lost.
pub fn is_told_already(answer: &str) -> bool {
    answer.contains("Cannot transition status")
}

fn state(stand: Stand) -> &'static str {
    match stand {
        Stand::Running => "running",
        Stand::Succeeded => "success",
        Stand::Failed => "failed",
        Stand::Stopped => "canceled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::ForgeKind;
    use crate::notify::fixtures::{forge, rolled_back};

    #[test]
    fn a_rollback() {
        let (forge, notice) = (forge(ForgeKind::GitLab), rolled_back());
        let bodies = json!({
            "status": status(&forge, &notice, Stand::Failed),
            "deployment": deployment(&notice, Stand::Running),
            "change": change(Stand::Failed),
        });
        insta::assert_snapshot!(format!("{bodies:#}"));
    }

    #[test]
    fn our_deployment_is_known_by_its_commit() {
        let notice = rolled_back();
        let commit = notice.commit.clone();
        let listed = json!([{ "id": 2, "sha": "other" }, { "id": 1, "sha": commit }]);
        assert_eq!(find(&listed, &notice), Some(1));
        assert_eq!(find(&json!([]), &notice), None);
    }
}
