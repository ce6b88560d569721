//! What happens, as one typed stream: for terminals, logs and machines alike.

use serde::{Deserialize, Serialize};
use shipway_pipeline::gate::Verdict;
use shipway_pipeline::id::{DeploymentId, InstanceId, RequestId};
use shipway_pipeline::journal::Record;
use shipway_pipeline::name::{EnvironmentName, GateName};
use shipway_pipeline::plan::Plan;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::traffic::InFlight;
use tokio::sync::mpsc::UnboundedSender;

use crate::certificates::Trouble;

/// Version of the stream's form, told in its first line.
pub const VERSION: u16 = 1;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Kind {
    /// Nothing more will be told.
    Closed,
    /// A build began or goes on: one line of its output.
    Building {
        /// The line.
        line: String,
    },
    /// A gate wrote a line.
    GateOutput {
        /// Which.
        gate: GateName,
        /// The line.
        line: String,
    },
    /// A gate is over.
    GateOver {
        /// Which.
        gate: GateName,
        /// What it says.
        verdict: Verdict,
        /// How long it took, in milliseconds.
        millis: u64,
        /// It was run before, and its pass counts.
        is_known: bool,
    },
    /// Something in the user's files is probably not meant that way.
    Warning {
        /// The warning with its place.
        text: String,
    },
    /// Something is wrong with the certificate that a host of what was deployed is reached with.
    Certificate {
        /// What, and the way out.
        #[serde(flatten)]
        trouble: Trouble,
    },
    /// A request waits for people to approve its plan.
    Asked {
        /// Which.
        request: RequestId,
        /// When it is too late.
        expires: Timestamp,
    },
    /// A deployment is about to be carried out.
    Planned {
        /// Its plan.
        plan: Box<Plan>,
    },
    /// Somebody else has the environment, and we wait.
    Waiting {
        /// Which environment.
        environment: EnvironmentName,
        /// Who has it.
        holder: String,
    },
    /// A deployment's journal grew.
    Journal {
        /// Whose.
        deployment: DeploymentId,
        /// By what.
        record: Record,
    },
    /// A task wrote a line.
    Output {
        /// Whose.
        deployment: DeploymentId,
        /// The line.
        line: String,
    },
    /// An instance's health changed or was confirmed.
    Health {
        /// Whose.
        deployment: DeploymentId,
        /// Which.
        instance: InstanceId,
        /// Whether it is healthy.
        healthy: bool,
        /// The last answer.
        detail: String,
    },
    /// The release was looked at during its bake.
    Look {
        /// Whose.
        deployment: DeploymentId,
        /// Requests since the switch.
        requests: u64,
        /// Errors among them.
        errors: u64,
        /// 95 % of the requests took at most this long, in milliseconds.
        p95_millis: Option<u64>,
        /// Until the bake ends, in milliseconds.
        remaining_millis: u64,
    },
    /// Instances that are no longer routed still have this in hand.
    Draining {
        /// Whose.
        deployment: DeploymentId,
        /// What.
        in_flight: InFlight,
    },
}

/// Where events go.
#[derive(Debug, Clone)]
pub struct Reporter(UnboundedSender<Event>);

impl Reporter {
    /// A reporter into a channel.
    pub fn new(sender: UnboundedSender<Event>) -> Self {
        Self(sender)
    }

    /// Tells that nothing more will be told.
    pub fn close(&self) {
        self.tell(Kind::Closed);
    }

    /// Tells what happened. Nobody needs to listen.
    pub fn tell(&self, kind: Kind) {
        // The listener may have gone: the deployment goes on without it.
        let _ = self.0.send(Event {
            at: crate::clock::now(),
            kind,
        });
    }
}
