//! Which routes are taken.

use shipway_pipeline::id::{Epoch, Generation};
use shipway_pipeline::route::{Acceptance, Route};

use crate::control::Refusal;
use crate::registry::Registry;
use crate::table::check_pattern;

impl Registry {
    /// What other routes have, no further one can have.
    pub(super) fn check_beside(&self, route: &Route) -> Result<(), Refusal> {
        let table = self.shared.table.load();
        if let Some((address, holder)) = table.find_mismatch(route) {
            return Err(Refusal::Invalid {
                reason: format!(
                    "{address} is for HTTP and for HTTPS, of {} and {holder}: give each an address \
                     of its own",
                    route.key
                ),
            });
        }
        if let Some(dispute) = table.find_dispute(route) {
            return Err(Refusal::Certificate {
                reason: format!(
                    "{} has another certificate for `{}`: give both the same files, or the same \
                     authority",
                    dispute.holder, dispute.host
                ),
            });
        }
        match table.find_clash(route) {
            None => Ok(()),
            Some(clash) => Err(Refusal::Host {
                host: clash.host,
                path: clash.path,
                holder: clash.holder,
            }),
        }
    }

    /// Takes the certificate that a route is to have. One that it has already never stands in the
    /// way of a switch: what is wrong with it, the status tells.
    pub(super) fn admit(&mut self, route: &Route) -> Result<(), Refusal> {
        let Some(tls) = &route.tls else { return Ok(()) };
        let mut present = self.state.routes.iter();
        let is_kept = |it: &Route| {
            it.key == route.key && it.tls.as_ref() == Some(tls) && it.hosts == route.hosts
        };
        if present.any(is_kept) {
            return Ok(());
        }
        let admitted = self.keyring.admit(tls, &route.hosts);
        admitted.map_err(|error| Refusal::Certificate {
            reason: error.to_string(),
        })
    }

    /// A route that is not there may be put by whoever holds the lease, with a generation behind
    /// that of the one removed.
    pub(super) fn accepts_anew(&self, route: &Route) -> Result<Acceptance, Refusal> {
        if let Some(removed) = self.state.removed.iter().find(|it| it.key == route.key) {
            check_epoch(route.epoch, removed.epoch)?;
            // A later holder of the lease counts anew: it knows nothing of the route before.
            if route.epoch == removed.epoch && route.generation <= removed.generation {
                return Err(Refusal::Generation {
                    offered: route.generation,
                    current: removed.generation,
                });
            }
        }
        Ok(Acceptance::Replaces)
    }
}

/// What is wrong with a route by itself.
pub(super) fn check(route: &Route) -> Result<(), Refusal> {
    let invalid = |reason: String| Err(Refusal::Invalid { reason });
    for host in &route.hosts {
        if let Err(error) = check_pattern(host) {
            return invalid(error.to_string());
        }
    }
    if route.listen.port() == 0 {
        return invalid(format!("`{}` names no port", route.listen));
    }
    check_tls(route)?;
    if route.generation == Generation(0) && route.epoch == Epoch(0) {
        return invalid("a route without epoch and generation could not be replaced safely".into());
    }
    Ok(())
}

fn check_tls(route: &Route) -> Result<(), Refusal> {
    let Some(tls) = &route.tls else { return Ok(()) };
    let reason = if tls.listen.port() == 0 {
        format!("`{}` names no port", tls.listen)
    } else if tls.listen == route.listen {
        format!("`{}` cannot be for HTTP and for HTTPS", tls.listen)
    } else if route.hosts.is_empty() {
        "a route with a certificate names its hosts".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::Invalid { reason })
}

/// A sender whose lease is older has lost its say.
pub(super) fn check_epoch(offered: Epoch, current: Epoch) -> Result<(), Refusal> {
    if offered < current {
        return Err(Refusal::Epoch { offered, current });
    }
    Ok(())
}
