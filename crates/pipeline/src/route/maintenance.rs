//! An environment that is closed to visitors, whatever is live in it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::cidr::Cidr;
use crate::time::Timestamp;

/// That an environment is closed, and how: every request is answered 503, but those of whom it is
/// open to. Deployments go on underneath.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// Since when.
    pub since: Timestamp,
    /// Who closed it.
    pub by: String,
    /// After how many seconds visitors are told to come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Clients that it stays open to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Cidr>,
}

/// What visitors get to see meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// What it is, as `Content-Type` says it.
    pub kind: String,
    /// The page.
    pub text: String,
}

/// The longest page: it is kept beside the routing table, and written with every change of that.
pub const LONGEST_PAGE: usize = 128 * 1024;

// === impl Maintenance ===

impl Maintenance {
    /// Whether it stays open to a client.
    pub fn lets_in(&self, client: IpAddr) -> bool {
        self.allow.iter().any(|range| range.contains(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_open_to_whom_it_names() {
        let maintenance = Maintenance {
            since: Timestamp(1),
            by: "ada".to_owned(),
            retry_after: None,
            allow: vec!["10.0.0.0/8".parse().unwrap()],
        };
        assert!(maintenance.lets_in(IpAddr::from([10, 1, 2, 3])));
        assert!(!maintenance.lets_in(IpAddr::from([192, 0, 2, 1])));
    }
}
