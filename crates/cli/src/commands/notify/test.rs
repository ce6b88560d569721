//! `shipway notify test`.

use std::process::ExitCode;

use serde_json::json;
use shipway_compose::diagnostic::nearest;
use shipway_engine::clock::now;
use shipway_engine::notify::Courier;
use shipway_engine::project::Project;
use shipway_pipeline::name::{ChannelName, EnvironmentName};
use shipway_pipeline::notify::retry::Verdict;
use shipway_pipeline::notify::{Channel, Notice};

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::{exit, render};

/// Send a test message, and tell what the other side answered
///
/// It is sent once, whatever the channel is told of otherwise, and leaves no record. Exit code 1
/// where a channel did not take it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The channel [default: all]
    channel: Option<String>,
    /// The environment whose secrets are used, and that the message names [default: the first one
    /// that the channel is told of]
    #[arg(short, long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let (project, engine) = (&context.project, &context.engine);
    let chosen = chosen(project, arguments.channel.as_deref())?;
    let wanted = arguments.environment.as_deref();
    let wanted = wanted
        .map(|name| project.environment_or_template(name))
        .transpose()?;
    let courier = Courier::new(&engine.store, &project.config, &engine.keyring);
    let mut documents = Vec::new();
    let mut code = exit::OK;
    for channel in chosen {
        let environment = wanted
            .map(|one| &one.name)
            .or_else(|| first(project, channel));
        let Some(environment) = environment else {
            continue;
        };
        let place = (&project.config.project, environment);
        let notice = Notice::test(place, &engine.actor, now());
        let came = courier.try_channel(channel, &notice).await;
        let is_accepted = came.verdict == Verdict::Accepted;
        if !is_accepted {
            code = exit::FAILED;
        }
        if !arguments.json {
            let told = if is_accepted {
                "took it"
            } else {
                "did not take it"
            };
            let kind = channel.target.as_str();
            anstream::println!("{} ({kind}) {told}: {}", channel.name, came.told);
        }
        documents.push(json!({
            "channel": channel.name,
            "kind": channel.target.as_str(),
            "environment": environment,
            "accepted": is_accepted,
            "answer": came.told,
        }));
    }
    if arguments.json {
        render::json(&documents)?;
    }
    Ok(ExitCode::from(code))
}

fn chosen<'p>(project: &'p Project, name: Option<&str>) -> Result<Vec<&'p Channel>> {
    let all = &project.config.notifications;
    if all.is_empty() {
        return Err(CliError::new(Kind::Usage, "shipway.yml has no channels")
            .hint("add some: `notifications: { ops: { kind: slack, url: \"${SLACK_URL}\" } }`"));
    }
    let Some(name) = name else {
        return Ok(all.values().collect());
    };
    let names: Vec<&str> = all.keys().map(ChannelName::as_str).collect();
    let found = all.values().find(|channel| channel.name.as_str() == name);
    found.map(|channel| vec![channel]).ok_or_else(|| {
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the channels are {}", names.join(", ")),
        };
        CliError::usage(format!("there is no channel `{name}`")).hint(hint)
    })
}

fn first<'p>(project: &'p Project, channel: &Channel) -> Option<&'p EnvironmentName> {
    let mut names = project.places().map(|place| &place.name);
    names.find(|name| channel.is_for(name))
}
