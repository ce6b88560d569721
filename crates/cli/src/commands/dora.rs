//! `shipway dora`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::git::Repository;
use shipway_pipeline::deployment::State;
use shipway_pipeline::dora::{Delivery, Figures, figures};
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;
use shipway_store::Deployment;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, table, time};

/// Show how well releases are delivered: DORA's four figures, from the records
///
/// How often something goes live, how long it takes from commit to stable, what share of changes
/// fails, and how long it takes until what was before is back. Times are medians.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Over the last so many days
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let names: Vec<&EnvironmentName> = match &arguments.environment {
        Some(name) => vec![&context.project.environment(name)?.name],
        None => context.project.config.environments.keys().collect(),
    };
    let over = Duration::from_secs(u64::from(arguments.days) * 24 * 3600);
    let records = Records {
        context: &context,
        // Without it there are no lead times.
        repository: Repository::find(&context.project.directory).ok(),
    };
    let mut all: Vec<(&EnvironmentName, Figures)> = Vec::new();
    for name in names {
        let deliveries = records.deliveries(name, over)?;
        all.push((name, figures(&deliveries, over)));
    }
    if arguments.json {
        let documents: Vec<_> = all
            .iter()
            .map(|(name, figures)| {
                serde_json::json!({ "environment": name, "days": arguments.days, "figures": figures })
            })
            .collect();
        render::json(&documents)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = all.iter().map(|(name, of)| row(name, of)).collect();
    let heading = [
        "ENVIRONMENT",
        "WENT LIVE",
        "A WEEK",
        "LEAD TIME",
        "FAILED",
        "TO RESTORE",
    ];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(name: &EnvironmentName, figures: &Figures) -> Vec<String> {
    let duration = |of: Option<Duration>| of.map_or_else(|| "-".to_owned(), time::short);
    vec![
        name.to_string(),
        figures.deployments.to_string(),
        format!("{:.1}", figures.per_week),
        duration(figures.lead_time),
        figures
            .change_failure_rate
            .map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0)),
        duration(figures.time_to_restore),
    ]
}

/// What is on record, and when commits were made.
struct Records<'a> {
    context: &'a Context,
    repository: Option<Repository>,
}

impl Records<'_> {
    fn deliveries(&self, name: &EnvironmentName, over: Duration) -> Result<Vec<Delivery>> {
        const ALL: usize = i64::MAX as usize;
        let store = &self.context.engine.store;
        let now = now();
        let mut committed = BTreeMap::new();
        let mut deliveries = Vec::new();
        for deployment in store.deployments(Some(name), ALL)? {
            if now.since(deployment.created) > over {
                break;
            }
            deliveries.extend(self.delivery(&deployment, &mut committed)?);
        }
        deliveries.reverse();
        Ok(deliveries)
    }

    fn delivery(
        &self,
        deployment: &Deployment,
        committed: &mut BTreeMap<ReleaseId, Option<Timestamp>>,
    ) -> Result<Option<Delivery>> {
        let State::Finished { outcome, .. } = deployment.state else {
            return Ok(None);
        };
        let release = &deployment.plan.target.release;
        if !committed.contains_key(release) {
            let found = self.context.engine.store.release(release)?;
            let at = found.and_then(|release| {
                let commit = self.repository.as_ref()?.commit(&release.commit).ok()?;
                Some(commit.committed)
            });
            committed.insert(release.clone(), at);
        }
        Ok(Some(Delivery {
            kind: deployment.plan.kind,
            committed: committed.get(release).copied().flatten(),
            began: deployment.created,
            ended: deployment.changed,
            outcome,
        }))
    }
}
