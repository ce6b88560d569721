//! The labels by which containers are found again.

use std::collections::{BTreeMap, HashMap};

use shipway_pipeline::id::InstanceId;

use crate::{ColourKey, ColourSpec};

pub(super) const PROJECT: &str = "shipway.project";
pub(super) const ENVIRONMENT: &str = "shipway.environment";
pub(super) const SLOT: &str = "shipway.slot";
pub(super) const RELEASE: &str = "shipway.release";
pub(super) const DEPLOYMENT: &str = "shipway.deployment";
pub(super) const EPOCH: &str = "shipway.epoch";
/// Of instances only.
pub(super) const INSTANCE: &str = "shipway.instance";
/// Where an instance takes connections, inside of its network.
pub(super) const PORT: &str = "shipway.port";
/// Docker Compose's own.
pub(super) const COMPOSE_PROJECT: &str = "com.docker.compose.project";
pub(super) const COMPOSE_SERVICE: &str = "com.docker.compose.service";
pub(super) const COMPOSE_NUMBER: &str = "com.docker.compose.container-number";
pub(super) const COMPOSE_DIRECTORY: &str = "com.docker.compose.project.working_dir";
pub(super) const COMPOSE_ONE_OFF: &str = "com.docker.compose.oneoff";
/// Of one-off tasks only.
pub(super) const TASK: &str = "shipway.task";

/// Whose a container, network or volume is.
pub(super) fn of_key(key: &ColourKey) -> BTreeMap<String, String> {
    text([
        (PROJECT, key.route.project.to_string()),
        (ENVIRONMENT, key.route.environment.to_string()),
        (SLOT, key.slot.to_string()),
    ])
}

/// Whose a container is, and what made it.
pub(super) fn of_spec(spec: &ColourSpec) -> BTreeMap<String, String> {
    let mut labels = of_key(&spec.key);
    labels.extend(text([
        (RELEASE, spec.release.to_string()),
        (DEPLOYMENT, spec.deployment.to_string()),
        (EPOCH, spec.epoch.to_string()),
    ]));
    labels
}

/// The labels of an instance.
pub(super) fn of_instance(spec: &ColourSpec, instance: &InstanceId) -> BTreeMap<String, String> {
    let mut labels = of_spec(spec);
    labels.insert(INSTANCE.to_owned(), instance.to_string());
    let listens = spec.model.as_ref().map(|model| &model.listens);
    if let Some(port) = listens.and_then(|listens| listens.get(instance.service.as_str())) {
        labels.insert(PORT.to_owned(), port.to_string());
    }
    labels
}

/// The Engine API's filter for containers of a slot that have a label.
pub(super) fn filter(key: &ColourKey, having: &str) -> HashMap<String, Vec<String>> {
    let mut wanted: Vec<String> = of_key(key)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    wanted.push(having.to_owned());
    HashMap::from([("label".to_owned(), wanted)])
}

fn text<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
