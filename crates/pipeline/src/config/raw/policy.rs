//! What an environment asks of a release, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::super::{default, render_duration};
use super::{BranchName, DurationText, Moment, Name, OneOrMany};

/// What an environment asks of a release before it takes it, besides its `gates`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Policy {
    /// Branches, or patterns such as `release/*`; one of them must hold the commit.
    #[schemars(extend("x-default" = "any branch", "examples" = [["main", "release/*"]]))]
    pub(in crate::config) branches: Option<Placed<OneOrMany<BranchName>>>,
    /// How long a release must have been stable in the environment `from` which it comes.
    #[schemars(extend("default" = "0s", "examples" = ["1h"]))]
    pub(in crate::config) soak: Option<Placed<DurationText>>,
    /// Times in which nothing is deployed; a rollback always is.
    #[schemars(extend("default" = []))]
    pub(in crate::config) freeze: Option<Vec<Placed<Freeze>>>,
    /// People who must consent before a deployment starts; never the one who asks for it.
    pub(in crate::config) approvals: Option<Placed<Approvals>>,
    /// The shorter way for what cannot wait: `shipway promote --hotfix --reason …`.
    pub(in crate::config) hotfix: Option<Hotfix>,
}

/// A time in which nothing is deployed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Freeze {
    /// Its beginning: a moment of every week, such as `fri 16:00`, or a date.
    #[schemars(extend("examples" = ["fri 16:00"]))]
    pub(in crate::config) from: Placed<Moment>,
    /// Its end, written in the same way.
    #[schemars(extend("examples" = ["mon 07:00"]))]
    pub(in crate::config) until: Placed<Moment>,
    /// Whose clock counts, by the name of a time zone.
    #[schemars(extend("default" = "UTC", "examples" = ["Europe/Berlin"]))]
    pub(in crate::config) time_zone: Option<Placed<String>>,
    /// Why, for those who are refused.
    #[schemars(extend("x-default" = "none", "examples" = ["weekend"]))]
    pub(in crate::config) reason: Option<String>,
}

/// Who consents to a deployment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Approvals {
    /// How many people.
    #[schemars(range(min = 1), extend("examples" = [2]))]
    pub(in crate::config) required: u32,
    /// The `groups` that they belong to.
    #[schemars(extend("x-default" = "anybody", "examples" = [["managers"]]))]
    pub(in crate::config) groups: Option<Placed<OneOrMany<Name>>>,
    /// A request that is not complete by then must be made again.
    #[schemars(extend("default" = render_duration(default::APPROVALS_EXPIRE)))]
    pub(in crate::config) expires: Option<Placed<DurationText>>,
}

/// The shorter way for what cannot wait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Hotfix {
    /// Branches, or patterns such as `hotfix/*`; one of them must hold the commit.
    #[schemars(extend("examples" = [["hotfix/*"]]))]
    pub(in crate::config) branches: Placed<OneOrMany<BranchName>>,
    /// The environment whose stable release is promoted on this way.
    #[schemars(extend("x-default" = "the usual one", "examples" = ["testing"]))]
    pub(in crate::config) from: Option<Placed<Name>>,
    /// How long a release must have been stable there.
    #[schemars(extend("default" = "0s", "examples" = ["10m"]))]
    pub(in crate::config) soak: Option<Placed<DurationText>>,
    /// How many people must consent.
    #[schemars(extend("x-default" = "as many as always", "examples" = [1]))]
    pub(in crate::config) approvals: Option<u32>,
}
