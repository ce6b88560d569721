//! GitHub, by its REST API of 2022-11-28.

use shipway_pipeline::notify::render::github as render;
use shipway_pipeline::notify::retry::Attempt;
use shipway_pipeline::notify::{Forge, Notice, Stand};

use super::asker::Asker;

/// As many deployments of one commit to one environment are looked through.
const LISTED: &str = "100";

/// A commit status, then the deployment: found where an attempt before made it, and made otherwise.
pub(super) async fn tell(
    asker: &Asker<'_>,
    forge: &Forge,
    (notice, commit, stand): (&Notice, &str, Stand),
) -> Result<String, Attempt> {
    let repository = format!("repos/{}", forge.repository);
    let status = render::status(forge, notice, stand);
    asker
        .post(&format!("{repository}/statuses/{commit}"), &status)
        .await?;
    let path = format!("{repository}/deployments");
    let query = [
        ("sha", commit),
        ("environment", notice.environment.as_str()),
        ("per_page", LISTED),
    ];
    let found = render::find(&asker.get(&path, &query).await?, notice);
    let id = match found {
        Some(id) => id,
        None => {
            let made = asker.post(&path, &render::deployment(notice)).await?;
            made["id"].as_u64().unwrap_or_default()
        }
    };
    let status = render::deployment_status(forge, notice, stand);
    asker
        .post(&format!("{path}/{id}/statuses"), &status)
        .await?;
    Ok(format!("commit status and deployment {id}"))
}

/// Whether the repository can be seen.
pub(super) async fn look(asker: &Asker<'_>, forge: &Forge) -> Result<String, Attempt> {
    let found = asker
        .get(&format!("repos/{}", forge.repository), &[])
        .await?;
    let name = found["full_name"].as_str().unwrap_or_default();
    Ok(format!("the repository {name} can be read"))
}
