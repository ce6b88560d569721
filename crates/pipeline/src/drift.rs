//! What runs, compared with what is recorded.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::colour::Slot;
use crate::id::{DeploymentId, InstanceId};
use crate::plan::{Occupant, Sizes};

/// What ought to run.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// What is live.
    pub live: &'a Occupant,
    /// The services that both colours share.
    pub shared: &'a Sizes,
    /// What each service runs, by service.
    pub artifacts: &'a BTreeMap<String, String>,
}

/// An instance as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where.
    pub slot: Slot,
    /// Which.
    pub id: InstanceId,
    /// Who started it.
    pub deployment: DeploymentId,
    /// How it ended; none where it runs.
    pub ended: Option<String>,
    /// What it runs, where that can be told.
    pub artifact: Option<String>,
    /// Networks that it ought to be on and is not.
    pub detached: Vec<String>,
}

/// Something that is not as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Deviation {
    /// An instance is gone.
    Missing {
        /// Where it ought to be.
        slot: Slot,
        /// Which.
        instance: InstanceId,
    },
    /// An instance does not run.
    Ended {
        /// Where.
        slot: Slot,
        /// Which.
        instance: InstanceId,
        /// How it ended.
        how: String,
    },
    /// An instance runs something else.
    Artifact {
        /// Where.
        slot: Slot,
        /// Which.
        instance: InstanceId,
        /// What it runs.
        runs: String,
    },
    /// An instance is not on its networks.
    Detached {
        /// Where.
        slot: Slot,
        /// Which.
        instance: InstanceId,
        /// Which networks.
        networks: Vec<String>,
    },
    /// An instance that the record does not have.
    Extra {
        /// Where.
        slot: Slot,
        /// Which.
        instance: InstanceId,
    },
    /// A container that somebody else put among them.
    Stranger {
        /// Its name.
        container: String,
    },
    /// The proxy sends requests elsewhere, or nowhere.
    Misrouted,
    /// The proxy does not run.
    NoProxy,
}

/// Finds what is not as recorded.
pub fn find_drift(recorded: &Recorded<'_>, seen: &[Seen]) -> Vec<Deviation> {
    let colour = Slot::from(recorded.live.colour);
    let mut found = Vec::new();
    for (slot, sizes) in [
        (colour, &recorded.live.sizes),
        (Slot::Shared, recorded.shared),
    ] {
        for instance in instances(sizes) {
            let one = seen
                .iter()
                .find(|one| is_it(one, slot, &instance, recorded));
            match one {
                None => found.push(Deviation::Missing { slot, instance }),
                Some(one) => found.extend(deviation(recorded, one)),
            }
        }
    }
    let is_recorded = |one: &Seen| {
        let sizes = match one.slot {
            Slot::Shared => recorded.shared,
            slot if slot == colour => &recorded.live.sizes,
            Slot::Blue | Slot::Green => return false,
        };
        let size = sizes.get(&one.id.service).copied().unwrap_or(0);
        one.id.number <= size && is_it(one, one.slot, &one.id, recorded)
    };
    found.extend(
        seen.iter()
            .filter(|one| !is_recorded(one))
            .map(|one| Deviation::Extra {
                slot: one.slot,
                instance: one.id.clone(),
            }),
    );
    found
}

fn instances(sizes: &Sizes) -> impl Iterator<Item = InstanceId> + '_ {
    sizes.iter().flat_map(|(service, size)| {
        (1..=*size).map(|number| InstanceId {
            service: service.clone(),
            number,
        })
    })
}

/// Shared instances are whoever's started them; those of a colour are the live deployment's.
fn is_it(one: &Seen, slot: Slot, id: &InstanceId, recorded: &Recorded<'_>) -> bool {
    let is_whose = slot == Slot::Shared || one.deployment == recorded.live.deployment;
    one.slot == slot && one.id == *id && is_whose
}

/// What is wrong with an instance that is recorded. What a shared one runs may well be older than
/// the release: that is no drift.
fn deviation(recorded: &Recorded<'_>, one: &Seen) -> Option<Deviation> {
    let (slot, instance) = (one.slot, one.id.clone());
    if let Some(how) = &one.ended {
        let how = how.clone();
        return Some(Deviation::Ended {
            slot,
            instance,
            how,
        });
    }
    let wanted = recorded.artifacts.get(instance.service.as_str());
    if let (Some(wanted), Some(runs)) = (wanted, &one.artifact)
        && wanted != runs
        && slot != Slot::Shared
    {
        let runs = runs.clone();
        return Some(Deviation::Artifact {
            slot,
            instance,
            runs,
        });
    }
    (!one.detached.is_empty()).then(|| Deviation::Detached {
        slot,
        instance,
        networks: one.detached.clone(),
    })
}

