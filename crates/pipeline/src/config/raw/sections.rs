//! The sections of an environment as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::super::{default, render_duration};
use super::{DurationText, PathText, RatioText, RepositoryText};

/// Where images are kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Registry {
    /// The registry's address and a path; the image of `web` is pushed to `<repository>/web`.
    ///
    /// Credentials are those of Docker's own configuration, as `docker login` left them. A
    /// registry at a loopback address is asked without TLS.
    #[schemars(extend("examples" = ["registry.example.org/shop"]))]
    pub(in crate::config) repository: Placed<RepositoryText>,
}

/// How an instance of the routed service shows that it is healthy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Health {
    /// Asked with GET; an answer of 2xx is healthy.
    #[schemars(extend("x-default" = "the health check of the Compose file decides", "examples" = ["/health/"]))]
    pub(in crate::config) path: Option<Placed<PathText>>,
    /// The `Host` header of the question.
    #[schemars(extend("x-default" = "the route's first host", "examples" = ["shop.example.org"]))]
    pub(in crate::config) host: Option<String>,
    /// Between two questions.
    #[schemars(extend("default" = render_duration(default::HEALTH_INTERVAL)))]
    pub(in crate::config) interval: Option<Placed<DurationText>>,
    /// For one answer.
    #[schemars(extend("default" = render_duration(default::HEALTH_TIMEOUT)))]
    pub(in crate::config) timeout: Option<Placed<DurationText>>,
    /// How long an instance must have been healthy without a break.
    #[schemars(extend("default" = render_duration(default::HEALTHY_FOR)))]
    pub(in crate::config) healthy_for: Option<Placed<DurationText>>,
    /// Every instance must be healthy by then.
    #[schemars(extend("default" = render_duration(default::HEALTH_DEADLINE)))]
    pub(in crate::config) deadline: Option<Placed<DurationText>>,
    /// Paths that every new instance must answer with 2xx or 3xx before the switch.
    ///
    /// Needs `path`.
    #[schemars(extend("default" = []))]
    pub(in crate::config) smoke: Option<Vec<Placed<PathText>>>,
}

/// How a release is judged after the switch, while the old one is kept warm.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Bake {
    /// How long; `0s` judges nothing.
    #[schemars(extend("default" = render_duration(default::BAKE_DURATION)))]
    pub(in crate::config) duration: Option<Placed<DurationText>>,
    /// Between two looks.
    #[schemars(extend("default" = render_duration(default::BAKE_INTERVAL)))]
    pub(in crate::config) interval: Option<Placed<DurationText>>,
    /// Fewer requests than this give no verdict on rates.
    #[schemars(extend("default" = default::MIN_REQUESTS))]
    pub(in crate::config) min_requests: Option<u64>,
    /// The share of errors (5xx and unanswered) that is too much.
    #[schemars(extend("default" = format!("{}%", default::MAX_ERROR_RATE * 100.0)))]
    pub(in crate::config) max_error_rate: Option<Placed<RatioText>>,
    /// The new release's p95 latency over the old one's that is too much.
    #[schemars(range(min = 1.0), extend("default" = default::MAX_LATENCY_RATIO))]
    pub(in crate::config) max_latency_ratio: Option<f64>,
    /// Latencies below this are never too much.
    #[schemars(extend("default" = render_duration(default::LATENCY_FLOOR)))]
    pub(in crate::config) latency_floor: Option<Placed<DurationText>>,
    /// What to do when there was too little traffic for a verdict.
    #[schemars(extend("default" = "probe"))]
    pub(in crate::config) on_inconclusive: Option<OnInconclusive>,
}

/// What to do when a bake ends without a verdict.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(in crate::config) enum OnInconclusive {
    /// Ask the instances themselves: each must answer its health question throughout.
    Probe,
    /// Go back to the old release.
    RollBack,
}

/// How the old release ends.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Drain {
    /// For requests with an end in sight.
    #[schemars(extend("default" = render_duration(default::DRAIN_TIMEOUT)))]
    pub(in crate::config) timeout: Option<Placed<DurationText>>,
    /// For event streams and upgraded connections, which have none.
    #[schemars(extend("default" = render_duration(default::DRAIN_STREAMING)))]
    pub(in crate::config) streaming: Option<Placed<DurationText>>,
}

/// How long each part of a deployment may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Timeouts {
    /// Building the artifact.
    #[schemars(extend("default" = render_duration(default::BUILD_TIMEOUT)))]
    pub(in crate::config) build: Option<Placed<DurationText>>,
    /// Starting the processes, without becoming healthy.
    #[schemars(extend("default" = render_duration(default::START_TIMEOUT)))]
    pub(in crate::config) start: Option<Placed<DurationText>>,
    /// One change of the route.
    #[schemars(extend("default" = render_duration(default::SWITCH_TIMEOUT)))]
    pub(in crate::config) switch: Option<Placed<DurationText>>,
}
