//! How a release replaces another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a release replaces another.
///
/// A canary is a blue-green switch in several steps of weight; its place is
/// between [`Strategy::BlueGreen`]'s start and its switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Strategy {
    /// Stop the old, start the new; requests wait at the proxy in between.
    Recreate,
    /// Replace one instance after the other.
    Rolling,
    /// Start the new beside the old, switch at once, keep the old warm while the new is judged.
    BlueGreen,
}

impl Strategy {
    /// The strategy's name as the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recreate => "recreate",
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
