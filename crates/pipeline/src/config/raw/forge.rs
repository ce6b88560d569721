//! The forge as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::VariableText;
use crate::notify::ForgeKind;

/// The forge that holds the repository, and is told of deployments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Forge {
    /// What it is.
    #[schemars(extend("examples" = ["github"]))]
    pub(in crate::config) kind: ForgeKind,
    /// The repository there.
    #[schemars(extend("examples" = ["acme/shop"]))]
    pub(in crate::config) repository: Placed<String>,
    /// The variable that holds a token, or the secret of this name of the environment that is told
    /// of.
    ///
    /// On GitHub it may write commit statuses and deployments, on GitLab it has the scope `api`.
    #[schemars(extend("examples" = ["${FORGE_TOKEN}"]))]
    pub(in crate::config) token: Placed<VariableText>,
    /// The URL of its API.
    #[schemars(extend(
        "x-default" = "that of github.com or gitlab.com",
        "examples" = ["https://gitlab.example.org/api/v4"]
    ))]
    pub(in crate::config) api: Option<Placed<String>>,
    /// Where a reader of a status is sent to; `{environment}`, `{deployment}` and `{commit}` are
    /// replaced.
    #[schemars(extend("x-default" = "nowhere", "examples" = ["https://ci.example.org/{deployment}"]))]
    pub(in crate::config) link: Option<Placed<String>>,
}
