//! What containers have used, by the Engine API.

use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ContainerStatsResponse};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::engine::failed;
use super::engine::is_missing;
use super::{label, list};
use crate::{ColourKey, Error, Usage};

/// What each instance of a slot that runs has used.
pub(super) async fn usage(docker: &Docker, key: &ColourKey) -> Result<Vec<Usage>, Error> {
    let containers = list::containers(docker, key, label::INSTANCE).await?;
    let asked = containers.iter().map(|container| ask(docker, container));
    let answers = join_all(asked).await.into_iter();
    let mut usages = answers
        .filter_map(Result::transpose)
        .collect::<Result<Vec<Usage>, Error>>()?;
    usages.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(usages)
}

async fn ask(
    docker: &Docker,
    container: &ContainerInspectResponse,
) -> Result<Option<Usage>, Error> {
    let Some(id) = container.id.as_deref() else {
        return Ok(None);
    };
    // One look: the engine's own second one is a second later, and rates are made of two of ours.
    let options = StatsOptionsBuilder::new().stream(false).one_shot(true);
    let mut stream = std::pin::pin!(docker.stats(id, Some(options.build())));
    match stream.next().await {
        Some(Ok(stats)) => Ok(read(container, &stats)),
        Some(Err(error)) if is_missing(&error) => Ok(None),
        Some(Err(error)) => Err(failed(format!("measure the container `{id}`"))(error)),
        None => Ok(None),
    }
}

/// None of a container that does not run.
fn read(container: &ContainerInspectResponse, stats: &ContainerStatsResponse) -> Option<Usage> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    let cpu = stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?;
    let memory = stats.memory_stats.as_ref()?;
    // The cache of files counts as used, and is given back when it is needed.
    let cache = memory.stats.as_ref().and_then(|stats| {
        let names = ["inactive_file", "total_inactive_file"];
        names.iter().find_map(|name| stats.get(*name)).copied()
    });
    let limit = container.host_config.as_ref().and_then(|host| host.memory);
    let network = stats.networks.as_ref().map(|networks| {
        let sum = |of: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
            networks.values().filter_map(of).sum::<u64>()
        };
        (sum(|one| one.rx_bytes), sum(|one| one.tx_bytes))
    });
    Some(Usage {
        id: labels.get(label::INSTANCE)?.parse().ok()?,
        at: Instant::now(),
        cpu: Duration::from_nanos(cpu),
        memory: memory.usage?.saturating_sub(cache.unwrap_or(0)),
        memory_limit: limit
            .and_then(|limit| u64::try_from(limit).ok())
            .filter(|limit| *limit > 0),
        network,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usage(limit: u64, memory: serde_json::Value) -> Option<Usage> {
        let container = json!({
            "Config": {"Labels": {"shipway.instance": "web-1"}},
            "HostConfig": {"Memory": limit},
        });
        let stats = json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 2_000_000_000_u64}},
            "memory_stats": memory,
        });
        read(
            &serde_json::from_value(container).unwrap(),
            &serde_json::from_value(stats).unwrap(),
        )
    }

    #[test]
    fn the_cache_is_no_use_of_memory_and_no_limit_is_none() {
        for cache in ["inactive_file", "total_inactive_file"] {
            let memory = json!({"usage": 1000, "stats": {cache: 300}});
            let usage = usage(0, memory).unwrap();
            assert_eq!((usage.memory, usage.memory_limit), (700, None));
            assert_eq!(usage.cpu, Duration::from_secs(2));
            assert_eq!(usage.network, None);
        }
        let limited = usage(4096, json!({"usage": 1000})).unwrap();
        assert_eq!(limited.memory_limit, Some(4096));
    }

    #[test]
    fn what_does_not_run_uses_nothing() {
        assert_eq!(usage(0, json!({})), None);
    }
}
