//! From a push that was decided about to the requests that it makes.

use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
use shipway_pipeline::trigger::Decision;
use shipway_store::NewRequest;

/// The requests that a push makes: one for each environment that takes its branch.
pub fn requests(decision: &Decision, by: &str) -> Vec<NewRequest> {
    let Decision::Deploy {
        commit,
        branch,
        environments,
    } = decision
    else {
        return Vec::new();
    };
    environments
        .iter()
        .map(|environment| NewRequest {
            environment: environment.clone(),
            want: Want::Deploy {
                commit: commit.to_string(),
            },
            lane: Lane::Regular,
            by: by.to_owned(),
            reason: None,
            origin: Origin::Push {
                branch: branch.clone(),
            },
        })
        .collect()
}
