//! Routes that are closed for maintenance.

use std::sync::Arc;

use shipway_pipeline::route::{Maintenance, RouteKey};

use crate::closed::Closed;
use crate::control::{Closure, Maintain, Maintained, Refusal};
use crate::registry::Registry;
use crate::state::Shut;

impl Registry {
    /// Closes a route or opens it again; from the answer on, no request is begun by what was.
    pub(crate) async fn maintain(&mut self, maintain: Maintain) -> Result<Maintained, Refusal> {
        let Maintain { key, closure } = maintain;
        if !self.state.routes.iter().any(|route| route.key == key) {
            return Err(Refusal::Unknown { key });
        }
        if let Some(reason) = closure.as_ref().and_then(Closure::problem) {
            return Err(Refusal::Invalid { reason });
        }
        let present = self.state.shut.iter().find(|shut| shut.key == key);
        if present.map(|shut| &shut.closure) == closure.as_ref() {
            return Ok(Maintained { changed: false });
        }
        let mut next = self.state.clone();
        next.shut.retain(|shut| shut.key != key);
        next.shut
            .extend(closure.map(|closure| Shut { key, closure }));
        self.save(next)?;
        self.swap();
        self.settle().await;
        self.lead_elders().await;
        Ok(Maintained { changed: true })
    }

    /// How a route is closed; `None` where it is open.
    pub(crate) fn maintenance(&self, key: &RouteKey) -> Option<&Maintenance> {
        let mut all = self.state.shut.iter();
        let shut = all.find(|shut| shut.key == *key)?;
        Some(&shut.closure.maintenance)
    }

    /// The answer of a route that is closed: the one that it has, where it stays.
    pub(super) fn closed(
        &self,
        key: &RouteKey,
        present: Option<&Arc<Closed>>,
    ) -> Option<Arc<Closed>> {
        let mut all = self.state.shut.iter();
        let closure = &all.find(|shut| shut.key == *key)?.closure;
        match present.filter(|present| present.closure == *closure) {
            Some(present) => Some(Arc::clone(present)),
            None => Some(Arc::new(Closed::new(closure.clone()))),
        }
    }
}
