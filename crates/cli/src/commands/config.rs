//! `shipway config`.

use std::process::ExitCode;

use indexmap::IndexMap;
use serde_json::{Value, json};
use shipway_engine::project::Source;
use shipway_pipeline::workload::Member;

use crate::arguments::Global;
use crate::error::{CliError, Kind, Result};
use crate::{context, mask, render};

/// Show what holds for an environment, every default filled in and secrets masked
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Print JSON rather than YAML
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let project = context::project(global)?;
    let environment = project.environment(&arguments.environment)?;
    let resolved = project.resolve(environment, Source::WorkTree)?;
    let services: serde_json::Map<String, Value> = resolved
        .workload
        .members
        .iter()
        .map(|member| (member.name.to_string(), service(member)))
        .collect();
    let document = json!({
        "project": project.config.project,
        "migrate": project.config.migrate,
        "environment": environment,
        "services": services,
        "left_out": resolved.workload.left_out,
    });
    if arguments.json {
        render::json(&document)?;
    } else {
        let text = serde_saphyr::to_string(&document)
            .map_err(|error| CliError::new(Kind::Failed, error))?;
        anstream::print!("{text}");
    }
    Ok(ExitCode::SUCCESS)
}

fn service(member: &Member) -> Value {
    let service = &member.service;
    let process = service.process.as_ref().map(|process| {
        json!({
            "build": process.build,
            "path": process.path,
            "environment": variables(&process.environment),
            "command": process.command,
            "directory": process.directory,
        })
    });
    json!({
        "role": member.role,
        "replicas": service.replicas,
        "image": service.image,
        "entrypoint": service.entrypoint,
        "command": service.command,
        "environment": variables(&service.environment),
        "stop_signal": service.stop_signal,
        "stop_grace_period": shipway_pipeline::config::render_duration(service.stop_grace_period),
        "process": process,
    })
}

fn variables(environment: &IndexMap<String, Option<String>>) -> Value {
    let shown = environment.iter().map(|(name, value)| {
        let shown = value.as_deref().map(|value| mask::value(name, value));
        (name.clone(), json!(shown))
    });
    Value::Object(shown.collect())
}
