//! `shipway show`.

use std::process::ExitCode;
use std::time::Duration;

use owo_colors::OwoColorize;
use shipway_pipeline::deployment::State;
use shipway_pipeline::id::{DeploymentId, RequestId};
use shipway_pipeline::journal::{Entry, Record};
use shipway_pipeline::plan::Plan;
use shipway_pipeline::release::Release;
use shipway_pipeline::request::Request;
use shipway_server::client::Client;
use shipway_store::Deployment;

use super::history;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render::{self, step, time};
use crate::{remote, requests};

/// Show a deployment with its journal, a release, or a request
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A deployment such as `d12`, a release such as `r1f3a9c2b4d5e`, or a request such as `q3`
    id: String,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return elsewhere(&client, arguments).await;
    }
    here(arguments, global)
}

/// Shows what is on record here.
pub(crate) fn here(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    if arguments.id.parse::<RequestId>().is_ok() {
        return show_request(&context, arguments);
    }
    let Ok(id) = arguments.id.parse::<DeploymentId>() else {
        return show_release(&context, arguments);
    };
    let store = &context.engine.store;
    let deployment = store.deployment(id)?.ok_or_else(|| {
        CliError::usage(format!("there is no deployment `{id}`"))
            .hint("`shipway history` lists them")
    })?;
    let journal = store.journal(id)?;
    show_deployment(&deployment, &journal, arguments)
}

/// A request or a deployment of a daemon elsewhere.
async fn elsewhere(client: &Client, arguments: &Arguments) -> Result {
    if let Ok(id) = arguments.id.parse::<RequestId>() {
        let whole = client.request(id).await?;
        return print_request(&whole.request, whole.release.as_ref(), arguments);
    }
    let Ok(id) = arguments.id.parse::<DeploymentId>() else {
        let told = format!("`{}` is no request or deployment", arguments.id);
        return Err(CliError::usage(told).hint("releases are shown where the project is"));
    };
    let found = client.deployment(id).await?;
    show_deployment(&found.deployment, &found.journal, arguments)
}

fn show_deployment(deployment: &Deployment, journal: &[Record], arguments: &Arguments) -> Result {
    if arguments.json {
        let mut document = history::document(deployment);
        document["plan"] = serde_json::json!(deployment.plan);
        document["journal"] = serde_json::json!(journal);
        render::json(&document)?;
    } else {
        print(deployment, journal);
    }
    Ok(ExitCode::SUCCESS)
}

fn show_request(context: &Context, arguments: &Arguments) -> Result {
    let request = requests::find(context, &arguments.id)?;
    let release = match &request.agreement {
        Some(agreement) => Some(context.engine.release_by_name(agreement.release.as_str())?),
        None => None,
    };
    print_request(&request, release.as_ref(), arguments)
}

fn print_request(request: &Request, release: Option<&Release>, arguments: &Arguments) -> Result {
    if arguments.json {
        render::json(request)?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in render::request::lines(request) {
        anstream::println!("{line}");
    }
    if let (Some(agreement), Some(release)) = (&request.agreement, release) {
        render::plan::print(&agreement.plan, release, render::Form::People)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_release(context: &Context, arguments: &Arguments) -> Result {
    let release = context.engine.release_by_name(&arguments.id)?;
    if arguments.json {
        render::json(&release)?;
        return Ok(ExitCode::SUCCESS);
    }
    anstream::println!("{} {}", release.id.bold(), release.subject);
    anstream::println!("  commit {}", release.commit);
    if let Some(branch) = &release.branch {
        anstream::println!("  built from {branch}");
    }
    anstream::println!(
        "  built {} by {}",
        time::absolute(release.created),
        release.created_by
    );
    for (service, digest) in &release.artifacts {
        anstream::println!("  {service} {digest}");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(deployment: &Deployment, journal: &[Record]) {
    let plan = &deployment.plan;
    anstream::println!(
        "{} {} {} {} by {}: {}",
        deployment.id.bold(),
        plan.kind.as_str(),
        plan.environment,
        plan.target.release,
        deployment.requested_by,
        deployment.state.name(plan).bold()
    );
    if let State::Finished {
        cause: Some(cause), ..
    } = &deployment.state
    {
        anstream::println!("  {cause}");
        for line in cause.evidence() {
            anstream::println!("  {} {line}", "|".dimmed());
        }
    }
    for record in journal {
        anstream::println!(
            "{} {}",
            time::absolute(record.at).dimmed(),
            line(plan, &record.entry)
        );
    }
}

/// A line of a journal for people.
pub(crate) fn line(plan: &Plan, entry: &Entry) -> String {
    match entry {
        Entry::Requested { by } => format!("requested by {by}"),
        Entry::LeaseTaken { owner } => format!("carried out by {owner}"),
        Entry::Recovered { owner } => format!("taken over by {owner}"),
        Entry::Intent { step } => format!(
            "{}: {}",
            step.stage.as_str(),
            step::describe(plan, &step.action)
        ),
        Entry::Done { millis, detail } => {
            let told = detail.as_ref().map(step::result).unwrap_or_default();
            let took = time::short(Duration::from_millis(*millis));
            if told.is_empty() {
                format!("  done in {took}")
            } else {
                format!("  done in {took}: {told}")
            }
        }
        Entry::Failed { failure } => format!("  failed: {}", failure.reason),
        Entry::Judged { failure: None } => "  judged good".to_owned(),
        Entry::Judged {
            failure: Some(failure),
        } => format!("  judged bad: {}", failure.reason),
        Entry::AbortRequested { by } => format!("abort requested by {by}"),
        Entry::Finished { outcome } => outcome.to_string(),
    }
}

// === impl Arguments ===

impl Arguments {
    /// Shows this for people.
    pub(crate) fn of(id: String) -> Self {
        Self { id, json: false }
    }
}
