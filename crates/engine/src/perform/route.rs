//! The switch: one change of the proxy's table.

use std::time::Instant;

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::{Generation, InstanceId};
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::Side;
use shipway_pipeline::route::{Backend, Route, shared_host};

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    /// Routes to exactly these instances. The generation follows the one in force; a route that
    /// says so already is left alone, which makes a repeated switch harmless.
    pub(super) async fn route(&self, target: &[InstanceId], previous: &[InstanceId]) -> Performed {
        let mut backends = self.backends(Side::Target, target).await?;
        backends.extend(self.backends(Side::Previous, previous).await?);
        let key = self.route_key();
        let router = &self.engine.router;
        let current = router.route(&key).await.map_err(|error| failed(&error))?;
        let generation = current
            .as_ref()
            .map_or(Generation(1), |current| current.generation.next());
        let wanted = Route {
            key,
            epoch: self.lease.epoch(),
            generation,
            listen: self.plan.route.listen,
            hosts: self.plan.route.hosts.clone(),
            backends,
        };
        if let Some(current) = current
            && says_the_same(&current, &wanted)
        {
            return Ok(Some(Detail::Routed {
                generation: current.generation,
                micros: 0,
            }));
        }
        let began = Instant::now();
        if let Err(error) = router.put(&wanted).await {
            // The answer may be what was lost: what the proxy says is so.
            let current = router.route(&wanted.key).await;
            if !matches!(current, Ok(Some(current)) if says_the_same(&current, &wanted)) {
                return Err(failed(&error));
            }
        }
        Ok(Some(Detail::Routed {
            generation,
            micros: began.elapsed().as_micros() as u64,
        }))
    }

    /// A port that somebody else has is found before anything starts.
    pub(super) async fn check_address(&self) -> Performed {
        let address = self.plan.route.listen;
        let key = self.route_key();
        let router = &self.engine.router;
        let routes = router.routes_at(&key, address).await;
        if let Some(routes) = routes.map_err(|error| failed(&error))? {
            return self.check_hosts(&routes);
        }
        // What has it gives it up right before the switch.
        let adoption = self.plan.adoption.as_ref();
        if adoption.is_some_and(|adoption| !adoption.yields.is_empty()) {
            return Ok(None);
        }
        let listens = router.try_listen(&key, address).await;
        listens
            .map(|()| None)
            .map_err(|reason| failure(format!("the proxy could not listen on {address}: {reason}")))
    }

    /// A host that another environment answers for, too.
    fn check_hosts(&self, routes: &[Route]) -> Performed {
        let key = self.route_key();
        for other in routes.iter().filter(|other| other.key != key) {
            let hosts = &self.plan.route.hosts;
            if let Some(host) = shared_host(hosts, &other.hosts)
                && !other.backends.is_empty()
            {
                let host = host.map_or_else(|| "any host".to_owned(), |host| format!("`{host}`"));
                return Err(failure(format!(
                    "{host} is answered by {} on {} already",
                    other.key, other.listen
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

fn says_the_same(current: &Route, wanted: &Route) -> bool {
    current.listen == wanted.listen
        && current.hosts == wanted.hosts
        && current.backends == wanted.backends
}
