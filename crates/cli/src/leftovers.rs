//! Environments of branches whose template is no longer in `shipway.yml`: where they are is recalled
//! from what was deployed to them.

use shipway_pipeline::config::Config;
use shipway_store::{Error, Store};

/// Fills in where the leftovers were reached, and on which host they run.
pub(crate) fn recall(store: &Store, config: &mut Config) -> Result<(), Error> {
    for environment in config.leftovers.values_mut() {
        let newest = store.deployments(Some(&environment.name), 1)?;
        let Some(newest) = newest.into_iter().next() else {
            continue;
        };
        environment.route.listen = newest.plan.route.listen;
        environment.route.hosts = newest.plan.route.hosts;
        environment.route.rules = newest.plan.route.rules;
        let workload = store.workload(&newest.plan.target.workload)?;
        let model = workload.and_then(|workload| workload.model);
        environment.host = model.and_then(|model| model.host);
    }
    Ok(())
}
