//! The sections of an environment: route, health, bake.
//!
//! Defaults follow the field's practice (half a minute of drain, 300 requests
//! for a verdict: zero errors in 300 bound the rate below 1 % at 95 %).

use std::net::SocketAddr;
use std::time::Duration;

use serde_saphyr::Spanned;

use super::{Checker, MINUTE, SECOND};
use crate::config::error::Problem;
use crate::config::raw;
use crate::config::{Bake, Health, OnInconclusive, RouteConfig, parse_ratio};

impl Checker {
    pub(super) fn route(&mut self, raw: raw::Route) -> RouteConfig {
        let text = raw.listen.value.trim();
        // A bare port means the loopback address: reachable from outside only when asked for.
        let with_address = if text.contains(':') {
            text.to_owned()
        } else {
            format!("127.0.0.1:{text}")
        };
        let hosts = raw.host.map_or_else(Vec::new, |host| host.value.into_vec());
        let listen = with_address.parse().unwrap_or_else(|_| {
            self.report(
                Problem::at(
                    raw.listen.referenced,
                    format!("`{text}` is no address to listen on"),
                )
                .with_help("write `127.0.0.1:8080`, `0.0.0.0:80` or just a port"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        RouteConfig {
            listen,
            hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        }
    }

    pub(super) fn health(&mut self, raw: raw::Health) -> Health {
        if let (None, Some(first)) = (&raw.path, raw.smoke.first()) {
            self.report(
                Problem::at(first.referenced, "`smoke` needs `path`")
                    .with_help("add `path:`, such as `path: /health/`, to `health`"),
            );
        }
        Health {
            path: raw.path.map(|path| self.path(path)),
            host: raw.host,
            interval: self.duration(raw.interval, SECOND),
            timeout: self.duration(raw.timeout, 5 * SECOND),
            healthy_for: self.duration(raw.healthy_for, 2 * SECOND),
            deadline: self.duration(raw.deadline, 2 * MINUTE),
            smoke: raw.smoke.into_iter().map(|path| self.path(path)).collect(),
        }
    }

    fn path(&mut self, path: Spanned<String>) -> String {
        if !path.value.starts_with('/') || path.value.contains(char::is_whitespace) {
            self.report(
                Problem::at(path.referenced, format!("`{}` is no path", path.value))
                    .with_help("a path begins with `/` and holds no blanks"),
            );
        }
        path.value
    }

    pub(super) fn bake(&mut self, raw: raw::Bake) -> Bake {
        let max_error_rate = raw.max_error_rate.map_or(0.01, |text| {
            parse_ratio(&text.value).unwrap_or_else(|message| {
                self.report(Problem::at(text.referenced, message));
                0.0
            })
        });
        let max_latency_ratio = raw.max_latency_ratio.map_or(1.3, |ratio| {
            if !(ratio.value.is_finite() && ratio.value >= 1.0) {
                self.report(
                    Problem::at(ratio.referenced, "`max_latency_ratio` is below 1")
                        .with_help("1.3 allows the new p95 to be 30 % above the old"),
                );
            }
            ratio.value
        });
        Bake {
            duration: self.duration(raw.duration, 5 * MINUTE),
            interval: self.duration(raw.interval, SECOND),
            min_requests: raw.min_requests.unwrap_or(300),
            max_error_rate,
            max_latency_ratio,
            latency_floor: self.duration(raw.latency_floor, Duration::from_millis(100)),
            on_inconclusive: match raw.on_inconclusive {
                Some(raw::OnInconclusive::RollBack) => OnInconclusive::RollBack,
                Some(raw::OnInconclusive::Probe) | None => OnInconclusive::Probe,
            },
        }
    }
}
