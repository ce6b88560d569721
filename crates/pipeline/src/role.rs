//! What a service is to a deployment.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a service is to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Role {
    /// Routed and coloured.
    Web,
    /// Coloured, not routed.
    Worker,
    /// At most one alive ever, such as a cron beat.
    Singleton,
    /// Shared by both colours, never replaced by a switch: database, cache, queue.
    Stateful,
    /// Shared, and not part of health: adminer, a mail catcher.
    Tool,
}

/// Images whose role is known to everybody, by the last part of their name.
const KNOWN_IMAGES: [(&str, Role); 14] = [
    ("postgres", Role::Stateful),
    ("postgis", Role::Stateful),
    ("mysql", Role::Stateful),
    ("mariadb", Role::Stateful),
    ("memcached", Role::Stateful),
    ("redis", Role::Stateful),
    ("valkey", Role::Stateful),
    ("rabbitmq", Role::Stateful),
    ("mongo", Role::Stateful),
    ("elasticsearch", Role::Stateful),
    ("adminer", Role::Tool),
    ("pgadmin4", Role::Tool),
    ("mailhog", Role::Tool),
    ("mailpit", Role::Tool),
];

impl Role {
    /// Whether each colour has its own instances of it.
    pub fn is_coloured(self) -> bool {
        match self {
            Self::Web | Self::Worker | Self::Singleton => true,
            Self::Stateful | Self::Tool => false,
        }
    }

    /// The role of a well-known image such as `postgres:17.2`.
    ///
    /// ```
    /// use shipway_pipeline::role::Role;
    /// assert_eq!(Role::of_image("docker.io/library/postgres:17.2"), Some(Role::Stateful));
    /// assert_eq!(Role::of_image("shop/web"), None);
    /// ```
    pub fn of_image(image: &str) -> Option<Self> {
        let without_digest = image.split('@').next().unwrap_or(image);
        let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
        let repository = last.split(':').next().unwrap_or(last);
        KNOWN_IMAGES
            .iter()
            .find(|(known, _)| *known == repository)
            .map(|(_, role)| *role)
    }

    /// The role's name as the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Worker => "worker",
            Self::Singleton => "singleton",
            Self::Stateful => "stateful",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
