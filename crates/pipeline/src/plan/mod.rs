//! Plans: what a deployment will do, as data.
//!
//! A plan is made once, before anything happens, by [`make`]; it already holds
//! every id, size and order, and the executor has no choice left to make. What
//! to do when a step fails is planned as well ([`Revert`]).

mod action;
mod alone;
mod audit;
mod consent;
mod database;
mod down;
mod make;
mod migrate;
mod scale;
mod size;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use action::{Action, BakeLimits};
pub use audit::audit;
pub use database::{Incoming, SWAP_BACK, Upkeep, kept_name, new_name};
pub use down::{DownFacts, down};
pub use make::{Around, Facts, RenewalFacts, data_loss, make, make_renewal, renumber};
pub use migrate::{MigrationFacts, make_migration};
pub use scale::{Refusal, ScaleFacts, scale};
pub use size::{Scaled, Scales};

use crate::adoption::Adoption;
use crate::colour::Colour;
use crate::digest::Digest;
use crate::id::{DeploymentId, ReleaseId};
use crate::migration::Outlook;
use crate::name::{EnvironmentName, ProjectName, ServiceName};
use crate::route::{RouteKey, Rules, Tls};
use crate::strategy::Strategy;

/// Version of the stored form; raised when a field is added or changes its meaning.
pub const VERSION: u16 = 2;

/// How many instances of each service.
pub type Sizes = BTreeMap<ServiceName, u32>;

/// What a deployment will do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`VERSION`] at the time of its making.
    pub version: u16,
    /// The deployment.
    pub deployment: DeploymentId,
    /// Why it is made.
    pub kind: Kind,
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
    /// How the new release replaces the old.
    pub strategy: Strategy,
    /// What is to be live.
    pub target: Occupant,
    /// What is live now, and what a rollback returns to.
    pub previous: Option<Occupant>,
    /// Where requests come in.
    pub route: RoutePlan,
    /// How an instance of the routed service is asked for its health; `None` leaves the
    /// judgement to its Compose health check.
    pub probe: Option<Probe>,
    /// The Compose project that runs already and that this deployment takes over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adoption: Option<Adoption>,
    /// What becomes of the database's migrations; none where they are not looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub migrations: Option<Outlook>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What is done when a step fails or the deployment is aborted.
    pub revert: Revert,
    /// What a reader should know.
    pub notes: Vec<Note>,
}

/// Why a deployment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A release of one's choice.
    Deploy,
    /// The release that is live in the environment before.
    Promote,
    /// A release that was live here before.
    Rollback,
    /// More or fewer instances of what is live.
    Scale,
    /// The end of all that runs.
    Down,
    /// A shared service that is made anew; what is live stays live.
    Renew,
    /// Migrations by themselves, forwards or backwards; what is live stays live.
    Migrate,
    /// What is live, on another database.
    Restore,
}

/// A release in a colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupant {
    /// The release.
    pub release: ReleaseId,
    /// The deployment that put it there.
    pub deployment: DeploymentId,
    /// Where it stands.
    pub colour: Colour,
    /// The workload (services with their environment) that it runs.
    pub workload: Digest,
    /// How many instances of each coloured service, singletons included.
    pub sizes: Sizes,
    /// Which of them an operator set.
    #[serde(skip_serializing_if = "Scales::is_empty", default)]
    pub scaled: Scales,
}

/// Where requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutePlan {
    /// Where the proxy listens.
    pub listen: SocketAddr,
    /// Host names; empty takes every host.
    pub hosts: Vec<String>,
    /// How its hosts are reached by HTTPS; `None` where they are not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<Tls>,
    /// What is done with requests beside handing them on.
    #[serde(skip_serializing_if = "Rules::is_empty", default)]
    pub rules: Rules,
    /// The service that takes the requests.
    pub service: ServiceName,
}

/// How an instance is asked for its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Asked with GET.
    pub path: String,
    /// The `Host` header.
    pub host: String,
    /// Between two questions.
    #[serde(with = "millis")]
    pub interval: Duration,
    /// For one answer.
    #[serde(with = "millis")]
    pub timeout: Duration,
}

/// One thing to do. Safe to repeat: each describes how the world shall be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The part of the deployment's life it belongs to.
    pub stage: Stage,
    /// What to do.
    pub action: Action,
    /// It has failed when it takes longer.
    #[serde(with = "millis")]
    pub deadline: Duration,
    /// After it, this side's occupant is the environment's live one; none where the side is empty.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub makes_live: Option<Side>,
    /// After it, the environment's live release has these instances.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resizes: Option<Box<Occupant>>,
}

/// The parts of a deployment's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Everything that can be done before an instance starts.
    Preparing,
    /// The target starts and becomes healthy.
    Starting,
    /// The target is tried on a private way.
    Verifying,
    /// Traffic moves.
    Switching,
    /// The target is judged, the old kept warm.
    Baking,
    /// The old is drained and stopped.
    Finalising,
    /// Traffic moves back.
    RollingBack,
}

/// Which occupant a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What is to be live.
    Target,
    /// What was live when the plan was made.
    Previous,
}

/// What is done when the deployment does not go through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revert {
    /// From this step on, traffic or the old instances may have been touched.
    pub touched_from: usize,
    /// While nothing was touched: the target goes, nothing else happens.
    pub untouched: Vec<Step>,
    /// Afterwards: the old one takes the traffic back at full size, then the target goes.
    pub touched: Vec<Step>,
}

/// Something a reader of a plan should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// What.
    pub text: String,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Think about it.
    Warning,
    /// The plan is not carried out.
    Fatal,
}

// === impl Plan ===

impl Plan {
    /// Names what the plan does: any change of it gives another digest.
    pub fn digest(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("a plan has only text keys");
        Digest::of(&text)
    }

    /// Whose route it changes.
    pub fn route_key(&self) -> RouteKey {
        RouteKey {
            project: self.project.clone(),
            environment: self.environment.clone(),
        }
    }

    /// The occupant of a side; `None` for the previous one of a first deployment.
    pub fn occupant(&self, side: Side) -> Option<&Occupant> {
        match side {
            Side::Target => Some(&self.target),
            Side::Previous => self.previous.as_ref(),
        }
    }
}

// === impl Stage ===

impl Stage {
    /// The stage's name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Starting => "starting",
            Self::Verifying => "verifying",
            Self::Switching => "switching",
            Self::Baking => "baking",
            Self::Finalising => "finalising",
            Self::RollingBack => "rolling back",
        }
    }
}

impl Kind {
    /// The kind's name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Scale => "scale",
            Self::Down => "down",
            Self::Renew => "renew",
            Self::Migrate => "migrate",
            Self::Restore => "restore",
        }
    }

    /// Whether something comes back that was live here: it is neither migrated to nor judged.
    pub fn is_return(self) -> bool {
        matches!(self, Self::Rollback | Self::Restore)
    }
}

/// Durations as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_millis() as u64)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
