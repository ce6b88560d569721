//! Takes a Compose project over, and gives it back.

use shipway_pipeline::deployment::Failure;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::name::ServiceName;
use shipway_runtime::{Foreign, StopHow};

use super::{Performed, Performer, failed, failure};

impl Performer<'_> {
    pub(super) async fn take_over(&self, services: &[ServiceName]) -> Performed {
        let foreign = self.foreign(services)?;
        let taken = self.engine.runtime.take_over(&foreign).await;
        taken.map(|()| None).map_err(|error| failed(&error))
    }

    pub(super) async fn retire(&self, services: &[ServiceName]) -> Performed {
        let foreign = self.foreign(services)?;
        let retired = self.engine.runtime.retire(&foreign).await;
        retired
            .map(|all| Some(stopped(&all)))
            .map_err(|error| failed(&error))
    }

    pub(super) async fn give_back(&self, services: &[ServiceName], address: bool) -> Performed {
        if address {
            let key = self.route_key();
            let removed = self.engine.router.remove(&key, self.lease.epoch());
            removed.await.map_err(|error| failed(&error))?;
        }
        let foreign = self.foreign(services)?;
        let given = self.engine.runtime.give_back(&foreign).await;
        given.map(|()| None).map_err(|error| failed(&error))
    }

    fn foreign(&self, services: &[ServiceName]) -> Result<Foreign, Failure> {
        let adoption = self.plan.adoption.as_ref();
        let adoption = adoption.ok_or_else(|| failure("the plan adopts nothing"))?;
        Ok(Foreign {
            route: self.route_key(),
            epoch: self.lease.epoch(),
            project: adoption.project.clone(),
            services: services.to_vec(),
        })
    }
}

/// How many were stopped, and how.
pub(super) fn stopped(all: &[StopHow]) -> Detail {
    let count = |wanted| all.iter().filter(|how| **how == wanted).count() as u32;
    Detail::Stopped {
        gracefully: count(StopHow::Gracefully),
        killed: count(StopHow::Killed),
    }
}
