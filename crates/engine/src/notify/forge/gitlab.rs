//! GitLab, by its REST API, version 4.

use shipway_pipeline::notify::render::gitlab as render;
use shipway_pipeline::notify::retry::Attempt;
use shipway_pipeline::notify::{Forge, Notice, Stand};

use super::asker::Asker;

/// A commit status, then the deployment: the one that runs, or a new one.
pub(super) async fn tell(
    asker: &Asker<'_>,
    forge: &Forge,
    (notice, commit, stand): (&Notice, &str, Stand),
) -> Result<String, Attempt> {
    let project = project(forge);
    let status = render::status(forge, notice, stand);
    let told = asker
        .post(&format!("{project}/statuses/{commit}"), &status)
        .await;
    match told {
        // An answer to it was lost before.
        Err(attempt) if render::is_told_already(&attempt.told) => {}
        told => drop(told?),
    }
    let path = format!("{project}/deployments");
    let query = [
        ("environment", notice.environment.as_str()),
        ("status", "running"),
        ("order_by", "id"),
        ("sort", "desc"),
    ];
    let running = render::find(&asker.get(&path, &query).await?, notice);
    let id = match (running, stand) {
        (Some(id), Stand::Running) => id,
        (Some(id), _) => {
            let change = render::change(stand);
            asker.put(&format!("{path}/{id}"), &change).await?;
            id
        }
        (None, _) => {
            let made = asker
                .post(&path, &render::deployment(notice, stand))
                .await?;
            made["id"].as_u64().unwrap_or_default()
        }
    };
    Ok(format!("commit status and deployment {id}"))
}

/// Whether the project can be seen.
pub(super) async fn look(asker: &Asker<'_>, forge: &Forge) -> Result<String, Attempt> {
    let found = asker.get(&project(forge), &[]).await?;
    let name = found["path_with_namespace"].as_str().unwrap_or_default();
    Ok(format!("the project {name} can be read"))
}

/// A project's path is one part of the URL's.
fn project(forge: &Forge) -> String {
    format!("projects/{}", forge.repository.replace('/', "%2F"))
}
