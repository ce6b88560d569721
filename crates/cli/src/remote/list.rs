//! What is there, as the daemon knows it.

use shipway_engine::status::EnvironmentStatus;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::Request;
use shipway_server::client::Client;
use shipway_store::Deployment;

use super::environment;
use crate::error::Result;

/// What runs, in one environment or in all that the token may see.
pub(crate) async fn status(client: &Client, name: Option<&str>) -> Result<Vec<EnvironmentStatus>> {
    let name = name.map(environment).transpose()?;
    Ok(client.status(name.as_ref()).await?)
}

/// Requests, the newest first, each with all that is on record.
pub(crate) async fn requests(
    client: &Client,
    name: Option<&str>,
    is_open: bool,
    before: Option<RequestId>,
    limit: usize,
) -> Result<Vec<Request>> {
    let name = name.map(environment).transpose()?;
    let page = client.requests(name.as_ref(), is_open, before, limit);
    Ok(page.await?.records)
}

/// Deployments, the newest first, each with its commit.
pub(crate) async fn history(
    client: &Client,
    name: Option<&str>,
    limit: usize,
) -> Result<Vec<(Deployment, String)>> {
    let name = name.map(environment).transpose()?;
    let page = client.deployments(name.as_ref(), limit).await?;
    let commits = page.deployments.into_iter().map(|one| one.commit);
    let commits = commits.map(Option::unwrap_or_default);
    Ok(page.records.into_iter().zip(commits).collect())
}
