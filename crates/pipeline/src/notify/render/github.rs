//! GitHub: a commit status, and a deployment with its statuses.

use serde_json::{Value, json};

use crate::notify::forge::description;
use crate::notify::{Forge, Notice, Stand};
use crate::plan::Kind;

/// What GitHub takes of a description.
const DESCRIPTION: usize = 140;

/// The body of `POST /repos/{owner}/{repo}/statuses/{sha}`.
pub fn status(forge: &Forge, notice: &Notice, stand: Stand) -> Value {
    json!({
        "state": match stand {
            Stand::Running => "pending",
            Stand::Succeeded => "success",
            Stand::Failed => "failure",
            Stand::Stopped => "error",
        },
        "context": format!("shipway/{}", notice.environment),
        "description": description(notice, DESCRIPTION),
        "target_url": forge.link_of(notice),
    })
}

/// The body of `POST /repos/{owner}/{repo}/deployments`. What is deployed was decided, so nothing
/// is merged, and no other check is asked for.
pub fn deployment(notice: &Notice) -> Value {
    json!({
        "ref": notice.commit,
        "task": notice.kind.unwrap_or(Kind::Deploy).as_str(),
        "environment": notice.environment,
        "description": description(notice, DESCRIPTION),
        "auto_merge": false,
        "required_contexts": [],
        "payload": { "shipway": mark(notice) },
    })
}

/// The body of `POST /repos/{owner}/{repo}/deployments/{id}/statuses`.
pub fn deployment_status(forge: &Forge, notice: &Notice, stand: Stand) -> Value {
    json!({
        "state": match stand {
            Stand::Running => "in_progress",
            Stand::Succeeded => "success",
            Stand::Failed => "failure",
            Stand::Stopped => "error",
        },
        "environment": notice.environment,
        "description": description(notice, DESCRIPTION),
        "log_url": forge.link_of(notice),
    })
}

/// The id of our deployment among those that GitHub lists, newest first.
pub fn find(listed: &Value, notice: &Notice) -> Option<u64> {
    let wanted = mark(notice);
    let ours = |one: &&Value| match &one["payload"] {
        // GitHub gives the payload back as it came, or as the text of it.
        Value::String(text) => text.contains(&format!("\"{wanted}\"")),
        payload => payload["shipway"] == wanted.as_str(),
    };
    listed.as_array()?.iter().find(ours)?["id"].as_u64()
}

/// Names the deployment: its number counts for one state directory only.
fn mark(notice: &Notice) -> String {
    let id = notice.deployment.map(|id| id.to_string());
    format!("{}/{}", notice.project, id.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::{forge, rolled_back};
    use crate::notify::{Event, ForgeKind};

    #[test]
    fn a_rollback() {
        let (forge, notice) = (forge(ForgeKind::GitHub), rolled_back());
        let bodies = json!({
            "status": status(&forge, &notice, Stand::Failed),
            "deployment": deployment(&notice),
            "deployment_status": deployment_status(&forge, &notice, Stand::Failed),
        });
        insta::assert_snapshot!(format!("{bodies:#}"));
    }

    #[test]
    fn our_deployment_is_known_by_its_payload() {
        let mut notice = rolled_back();
        notice.event = Event::Started;
        let made = deployment(&notice)["payload"].clone();
        let listed = json!([
            { "id": 9, "payload": "" },
            { "id": 8, "payload": { "shipway": "shop/d4" } },
            { "id": 7, "payload": made },
        ]);
        assert_eq!(find(&listed, &notice), Some(7));
        let as_text = json!([{ "id": 6, "payload": made.to_string() }]);
        assert_eq!(find(&as_text, &notice), Some(6));
        assert_eq!(find(&json!([]), &notice), None);
    }
}
