//! Tries the target before it gets traffic.

use shipway_pipeline::plan::Side;

use super::{Performed, Performer, failure};
use crate::probe::{self, Question};

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
                    path,
                    host: &settings.host,
                    timeout: settings.timeout,
                };
                let said = match probe::ask(question).await {
                    Ok(answer) if answer.status.is_success() || answer.status.is_redirection() => {
                        continue;
                    }
                    Ok(answer) => answer.describe(),
                    Err(reason) => reason,
                };
                return Err(failure(format!("{} at {path}: {said}", instance.id)));
            }
        }
        Ok(None)
    }
}
