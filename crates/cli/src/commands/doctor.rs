//! `shipway doctor`.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use owo_colors::OwoColorize;
use shipway_engine::git::Repository;
use shipway_engine::ports::client_of;
use shipway_engine::project::{Project, Source};
use shipway_proxy::Paths;
use shipway_proxy::control::{Client, Error};

use crate::arguments::Global;
use crate::context::{self, Context};
use crate::error::Result;
use crate::exit;

/// Check the machine and the project, and say what to do about what is wrong
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

/// What a check found.
enum Finding {
    Good(String),
    Note(String),
    Bad(String, String),
}

pub(crate) async fn run(_: &Arguments, global: &Global) -> Result {
    let mut findings = vec![
        program(
            "git",
            &["--version"],
            "install git: releases are made from commits",
        ),
        python(),
        proxy(global).await?,
    ];
    match context::project(global) {
        Err(_) => findings.push(Finding::Note(
            "no shipway.yml here: `shipway init` writes one".to_owned(),
        )),
        Ok(project) => {
            findings.push(repository(&project));
            findings.extend(environments(&project));
            let (context, _events) = Context::open(global)?;
            let elsewhere = proxies_elsewhere(&context).await?;
            // What cannot be reached cannot be looked at.
            let is_reached = elsewhere.iter().all(|one| !matches!(one, Finding::Bad(..)));
            findings.extend(elsewhere);
            if is_reached {
                findings.extend(deployments(&context).await?);
            }
        }
    }
    let mut is_good = true;
    for finding in findings {
        match finding {
            Finding::Good(text) => anstream::println!("{} {text}", "✓".green()),
            Finding::Note(text) => anstream::println!("{} {text}", "·".cyan()),
            Finding::Bad(text, help) => {
                is_good = false;
                anstream::println!("{} {text}\n    {help}", "✗".red());
            }
        }
    }
    Ok(ExitCode::from(if is_good {
        exit::OK
    } else {
        exit::FAILED
    }))
}

fn program(name: &str, arguments: &[&str], help: &str) -> Finding {
    match Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
    {
        Ok(output) if output.status.success() => {
            Finding::Good(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Finding::Bad(format!("`{name}` does not run"), help.to_owned()),
    }
}

/// Only needed by projects in Python, so never bad.
fn python() -> Finding {
    match program("python3", &["-m", "venv", "--help"], "") {
        Finding::Good(_) => Finding::Good("python3 with venv".to_owned()),
        _ => Finding::Note(
            "python3 with venv is missing: Python projects need it to build".to_owned(),
        ),
    }
}

async fn proxy(global: &Global) -> Result<Finding> {
    let directory = context::proxy_directory(global)?;
    let client = Client::new(Paths::new(&directory).control());
    Ok(match client.health().await {
        Ok(health) if health.unbound.is_empty() => Finding::Good(format!(
            "proxy {} runs (process {}) on {} addresses",
            health.version,
            health.pid,
            health.listening.len()
        )),
        Ok(health) => Finding::Bad(
            format!(
                "the proxy cannot listen on {} of its addresses",
                health.unbound.len()
            ),
            health
                .unbound
                .iter()
                .map(|one| format!("{}: {}", one.address, one.reason))
                .collect::<Vec<_>>()
                .join("; "),
        ),
        Err(Error::NotRunning { .. }) => Finding::Note(format!(
            "no proxy runs in `{}`; the first deployment starts it",
            directory.display()
        )),
        Err(error) => Finding::Bad(
            format!("the proxy does not answer: {error}"),
            format!("look at `{}`", directory.join("proxy.log").display()),
        ),
    })
}

fn repository(project: &Project) -> Finding {
    match Repository::find(&project.directory).and_then(|found| found.commit("HEAD")) {
        Ok(commit) => Finding::Good(format!(
            "git: {} {}",
            commit.id.get(..8).unwrap_or(&commit.id),
            commit.subject
        )),
        Err(error) => Finding::Bad(error.to_string(), "commit the project".to_owned()),
    }
}

fn environments(project: &Project) -> Vec<Finding> {
    project
        .config
        .environments
        .values()
        .map(
            |environment| match project.resolve(environment, Source::WorkTree) {
                Ok(_) => Finding::Good(format!("environment {}", environment.name)),
                Err(_) => Finding::Bad(
                    format!("environment {} is not valid", environment.name),
                    format!("`shipway validate {}` says why", environment.name),
                ),
            },
        )
        .collect()
}

/// The hosts that environments run on, with their proxies.
async fn proxies_elsewhere(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for environment in context.project.config.environments.values() {
        let (name, Some(host)) = (&environment.name, &environment.host) else {
            continue;
        };
        if let Err(error) = context.runtimes.compose_of(name).ping().await {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            findings.push(Finding::Bad(
                format!("environment {name} cannot be reached at `{host}`"),
                reason.unwrap_or_else(|| error.to_string()),
            ));
            continue;
        }
        let container = context::proxy_elsewhere(context, environment)?;
        findings.push(match client_of(&container).health().await {
            Ok(health) if health.version == env!("CARGO_PKG_VERSION") => Finding::Good(format!(
                "environment {name} runs at `{host}`, with proxy {}",
                health.version
            )),
            Ok(health) => Finding::Note(format!(
                "the proxy at `{host}` is {}, and this program {}: `shipway proxy stop --of {name}` \
                 ends it, and the next deployment starts this one",
                health.version,
                env!("CARGO_PKG_VERSION")
            )),
            Err(_) => Finding::Note(format!(
                "environment {name} at `{host}` has no proxy yet; the first deployment starts it"
            )),
        });
    }
    Ok(findings)
}

async fn deployments(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = vec![free_space(context.engine.store.directory())];
    for environment in context.project.config.environments.values() {
        let status = context.engine.status(&context.project, environment).await?;
        if let Some(frozen) = status.frozen {
            findings.push(Finding::Bad(
                format!("{} is frozen: {}", status.name, frozen.reason),
                format!(
                    "look at `shipway history {}`, then deploy with `--thaw`",
                    status.name
                ),
            ));
        }
        if let Some(deployment) = status.deployment.filter(|one| one.holder.is_none()) {
            findings.push(Finding::Bad(
                format!("{} of {} was interrupted", deployment.id, status.name),
                format!("`shipway resume {}` goes on with it", status.name),
            ));
        }
    }
    Ok(findings)
}

fn free_space(directory: &Path) -> Finding {
    /// A build and its environment take some hundred megabytes.
    const ENOUGH: u64 = 2 * 1024 * 1024 * 1024;
    match rustix::fs::statvfs(directory) {
        Ok(stat) => {
            let free = stat.f_bavail * stat.f_frsize;
            let text = format!("{:.1} GiB free for state", free as f64 / 1024f64.powi(3));
            if free >= ENOUGH {
                Finding::Good(text)
            } else {
                Finding::Bad(
                    text,
                    "free some: builds and databases stand there".to_owned(),
                )
            }
        }
        Err(error) => Finding::Bad(format!("cannot look at the disk: {error}"), String::new()),
    }
}
