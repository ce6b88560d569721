//! From a push that was decided about to what it asks for.

use shipway_pipeline::branch::BranchEnvironment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::trigger::Decision;
use shipway_store::{NewRequest, Pushed};

/// What a push asks for: a request for each environment that takes its branch, and the environments
/// that are the branch's own.
pub fn pushed(decision: &Decision, by: &str, now: Timestamp) -> Pushed {
    let request = |environment: &EnvironmentName, want: Want, branch: &str| NewRequest {
        environment: environment.clone(),
        want,
        lane: Lane::Regular,
        by: by.to_owned(),
        reason: None,
        origin: Origin::Push {
            branch: branch.to_owned(),
        },
    };
    let mut pushed = Pushed::default();
    match decision {
        Decision::Nothing(_) => {}
        Decision::Remove {
            branch,
            environments,
        } => {
            let ends = environments.iter();
            pushed.requests = ends.map(|one| request(one, Want::Remove, branch)).collect();
        }
        Decision::Deploy {
            commit,
            branch,
            environments,
            places,
            refused: _,
        } => {
            let displaced = places.iter().filter_map(|place| place.displaces.as_ref());
            pushed.requests = displaced
                .map(|one| request(one, Want::Remove, branch))
                .collect();
            let own = places.iter().map(|place| &place.name);
            for environment in environments.iter().chain(own) {
                let want = Want::Deploy {
                    commit: commit.to_string(),
                };
                pushed.requests.push(request(environment, want, branch));
            }
            pushed.places = places
                .iter()
                .map(|place| BranchEnvironment {
                    name: place.name.clone(),
                    template: place.template.clone(),
                    branch: branch.clone(),
                    created: now,
                    used: now,
                    is_leaving: false,
                })
                .collect();
        }
    }
    pushed
}
