//! Where requests come in.

use std::net::SocketAddr;

use serde::Serialize;

use super::tls::Tls;
use crate::route::{PathPrefix, Rules};

/// Where requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteConfig {
    /// Where the proxy listens.
    pub listen: SocketAddr,
    /// Host names; empty takes every host.
    pub hosts: Vec<String>,
    /// How the hosts are reached by HTTPS; `None` where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What is done with requests beside handing them on.
    #[serde(flatten)]
    pub rules: Rules,
}

impl RouteConfig {
    /// What it answers for on each of its addresses: hosts, and paths of them.
    pub fn place(&self) -> (&[String], &[PathPrefix]) {
        (&self.hosts, &self.rules.paths)
    }
}
