//! How a release is judged, and how long each part of a deployment may take.

use std::time::Duration;

use serde::Serialize;

use super::quantity;

/// How an instance of the routed service shows that it is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Asked with GET; `None` leaves the judgement to the Compose health check.
    pub path: Option<String>,
    /// `Host` header of the question; the first routed host where not given.
    pub host: Option<String>,
    /// Between two questions.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub interval: Duration,
    /// For one answer.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// How long an instance must have been healthy without a break.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub healthy_for: Duration,
    /// Every instance must be healthy by then.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub deadline: Duration,
    /// Paths that every new instance must answer with 2xx or 3xx before the switch.
    pub smoke: Vec<String>,
}

/// How a release is judged after the switch, while the old one is kept warm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bake {
    /// How long; 0 judges nothing.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub duration: Duration,
    /// Between two looks.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub interval: Duration,
    /// Fewer requests than this give no verdict on rates.
    pub min_requests: u64,
    /// Share of errors (5xx and unanswered) that is too much, from 0 to 1.
    pub max_error_rate: f64,
    /// The new p95 latency over the old one's that is too much.
    pub max_latency_ratio: f64,
    /// Latencies below this are never too much.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub latency_floor: Duration,
    /// What to do when there was too little traffic for a verdict.
    pub on_inconclusive: OnInconclusive,
}

/// What to do when a bake ends without a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// Ask the instances themselves: each must answer its health question throughout.
    Probe,
    /// Go back.
    RollBack,
}

/// How the old colour ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drain {
    /// For requests with an end in sight.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// For event streams and upgraded connections, which have none.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub streaming: Duration,
}

/// How long each part of a deployment may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Building the artifact.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub build: Duration,
    /// Starting the processes, without becoming healthy.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub start: Duration,
    /// One change of the route.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub switch: Duration,
}
