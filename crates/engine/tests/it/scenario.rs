//! The deployments that are broken off at every call.

use shipway_engine::deploy::Request;
use shipway_pipeline::traffic::{Counters, bucket_of};

use crate::rig::{Rig, Settings, release};

/// A deployment, and what was there before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Nothing was live.
    First,
    /// Another release is live.
    Replace(&'static str),
    /// A release that was live is live again.
    Rollback,
    /// Another release is live, and the new one answers with errors.
    Faulty(&'static str),
}

/// The release that is asked for after an interrupted one.
pub(crate) const NEWER: u32 = 3;

/// Over at its second look, which is the first one that can judge.
const BAKE: &str =
    "{ duration: 1ms, interval: 1ms, min_requests: 100, on_inconclusive: roll-back }";

impl Scenario {
    /// Everything up to the deployment.
    pub(crate) async fn prepare(self) -> Rig {
        match self {
            Self::First => Rig::new("blue-green"),
            Self::Replace(strategy) => {
                let rig = Rig::new(strategy);
                rig.deploy_all([1]).await;
                rig
            }
            Self::Rollback => {
                let rig = Rig::new("blue-green");
                rig.deploy_all([1, 2]).await;
                rig
            }
            Self::Faulty(strategy) => {
                let rig = Rig::with(Settings {
                    bake: BAKE,
                    ..Settings::new(strategy)
                });
                for number in [1, NEWER, 4] {
                    rig.world.answers(&release(number).id, answers(1000, 0));
                }
                rig.world.answers(&release(2).id, answers(1000, 100));
                rig.deploy_all([1]).await;
                rig
            }
        }
    }

    pub(crate) fn request(self, rig: &Rig) -> Request<'_> {
        match self {
            Self::First | Self::Replace(_) | Self::Faulty(_) => rig.request(self.wanted()),
            Self::Rollback => rig.rollback(self.wanted()),
        }
    }

    /// The release that is live before.
    pub(crate) fn old(self) -> Option<u32> {
        match self {
            Self::First => None,
            Self::Replace(_) | Self::Faulty(_) => Some(1),
            Self::Rollback => Some(2),
        }
    }

    /// The release that is to be live.
    pub(crate) fn wanted(self) -> u32 {
        match self {
            Self::First | Self::Replace(_) | Self::Faulty(_) => 2,
            Self::Rollback => 1,
        }
    }
}

/// Quick answers, some of them errors.
pub(crate) fn answers(good: u64, errors: u64) -> Counters {
    let mut counters = Counters::default();
    counters.by_class[1] = good;
    counters.by_class[4] = errors;
    counters.latency[bucket_of(std::time::Duration::from_millis(5))] = good + errors;
    counters
}
