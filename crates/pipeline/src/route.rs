//! The routing table: which instances answer for an environment.
//!
//! A route is one environment's part of the proxy's table. The engine sends a
//! whole [`Route`]; the proxy refuses one that a deposed holder sent
//! ([`Route::accepts`]) and swaps its table in one step.

mod limits;
mod maintenance;
mod path;
mod rules;
mod sticky;
mod tls;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::colour::Colour;
use crate::id::{DeploymentId, Epoch, Generation, InstanceId};
use crate::name::{EnvironmentName, ProjectName};

pub use limits::{InvalidRate, Limits, Rate};
pub use maintenance::{LONGEST_PAGE, Maintenance, Page};
pub use path::{InvalidPath, PathPrefix, Place, shared_place};
pub use rules::Rules;
pub use sticky::Sticky;
pub use tls::{Acme, Certificate, Challenge, Tls};

/// Whose route it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteKey {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
}

impl RouteKey {
    /// The name of the environment's Compose project: `<project>-<environment>`.
    ///
    /// Compose's names have neither dots nor slashes; a digest keeps apart what would be alike
    /// without them.
    ///
    /// ```
    /// use shipway_pipeline::route::RouteKey;
    /// let key = RouteKey {
    ///     project: "shop".parse().unwrap(),
    ///     environment: "testing".parse().unwrap(),
    /// };
    /// assert_eq!(key.compose_project(), "shop-testing");
    /// ```
    pub fn compose_project(&self) -> String {
        let plain = format!("{}-{}", self.project, self.environment);
        let others = ['.', '/'];
        if !plain.contains(others) {
            return plain;
        }
        let digest = crate::digest::Digest::of(plain.as_bytes());
        format!("{}-{}", plain.replace(others, "-"), digest.short())
    }
}

/// How requests reach an environment, and who answers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Whose it is.
    pub key: RouteKey,
    /// The lease holder that sent it.
    pub epoch: Epoch,
    /// Grows with each change of the route.
    pub generation: Generation,
    /// Where the proxy listens. Several routes may share an address and differ by host.
    pub listen: SocketAddr,
    /// Host names it answers for, lower case without port; `*.example.org` matches one label or
    /// more; empty answers for any host that no other route on the address names.
    pub hosts: Vec<String>,
    /// How its hosts are reached by HTTPS; `None` where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What it does with requests beside handing them on.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// Who answers. Empty: 503 with `Retry-After`.
    pub backends: Vec<Backend>,
}

/// An instance that takes requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Its colour: what counters and drain are kept by, together with the deployment.
    pub colour: Colour,
    /// The deployment that started it.
    pub deployment: DeploymentId,
    /// The instance.
    pub instance: InstanceId,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its share of new requests relative to the others; 0 takes none.
    pub weight: u16,
}

/// Why a route was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its sender no longer holds the lease.
    #[error("epoch {offered} is older than epoch {current}: another deployment took over")]
    Epoch {
        /// The offered route's.
        offered: Epoch,
        /// The present route's.
        current: Epoch,
    },
    /// It is older than what is routed, or differs under the same number.
    #[error("generation {offered} does not follow generation {current}")]
    Generation {
        /// The offered route's.
        offered: Generation,
        /// The present route's.
        current: Generation,
    },
}

/// What putting an acceptable route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// It takes the place of the present one.
    Replaces,
    /// It is the present one: a repeated call, nothing to do.
    Repeats,
}

impl Route {
    /// Where the proxy listens for it.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let secure = self.tls.as_ref().map(|tls| tls.listen);
        std::iter::once(self.listen).chain(secure)
    }

    /// What it answers for on each of its addresses: hosts, and paths of them.
    pub fn place(&self) -> (&[String], &[PathPrefix]) {
        (&self.hosts, &self.rules.paths)
    }

    /// Decides whether `offered` may take this route's place.
    ///
    /// # Errors
    /// An older epoch, an older generation, or other content under the same generation.
    pub fn accepts(&self, offered: &Self) -> Result<Acceptance, Refused> {
        if offered.epoch < self.epoch {
            return Err(Refused::Epoch {
                offered: offered.epoch,
                current: self.epoch,
            });
        }
        if offered.generation > self.generation {
            return Ok(Acceptance::Replaces);
        }
        let repeats = Self {
            epoch: self.epoch,
            ..offered.clone()
        } == *self;
        if repeats {
            Ok(Acceptance::Repeats)
        } else {
            Err(Refused::Generation {
                offered: offered.generation,
                current: self.generation,
            })
        }
    }
}

