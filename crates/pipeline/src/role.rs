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

/// Images that keep data or carry it, by the last part of their name.
const STATEFUL_IMAGES: [&str; 33] = [
    "postgres",
    "postgresql",
    "postgis",
    "pgvector",
    "timescaledb",
    "timescaledb-ha",
    "mysql",
    "mysql-server",
    "mariadb",
    "percona",
    "mongo",
    "mongodb",
    "cassandra",
    "clickhouse",
    "clickhouse-server",
    "influxdb",
    "neo4j",
    "memcached",
    "redis",
    "redis-stack",
    "redis-stack-server",
    "valkey",
    "keydb",
    "rabbitmq",
    "nats",
    "kafka",
    "cp-kafka",
    "redpanda",
    "zookeeper",
    "elasticsearch",
    "opensearch",
    "minio",
    "etcd",
];

/// Images that help people and serve no user, by the last part of their name.
const TOOL_IMAGES: [&str; 14] = [
    "adminer",
    "pgadmin4",
    "phpmyadmin",
    "mongo-express",
    "redis-commander",
    "redisinsight",
    "mailhog",
    "mailpit",
    "mailcatcher",
    "maildev",
    "flower",
    "kibana",
    "opensearch-dashboards",
    "portainer-ce",
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
    /// assert_eq!(Role::of_image("registry.example.org/library/postgres:17.2"), Some(Role::Stateful));
    /// assert_eq!(Role::of_image("dpage/pgadmin4@sha256:0a1b"), Some(Role::Tool));
    /// assert_eq!(Role::of_image("shop/web"), None);
    /// ```
    pub fn of_image(image: &str) -> Option<Self> {
        let repository = image_name(image);
        if STATEFUL_IMAGES.contains(&repository) {
            Some(Self::Stateful)
        } else if TOOL_IMAGES.contains(&repository) {
            Some(Self::Tool)
        } else {
            None
        }
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

/// The last part of an image's name, which is the same whoever publishes it.
pub(crate) fn image_name(image: &str) -> &str {
    let without_digest = image.split('@').next().unwrap_or(image);
    let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
    last.split(':').next().unwrap_or(last)
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_whoever_publishes_them() {
        let stateful = [
            "postgis/postgis:16-3.4",
            "timescale/timescaledb:latest-pg16",
            "registry.example:5000/mirror/redis:7",
            "bitnami/postgresql:17",
            "valkey/valkey",
            "opensearchproject/opensearch:2",
            "minio/minio",
            "nats:2-alpine",
        ];
        for image in stateful {
            assert_eq!(Role::of_image(image), Some(Role::Stateful), "{image}");
        }
        for image in [
            "phpmyadmin/phpmyadmin",
            "mher/flower:2.0",
            "axllent/mailpit",
        ] {
            assert_eq!(Role::of_image(image), Some(Role::Tool), "{image}");
        }
        for image in ["nginx", "shop/redis-client", "python:3.12"] {
            assert_eq!(Role::of_image(image), None, "{image}");
        }
    }
}
