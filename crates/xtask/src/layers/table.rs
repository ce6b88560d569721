//! Which crate stands in which layer. docs/architecture.md says why.

/// The layers, from the bottom to the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// Types and decisions: no I/O, no clock, no randomness.
    Pure,
    /// Traits over the world outside, and their implementations.
    Adapters,
    /// Carries out what was decided.
    Engine,
    /// What people and machines talk to.
    App,
    /// Fakes and development tasks: beside the others, and never shipped.
    Support,
}

const LAYERS: &[(&str, Layer)] = &[
    ("cli", Layer::App),
    ("server", Layer::App),
    ("engine", Layer::Engine),
    ("proxy", Layer::Engine),
    ("loadtest", Layer::Engine),
    ("runtime", Layer::Adapters),
    ("store", Layer::Adapters),
    ("durable", Layer::Adapters),
    ("pipeline", Layer::Pure),
    ("compose", Layer::Pure),
    ("migrations", Layer::Pure),
    ("testkit", Layer::Support),
    ("xtask", Layer::Support),
];

/// Dependencies inside of a layer, each from the first to the second.
const WITHIN: &[(&str, &str)] = &[
    // The command line starts the daemon.
    ("cli", "server"),
    // The engine tells the proxy what to route.
    ("engine", "proxy"),
    // Files that must not be lost are written in one way.
    ("runtime", "durable"),
    ("store", "durable"),
    // The domain knows what a Compose service is.
    ("pipeline", "compose"),
    // The domain knows what a migration is to a deployment.
    ("pipeline", "migrations"),
];

/// The layer of a crate of ours, by its folder's name.
pub(super) fn layer_of(folder: &str) -> Option<Layer> {
    LAYERS
        .iter()
        .find(|(known, _)| *known == folder)
        .map(|(_, layer)| *layer)
}

/// Whether a crate may depend on another one of its own layer.
pub(super) fn is_allowed_within(from: &str, to: &str) -> bool {
    WITHIN.contains(&(from, to))
}

// === impl Layer ===

impl Layer {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Adapters => "adapters",
            Self::Engine => "engine",
            Self::App => "app",
            Self::Support => "support",
        }
    }
}