/// What is to be put so that `wanted` is in force; `None` where nothing is to be done.
///
/// A route that says already what is wanted is left alone only if nothing older can take its place
/// any more. Where another holder of the lease put it, or an answer to a put is missing, a put may
/// still be on its way to the proxy: it is fenced off by a generation of its own.
pub fn follow(current: Option<&Route>, wanted: Route, in_doubt: bool) -> Option<Route> {
    let Some(current) = current else {
        return Some(Route {
            generation: Generation(1),
            ..wanted
        });
    };
    let says_the_same = current.listen == wanted.listen
        && current.hosts == wanted.hosts
        && current.tls == wanted.tls
        && current.rules == wanted.rules
        && current.backends == wanted.backends;
    if says_the_same && current.epoch == wanted.epoch && !in_doubt {
        return None;
    }
    Some(Route {
        generation: current.generation.next(),
        ..wanted
    })
}

impl std::fmt::Display for RouteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.project, self.environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(epoch: u64, generation: u64, port: u16) -> Route {
        Route {
            key: RouteKey {
                project: "shop".parse().unwrap(),
                environment: "production".parse().unwrap(),
            },
            epoch: Epoch(epoch),
            generation: Generation(generation),
            listen: "127.0.0.1:8080".parse().unwrap(),
            hosts: vec![],
            tls: None,
            rules: Rules::default(),
            backends: vec![Backend {
                colour: Colour::Blue,
                deployment: DeploymentId(1),
                instance: "web-1".parse().unwrap(),
                address: SocketAddr::from(([127, 0, 0, 1], port)),
                weight: 1,
            }],
        }
    }

    #[test]
    fn a_deposed_holder_is_refused_whatever_its_generation() {
        let refused = route(3, 5, 1).accepts(&route(2, 9, 1)).unwrap_err();
        assert!(matches!(refused, Refused::Epoch { .. }));
    }

    #[test]
    fn what_is_routed_is_put_again_only_where_something_older_may_be_on_its_way() {
        let current = route(2, 5, 1);
        let again = |epoch, in_doubt| {
            let put = follow(Some(&current), route(epoch, 0, 1), in_doubt);
            put.map(|route| route.generation)
        };
        assert_eq!(again(2, false), None);
        assert_eq!(again(2, true), Some(Generation(6)));
        assert_eq!(again(3, false), Some(Generation(6)));
        let first = follow(None, route(1, 0, 1), false).unwrap();
        assert_eq!(first.generation, Generation(1));
        let other = follow(Some(&current), route(2, 0, 9), false).unwrap();
        assert_eq!(current.accepts(&other), Ok(Acceptance::Replaces));
        let mut secured = route(2, 0, 1);
        secured.tls = Some(Tls {
            listen: "127.0.0.1:8443".parse().unwrap(),
            certificate: Certificate::Files {
                certificate: "/shop.pem".to_owned(),
                key: "/shop.key".to_owned(),
            },
            redirect: true,
            hsts: None,
        });
        assert!(follow(Some(&current), secured, false).is_some());
        let mut ruled = route(2, 0, 1);
        ruled.rules.paths = vec!["/api".parse().unwrap()];
        assert!(follow(Some(&current), ruled, false).is_some());
    }

    #[test]
    fn the_next_generation_replaces_and_a_repeated_one_does_nothing() {
        assert_eq!(
            route(1, 5, 1).accepts(&route(1, 6, 2)),
            Ok(Acceptance::Replaces)
        );
        assert_eq!(
            route(1, 5, 1).accepts(&route(2, 5, 1)),
            Ok(Acceptance::Repeats)
        );
        assert!(route(1, 5, 1).accepts(&route(1, 5, 2)).is_err());
        assert!(route(1, 5, 1).accepts(&route(1, 4, 1)).is_err());
    }
}