// === impl Deviation ===

impl Deviation {
    /// What becomes of it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing {
                slot: Slot::Shared, ..
            }
            | Self::Ended {
                slot: Slot::Shared, ..
            } => "a deployment starts it".to_owned(),
            Self::Detached {
                slot: Slot::Shared, ..
            } => "a deployment connects it again".to_owned(),
            Self::Missing { .. }
            | Self::Ended { .. }
            | Self::Artifact { .. }
            | Self::Detached { .. } => {
                "a deployment starts the release anew in the other colour".to_owned()
            }
            Self::Extra {
                slot: Slot::Shared, ..
            } => "it is left alone, with its data; remove the container by hand".to_owned(),
            Self::Extra { .. } => "a deployment removes it".to_owned(),
            Self::Stranger { container } => {
                format!("it is left alone: `docker rm --force {container}` removes it")
            }
            Self::Misrouted => "a deployment routes to what it starts".to_owned(),
            Self::NoProxy => "`shipway proxy` or a deployment starts it".to_owned(),
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { slot, instance } => write!(f, "{instance} ({slot}) is gone"),
            Self::Ended {
                slot,
                instance,
                how,
            } => write!(f, "{instance} ({slot}) does not run: {how}"),
            Self::Artifact {
                slot,
                instance,
                runs,
            } => write!(f, "{instance} ({slot}) runs something else: {runs}"),
            Self::Detached {
                slot,
                instance,
                networks,
            } => write!(
                f,
                "{instance} ({slot}) is not on the network `{}`",
                networks.join("`, `")
            ),
            Self::Extra { slot, instance } => {
                write!(
                    f,
                    "{instance} ({slot}) runs, and is not part of what is live"
                )
            }
            Self::Stranger { container } => {
                write!(
                    f,
                    "`{container}` is among the containers, and nobody deployed it"
                )
            }
            Self::Misrouted => f.write_str("the proxy does not send requests to what is live"),
            Self::NoProxy => f.write_str("the proxy does not run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn seen(slot: Slot, id: &str, deployment: u64) -> Seen {
        Seen {
            slot,
            id: id.parse().unwrap(),
            deployment: DeploymentId(deployment),
            ended: None,
            artifact: Some("sha256:1".to_owned()),
            detached: vec![],
        }
    }

    /// As recorded: deployment 1 in blue, a database that an earlier one started.
    fn as_recorded() -> Vec<Seen> {
        let mut all: Vec<Seen> = ["web-1", "web-2", "worker-1", "beat-1"]
            .map(|id| seen(Slot::Blue, id, 1))
            .into();
        all.push(Seen {
            artifact: Some("sha256:older".to_owned()),
            ..seen(Slot::Shared, "db-1", 0)
        });
        all
    }

    fn told(seen: &[Seen]) -> Vec<String> {
        let live = fixtures::occupant(2);
        let shared = Sizes::from([("db".parse().unwrap(), 1)]);
        let services = ["web", "worker", "beat", "db"];
        let artifacts = services.map(|name| (name.to_owned(), "sha256:1".to_owned()));
        let recorded = Recorded {
            live: &live,
            shared: &shared,
            artifacts: &artifacts.into(),
        };
        let found = find_drift(&recorded, seen);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_as_recorded_is_no_drift() {
        assert_eq!(told(&as_recorded()), [""; 0]);
    }

    #[test]
    fn each_kind_of_change_is_told_once() {
        let mut all = as_recorded();
        all[0].ended = Some("exit code 137".to_owned());
        all[1].artifact = Some("sha256:2".to_owned());
        all[2].detached = vec!["shop_default_blue".to_owned()];
        all.remove(3);
        all.push(seen(Slot::Blue, "web-3", 1));
        all.push(seen(Slot::Green, "web-1", 2));
        assert_eq!(
            told(&all),
            [
                "beat-1 (blue) is gone",
                "web-1 (blue) does not run: exit code 137",
                "web-2 (blue) runs something else: sha256:2",
                "worker-1 (blue) is not on the network `shop_default_blue`",
                "web-3 (blue) runs, and is not part of what is live",
                "web-1 (green) runs, and is not part of what is live",
            ]
        );
    }

    #[test]
    fn an_instance_of_another_deployment_does_not_count() {
        let mut all = as_recorded();
        all[0].deployment = DeploymentId(7);
        assert_eq!(
            told(&all),
            [
                "web-1 (blue) is gone",
                "web-1 (blue) runs, and is not part of what is live"
            ]
        );
    }
}
