//! The sections of an environment: health, bake, and addresses to listen at.

use std::net::{IpAddr, SocketAddr};

use super::Checker;
use crate::config::error::problem;
use crate::config::raw::{self, Listen, RatioText};
use crate::config::tree::Placed;
use crate::config::{Bake, Health, OnInconclusive, default, parse_ratio};

impl Checker {
    /// An address to listen at; `address` is that of a port alone.
    pub(super) fn listen(&mut self, raw: &Placed<Listen>, address: IpAddr) -> SocketAddr {
        let text = match &raw.value {
            Listen::Port(port) => port.to_string(),
            Listen::Text(text) => text.trim().to_owned(),
        };
        let parsed = if text.contains(':') {
            text.parse().ok()
        } else {
            let port = text.parse().ok();
            port.map(|port| SocketAddr::new(address, port))
        };
        parsed.unwrap_or_else(|| {
            self.report(
                problem(raw.span, format!("`{text}` is no address to listen on"))
                    .with_help("write `127.0.0.1:8080`, `0.0.0.0:80` or just a port"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn health(&mut self, raw: raw::Health) -> Health {
        let smoke = raw.smoke.unwrap_or_default();
        if let (None, Some(first)) = (&raw.path, smoke.first()) {
            self.report(
                problem(first.span, "`smoke` needs `path`")
                    .with_help("add `path:`, such as `path: /health/`, to `health`"),
            );
        }
        Health {
            path: raw.path.map(|path| self.path(path)),
            host: raw.host,
            interval: self.duration(raw.interval, default::HEALTH_INTERVAL),
            timeout: self.duration(raw.timeout, default::HEALTH_TIMEOUT),
            healthy_for: self.duration(raw.healthy_for, default::HEALTHY_FOR),
            deadline: self.duration(raw.deadline, default::HEALTH_DEADLINE),
            smoke: smoke.into_iter().map(|path| self.path(path)).collect(),
        }
    }

    fn path(&mut self, path: Placed<raw::PathText>) -> String {
        let text = path.value.0;
        if !text.starts_with('/') || text.contains(char::is_whitespace) {
            self.report(
                problem(path.span, format!("`{text}` is no path"))
                    .with_help("a path begins with `/` and holds no blanks"),
            );
        }
        text
    }

    pub(super) fn bake(&mut self, raw: raw::Bake) -> Bake {
        Bake {
            duration: self.duration(raw.duration, default::BAKE_DURATION),
            interval: self.duration(raw.interval, default::BAKE_INTERVAL),
            min_requests: raw.min_requests.unwrap_or(default::MIN_REQUESTS),
            max_error_rate: self.ratio(raw.max_error_rate, default::MAX_ERROR_RATE),
            max_latency_ratio: raw.max_latency_ratio.unwrap_or(default::MAX_LATENCY_RATIO),
            latency_floor: self.duration(raw.latency_floor, default::LATENCY_FLOOR),
            on_inconclusive: match raw.on_inconclusive {
                Some(raw::OnInconclusive::RollBack) => OnInconclusive::RollBack,
                Some(raw::OnInconclusive::Probe) | None => OnInconclusive::Probe,
            },
        }
    }

    pub(super) fn ratio(&mut self, raw: Option<Placed<RatioText>>, default: f64) -> f64 {
        let Some(raw) = raw else { return default };
        let text = match raw.value {
            // The schema has its range.
            RatioText::Number(number) => return number,
            RatioText::Text(text) => text,
        };
        parse_ratio(&text).unwrap_or_else(|message| {
            self.report(problem(raw.span, message));
            default
        })
    }
}
