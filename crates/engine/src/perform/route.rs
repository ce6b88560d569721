//! The switch: one change of the proxy's table.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Instant;

use shipway_durable::crash_point;
use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::{Generation, InstanceId};
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::Side;
use shipway_pipeline::route::{Backend, Route, RouteKey, Tls, follow, shared_place};

use super::{Performed, Performer, failed, failure};
use crate::ports::RouterError;

/// How often a put is tried: those of this deployment whose answers are missing are fewer.
const ATTEMPTS: u32 = 3;

impl Performer<'_> {
    /// Routes to exactly these instances. The generation follows the one in force; what this very
    /// holder put already is left alone.
    pub(super) async fn route(&self, target: &[InstanceId], previous: &[InstanceId]) -> Performed {
        let mut backends = self.backends(Side::Target, target).await?;
        backends.extend(self.backends(Side::Previous, previous).await?);
        let wanted = Route {
            key: self.route_key(),
            epoch: self.lease.epoch(),
            generation: Generation::default(),
            listen: self.plan.route.listen,
            hosts: self.plan.route.hosts.clone(),
            tls: self.plan.route.tls.clone(),
            rules: self.plan.route.rules.clone(),
            backends,
        };
        let mut attempt = 1;
        loop {
            match self.put(wanted.clone()).await {
                // An older put, whose answer is missing, came in between.
                Err(RouterError::Refused(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(failed(&error)),
                Ok(detail) => return Ok(Some(detail)),
            }
        }
    }

    /// Puts a route after the one in force, if that is needed.
    async fn put(&self, wanted: Route) -> Result<Detail, RouterError> {
        let router = &self.engine.router;
        let current = router.route(&wanted.key).await?;
        let in_doubt = self.put_in_doubt.load(Ordering::Relaxed);
        let Some(route) = follow(current.as_ref(), wanted, in_doubt) else {
            return Ok(Detail::Routed {
                generation: current.map_or_else(Generation::default, |route| route.generation),
                micros: 0,
            });
        };
        // A newer holder of the lease has put one: nothing is sent any more.
        if let Some(Err(refused)) = current.map(|current| current.accepts(&route)) {
            return Err(RouterError::Refused(refused.to_string()));
        }
        crash_point::pass("a route is about to be put");
        let began = Instant::now();
        // Whoever gives up waiting drops this here.
        self.put_in_doubt.store(true, Ordering::Relaxed);
        if let Err(error) = router.put(&route).await {
            // The answer may be what was lost: what the proxy says is so.
            let current = router.route(&route.key).await;
            if !matches!(current, Ok(Some(current)) if current == route) {
                return Err(error);
            }
        }
        self.put_in_doubt.store(false, Ordering::Relaxed);
        crash_point::pass("a route is in force");
        Ok(Detail::Routed {
            generation: route.generation,
            micros: began.elapsed().as_micros() as u64,
        })
    }

    /// A port that somebody else has is found before anything starts.
    pub(super) async fn check_address(&self) -> Performed {
        let key = self.route_key();
        if let Some(tls) = &self.plan.route.tls {
            self.check_tls(&key, tls).await?;
            self.check_one_address(&key, tls.listen).await?;
        }
        self.check_one_address(&key, self.plan.route.listen).await
    }

    /// A certificate that is in use already never stands in the way of a release, or of the way
    /// back: the proxy tells what is wrong with it.
    async fn check_tls(&self, key: &RouteKey, tls: &Tls) -> Result<(), Failure> {
        let router = &self.engine.router;
        let routes = router.routes_at(key, tls.listen).await;
        let routes = routes.map_err(|error| failed(&error))?;
        let is_used = |route: &Route| route.key == *key && route.tls.as_ref() == Some(tls);
        if routes.iter().flatten().any(is_used) {
            return Ok(());
        }
        let hosts = &self.plan.route.hosts;
        router.check_tls(key, tls, hosts).await.map_err(failure)
    }

    async fn check_one_address(&self, key: &RouteKey, address: SocketAddr) -> Performed {
        let router = &self.engine.router;
        let routes = router.routes_at(key, address).await;
        if let Some(routes) = routes.map_err(|error| failed(&error))? {
            return self.check_places(&routes, address);
        }
        // What has it gives it up right before the switch.
        let adoption = self.plan.adoption.as_ref();
        if adoption.is_some_and(|adoption| !adoption.yields.is_empty()) {
            return Ok(None);
        }
        let listens = router.try_listen(key, address).await;
        listens
            .map(|()| None)
            .map_err(|reason| failure(format!("the proxy could not listen on {address}: {reason}")))
    }

    /// A place that another environment answers for, too.
    fn check_places(&self, routes: &[Route], address: SocketAddr) -> Performed {
        let key = self.route_key();
        let ours = (&*self.plan.route.hosts, &*self.plan.route.rules.paths);
        for other in routes.iter().filter(|other| other.key != key) {
            if let Some(place) = shared_place(ours, other.place())
                && !other.backends.is_empty()
            {
                return Err(failure(format!(
                    "{place} is answered by {} on {address} already",
                    other.key
                )));
            }
        }
        Ok(None)
    }

    async fn backends(&self, side: Side, ids: &[InstanceId]) -> Result<Vec<Backend>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let occupant = &self.running(side)?.occupant;
        let found = self.list(&self.colour_key(side)?).await?;
        ids.iter()
            .map(|id| {
                let address = found
                    .iter()
                    .find(|instance| {
                        instance.id == *id && instance.deployment == occupant.deployment
                    })
                    .and_then(|instance| instance.address)
                    .ok_or_else(|| {
                        failure(format!("{id} of {} has no address", occupant.colour))
                    })?;
                Ok(Backend {
                    colour: occupant.colour,
                    deployment: occupant.deployment,
                    instance: id.clone(),
                    address,
                    weight: 1,
                })
            })
            .collect()
    }

    pub(super) async fn hold(&self) -> Performed {
        let key = self.route_key();
        self.engine
            .router
            .hold(&key, self.lease.epoch())
            .await
            .map_err(|error| failed(&error))?;
        Ok(None)
    }

    pub(super) async fn resume(&self) -> Performed {
        let key = self.route_key();
        self.engine
            .router
            .resume(&key, self.lease.epoch())
            .await
            .map_err(|error| failed(&error))?;
        Ok(None)
    }
}
