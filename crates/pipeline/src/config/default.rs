//! What holds where an environment says nothing.
//!
//! Defaults follow the field's practice. The types of what is written name these in the schema,
//! and the checks fill them in: one source for both.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::backup::Keep;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

const fn minutes(number: u64) -> Duration {
    seconds(60 * number)
}

/// The address of a route that gives only a port: from outside only when asked for.
pub(super) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where an authority looks for what it fetches by HTTP.
pub(super) const HTTP_PORT: u16 = 80;

/// Where browsers look for HTTPS.
pub(super) const TLS_PORT: u16 = 443;

/// A big migration; one that takes longer should not stand in the way of a release.
pub(super) const MIGRATE_TIMEOUT: Duration = minutes(10);

/// Everybody else waits behind a migration that waits for a lock.
pub(super) const LOCK_TIMEOUT: Duration = seconds(1);
/// With a pause that doubles from one second to the next, about half a minute.
pub(super) const MIGRATION_RETRIES: u32 = 5;

/// A test suite that takes longer should run in parts.
pub(super) const GATE_TIMEOUT: Duration = minutes(15);

/// Over a night, and not over a weekend.
pub(super) const APPROVALS_EXPIRE: Duration = minutes(24 * 60);

pub(super) const HEALTH_INTERVAL: Duration = seconds(1);
pub(super) const HEALTH_TIMEOUT: Duration = seconds(5);
/// Long enough to see a crash right after the start.
pub(super) const HEALTHY_FOR: Duration = seconds(2);
pub(super) const HEALTH_DEADLINE: Duration = minutes(2);

pub(super) const BAKE_DURATION: Duration = minutes(5);
pub(super) const BAKE_INTERVAL: Duration = seconds(1);
/// No error in 300 requests bounds the rate below 1 % at 95 % confidence.
pub(super) const MIN_REQUESTS: u64 = 300;
pub(super) const MAX_ERROR_RATE: f64 = 0.01;
pub(super) const MAX_LATENCY_RATIO: f64 = 1.3;
/// Nobody notices less, and small numbers vary much.
pub(super) const LATENCY_FLOOR: Duration = Duration::from_millis(100);

pub(super) const DRAIN_TIMEOUT: Duration = seconds(30);
pub(super) const DRAIN_STREAMING: Duration = seconds(30);

/// Each deployment has a backup of its own: the newest writes are the ones that hurt.
pub(super) const BACKUP_FRESH: Duration = seconds(0);
/// Databases that take longer need another way than a dump.
pub(super) const BACKUP_TIMEOUT: Duration = minutes(60);
/// A week of days, a month of weeks, half a year of months.
pub(super) const KEEP: Keep = Keep {
    last: 7,
    daily: 7,
    weekly: 4,
    monthly: 6,
};

/// What stores that know no regions take.
pub(super) const S3_REGION: &str = "us-east-1";

pub(super) const BUILD_TIMEOUT: Duration = minutes(20);
pub(super) const START_TIMEOUT: Duration = minutes(1);
pub(super) const SWITCH_TIMEOUT: Duration = seconds(10);
