//! `shipway build`.

use std::process::ExitCode;

use owo_colors::OwoColorize;
use shipway_engine::git::Repository;
use shipway_pipeline::release::Release;
use shipway_store::Audit;

use super::deploy;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, Form, Output};
use crate::wanted;

/// Build the release of a commit, without deploying it
///
/// As `deploy` does before it begins: what was built before is found built. Where shipway.yml
/// names a registry the images are pushed to it, else they stay in the engine that builds them.
/// The environment's Compose files say what is built; environments that are promoted to take the
/// same images.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment whose Compose files say what is built [default: the one of the branch]
    environment: Option<String>,
    /// The commit, branch or tag to build
    #[arg(long, default_value = "HEAD")]
    commit: String,
    #[command(flatten)]
    output: Output,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let name = match &arguments.environment {
        Some(name) => name.clone(),
        None => deploy::by_branch(&context)?,
    };
    let environment = context.project.environment(&name)?;
    wanted::check_takes_commits(environment)?;
    let form = arguments.output.form();
    let repository = Repository::find(&context.project.directory)?;
    render::events::begin(form);
    let reporting = tokio::spawn(render::events::follow(events, form));
    let built = wanted::build(&context, environment, &repository, &arguments.commit).await;
    context.engine.reporter.close();
    reporting.await.map_err(std::io::Error::other)?;
    let release = built?;
    let audit = Audit {
        actor: &context.engine.actor,
        action: "build",
        environment: Some(&environment.name),
        subject: release.id.as_str(),
    };
    let now = shipway_engine::clock::now();
    context.engine.store.audit(&audit, now)?;
    print(&release, form, &name)?;
    Ok(ExitCode::SUCCESS)
}

fn print(release: &Release, form: Form, environment: &str) -> Result<()> {
    let document = document(release);
    match form {
        Form::Json => render::json(&document)?,
        Form::Events => anstream::println!("{document}"),
        Form::People | Form::Quiet => {
            anstream::println!(
                "{} of commit {} ({})",
                release.id.bold(),
                release.short_commit(),
                release.subject
            );
            anstream::println!("  {}", stored(release));
            for (service, artifact) in &release.artifacts {
                anstream::println!("  {service}  {artifact}");
            }
            let next = format!("shipway deploy {environment} --release {}", release.id);
            anstream::eprintln!("next: {next}");
        }
    }
    Ok(())
}

fn document(release: &Release) -> serde_json::Value {
    serde_json::json!({
        "event": "built",
        "release": release.id,
        "commit": release.commit,
        "digests": release.artifacts,
        "platforms": release.platforms,
        "stored": place(release),
    })
}

/// Where what was built is kept.
pub(super) fn place(release: &Release) -> &'static str {
    if release.is_published() {
        "registry"
    } else if release.platforms.is_empty() {
        "directory"
    } else {
        "engine"
    }
}

fn stored(release: &Release) -> String {
    let platforms = release.platforms.join(", ");
    match place(release) {
        "registry" => format!("pushed to the registry, for {platforms}"),
        "engine" => format!("kept in this machine's engine, for {platforms}; no registry is set"),
        _ => "kept in the state directory".to_owned(),
    }
}
