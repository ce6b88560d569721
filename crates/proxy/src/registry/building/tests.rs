//! How long the counts of deployments are kept that have left a route.

use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, Generation};
use shipway_pipeline::route::{Backend, Rules};
use tempfile::TempDir;

use super::*;
use crate::options::Paths;
use crate::tally::Class;
use crate::worker::Crew;
use crate::worker::testing::shared;

/// A registry whose table is changed as by a control call that was saved, and one worker, to which
/// nobody comes.
struct Rig {
    registry: Registry,
    crew: Option<Crew>,
    _directory: TempDir,
}

impl Rig {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let shared = shared();
        let crew = Crew::start(1, &shared).unwrap();
        let workers = crew.handles().to_vec();
        let paths = Paths::new(directory.path());
        Self {
            registry: Registry::restore(paths, shared, workers).unwrap(),
            crew: Some(crew),
            _directory: directory,
        }
    }

    /// Routes to these deployments, an instance each, and to no others.
    fn route(&mut self, deployments: &[u64]) {
        self.registry.state.routes = vec![route(deployments)];
        self.registry.swap();
    }

    fn tally(&self, deployment: u64) -> Arc<Tally> {
        let tallies = &self.registry.tallies[&owner(deployment)];
        Arc::clone(tallies.values().next().unwrap())
    }

    /// The deployments that are counted.
    fn counted(&self) -> Vec<u64> {
        let counted = self.registry.counted();
        counted.0.keys().map(|owner| owner.deployment.0).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.registry.workers.clear();
        if let Some(crew) = self.crew.take() {
            crew.stop();
        }
    }
}

fn key() -> RouteKey {
    RouteKey {
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
    }
}

fn owner(deployment: u64) -> Owner {
    Owner {
        route: key(),
        colour: Colour::Blue,
        deployment: DeploymentId(deployment),
    }
}

fn route(deployments: &[u64]) -> Route {
    let address = "127.0.0.1:1".parse().unwrap();
    let backends = deployments.iter().map(|deployment| Backend {
        colour: Colour::Blue,
        deployment: DeploymentId(*deployment),
        instance: "web-1".parse().unwrap(),
        address,
        weight: 1,
    });
    Route {
        key: key(),
        epoch: Epoch(1),
        generation: Generation(1),
        listen: address,
        hosts: vec![],
        backends: backends.collect(),
        tls: None,
        rules: Rules::default(),
    }
}

#[test]
fn the_newest_of_those_that_are_gone_are_kept() {
    let mut rig = Rig::new();
    for deployment in 1..=12 {
        rig.route(&[deployment]);
    }
    // The twelfth is routed, the eleventh was a moment ago.
    assert_eq!(rig.counted(), (3..=12).collect::<Vec<_>>());
    rig.route(&[13]);
    assert_eq!(rig.counted(), (4..=13).collect::<Vec<_>>());
}

#[test]
fn one_survives_the_change_that_unroutes_it_and_not_the_next() {
    let mut rig = Rig::new();
    rig.route(&[1]);
    // An old one that others came and went beside: more of them than are kept.
    for deployment in 2..=10 {
        rig.route(&[1, deployment]);
    }
    rig.route(&[1]);
    // A worker claims by the table before: it takes up what it has of the old one, and counts.
    let claimed = rig.tally(1);
    rig.route(&[11]);
    claimed.shard(0).enter(Class::Short);
    claimed.shard(0).failed.up();
    claimed.shard(0).leave(Class::Short);
    let counted = rig.registry.counted();
    let of_instance = counted.0[&owner(1)].values().next().unwrap();
    assert_eq!(of_instance.counters.failed, 1);
    assert_eq!(rig.counted(), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

    rig.route(&[12]);
    assert_eq!(rig.counted(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn one_with_a_request_in_hand_is_kept_until_it_has_none() {
    let mut rig = Rig::new();
    rig.route(&[1]);
    let busy = rig.tally(1);
    busy.shard(0).enter(Class::Streaming);
    for deployment in 2..=20 {
        rig.route(&[deployment]);
        assert!(rig.counted().contains(&1), "{deployment}");
    }
    busy.shard(0).leave(Class::Streaming);
    rig.route(&[21]);
    assert!(!rig.counted().contains(&1));
}
