//! Environments of branches, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::DurationText;

/// How many environments of branches there are, and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PerBranch {
    /// How many there may be at once.
    #[schemars(range(min = 1, max = 100), extend("examples" = [5]))]
    pub(in crate::config) limit: u32,
    /// One to which nothing was deployed for so long is removed by `shipway serve`.
    #[schemars(extend("x-default" = "none is removed for its age", "examples" = ["7d"]))]
    pub(in crate::config) max_age: Option<Placed<DurationText>>,
    /// What the push of a further branch does.
    #[schemars(extend("default" = "refuse"))]
    pub(in crate::config) when_full: Option<WhenFull>,
}

/// What the push of a further branch does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum WhenFull {
    /// It is not deployed.
    Refuse,
    /// It takes the place of the one to which nothing was deployed for the longest time.
    RemoveOldest,
}
