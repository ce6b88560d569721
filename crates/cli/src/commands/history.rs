//! `shipway history`.

use std::process::ExitCode;

use shipway_engine::scale;
use shipway_pipeline::deployment::State;
use shipway_pipeline::plan::{Kind, Plan};
use shipway_store::Deployment;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::remote;
use crate::render::{self, table, time};

/// List deployments, the newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let deployments = match remote::client(global).await? {
        Some(client) => {
            let name = arguments.environment.as_deref();
            remote::history(&client, name, arguments.limit).await?
        }
        None => here(arguments, global)?,
    };
    if arguments.json {
        let all: Vec<_> = deployments.iter().map(|(one, _)| document(one)).collect();
        render::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = deployments
        .iter()
        .map(|(deployment, commit)| {
            vec![
                deployment.id.to_string(),
                time::absolute(deployment.created),
                deployment.plan.environment.to_string(),
                kind(&deployment.plan),
                deployment.plan.target.release.to_string(),
                commit.clone(),
                deployment.state.name(&deployment.plan).to_owned(),
                deployment.requested_by.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        anstream::eprintln!("nothing was deployed yet");
        return Ok(ExitCode::SUCCESS);
    }
    let heading = [
        "ID",
        "MADE",
        "ENVIRONMENT",
        "KIND",
        "RELEASE",
        "COMMIT",
        "STATE",
        "BY",
    ];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

/// The deployments that are on record here, each with its commit.
fn here(arguments: &Arguments, global: &Global) -> Result<Vec<(Deployment, String)>> {
    let (context, _events) = Context::open(global)?;
    let environment = match &arguments.environment {
        Some(name) => Some(&context.project.environment_or_leftover(name)?.name),
        None => None,
    };
    let store = &context.engine.store;
    let deployments = store.deployments(environment, arguments.limit)?;
    let with_commit = deployments.into_iter().map(|deployment| {
        let release = store.release(&deployment.plan.target.release)?;
        let commit = release.map_or_else(String::new, |one| one.short_commit().to_owned());
        Ok((deployment, commit))
    });
    with_commit.collect()
}

/// What a deployment that scales changed; none of others.
fn changes(plan: &Plan) -> Option<Vec<serde_json::Value>> {
    (plan.kind == Kind::Scale).then(|| {
        let changes = scale::changes(plan).into_iter();
        changes
            .map(|(service, from, to)| {
                serde_json::json!({"service": service, "from": from, "to": to})
            })
            .collect()
    })
}

/// The kind, and what a deployment that scales changed.
fn kind(plan: &Plan) -> String {
    match plan.kind {
        Kind::Scale => format!("{} {}", plan.kind.as_str(), scale::render_changes(plan)),
        Kind::Deploy
        | Kind::Promote
        | Kind::Rollback
        | Kind::Restore
        | Kind::Down
        | Kind::Renew
        | Kind::Migrate => plan.kind.as_str().to_owned(),
    }
}

/// A deployment as machines read it, without its plan and journal.
pub(crate) fn document(deployment: &Deployment) -> serde_json::Value {
    let (outcome, cause) = match &deployment.state {
        State::Finished { outcome, cause } => (Some(outcome), cause.as_ref()),
        _ => (None, None),
    };
    serde_json::json!({
        "id": deployment.id,
        "environment": deployment.plan.environment,
        "kind": deployment.plan.kind,
        "strategy": deployment.plan.strategy,
        "release": deployment.plan.target.release,
        "previous": deployment.plan.previous.as_ref().map(|previous| &previous.release),
        "changes": changes(&deployment.plan),
        "state": deployment.state.name(&deployment.plan),
        "outcome": outcome,
        "cause": cause,
        "requested_by": deployment.requested_by,
        "request": deployment.request,
        "created": deployment.created,
        "changed": deployment.changed,
    })
}
