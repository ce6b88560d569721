//! Tries the target before it gets traffic.

use shipway_pipeline::plan::Side;
use shipway_proxy::probe::Question;

use super::{Performed, Performer, failure};

impl Performer<'_> {
    /// Asks each routed instance for each path: 2xx and 3xx are fine.
    pub(super) async fn smoke(&self, paths: &[String]) -> Performed {
        let Some(settings) = &self.plan.probe else {
            return Err(failure("`health.smoke` needs `health.path`"));
        };
        let found = self.list(&self.colour_key(Side::Target)?).await?;
        let routed = found
            .iter()
            .filter(|instance| instance.id.service == self.plan.route.service);
        for instance in routed {
            let address = instance
                .address
                .ok_or_else(|| failure(format!("{} has no address", instance.id)))?;
            for path in paths {
                let question = Question {
                    address,
                    path: path.clone(),
                    host: settings.host.clone(),
                    timeout: settings.timeout,
                };
                let said = match self.ask_from_there(&question).await {
                    Ok(answer) if answer.is_page() => continue,
                    Ok(answer) => answer.describe(),
                    Err(reason) => reason,
                };
                return Err(failure(format!("{} at {path}: {said}", instance.id)));
            }
        }
        Ok(None)
    }
}
