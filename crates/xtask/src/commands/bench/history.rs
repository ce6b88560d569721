//! Finished deployments, made through the store as commands make them.

use std::path::Path;

use anyhow::{Result, anyhow};
use shipway_compose::{NoFiles, Request, SourceFile, load};
use shipway_pipeline::config::{Config, Environment};
use shipway_pipeline::deployment::{Outcome, State};
use shipway_pipeline::journal::Entry;
use shipway_pipeline::plan::{Around, Facts, Kind, make};
use shipway_pipeline::release::Release;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::{self, Workload};
use shipway_store::{Change, NewDeployment, Store};

/// The Compose file of a project that is only looked at.
const COMPOSE: &str = "\
services:
  web:
    image: bench/web
    x-shipway:
      process:
        command: [web, \"{port}\"]
";

/// Writes the files of a project.
pub(super) fn write_project(directory: &Path, configuration: &str) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("shipway.yml"), configuration)?;
    std::fs::write(directory.join("docker-compose.yml"), COMPOSE)?;
    Ok(())
}

/// So many finished deployments of an environment, and the last one live.
pub(super) fn deploy(
    store: &Store,
    config: &Config,
    environment: &Environment,
    deployments: u64,
) -> Result<()> {
    let workload = resolve(config, environment)?;
    store.put_workload(&workload)?;
    let lease = store.take_lease(&environment.name, "bench", Timestamp(0))?;
    let mut live = None;
    for number in 1..=deployments {
        let now = Timestamp(number * 1000);
        let release = release(config, number)?;
        store.put_release(&release)?;
        let new = NewDeployment {
            release: release.id.clone(),
            subject: release.id.to_string(),
            request: None,
            requested_by: "anna".to_owned(),
            now,
        };
        let made = store.create_deployment(&lease, &new, |deployment| {
            make(&Facts {
                deployment,
                kind: Kind::Deploy,
                config,
                environment,
                release: &release,
                workload: &workload,
                live: live.as_ref(),
                around: &Around::default(),
            })
        })?;
        let finished = State::Finished {
            outcome: Outcome::Succeeded,
            cause: None,
        };
        let change = Change {
            entries: vec![Entry::Finished {
                outcome: Outcome::Succeeded,
            }],
            state: Some(&finished),
            live: Some(Some(&made.plan.target)),
            stable: Some(&made.plan.target),
            ..Change::default()
        };
        store.change(&lease, made.id, &change, now)?;
        live = Some(made.plan.target);
    }
    store.release_lease(lease)?;
    Ok(())
}

fn resolve(config: &Config, environment: &Environment) -> Result<Workload> {
    let files = [SourceFile {
        name: "docker-compose.yml".to_owned(),
        text: COMPOSE.to_owned(),
    }];
    let loaded = load(&Request::new(&files, "/srv/shop"), &mut NoFiles)?;
    let files = workload::Files {
        project: &loaded.project,
        directory: "/srv/shop",
        variable: &|_| None,
        read: &|_| Ok(None),
        stored: &|_| None,
    };
    workload::resolve(config, environment, files).map_err(|problems| anyhow!("{problems:?}"))
}

fn release(config: &Config, number: u64) -> Result<Release> {
    Ok(Release {
        id: format!("r{number:012x}").parse()?,
        project: config.project.clone(),
        commit: format!("{number:040x}"),
        subject: format!("change number {number}"),
        branch: Some("main".to_owned()),
        artifacts: [].into(),
        builds: [].into(),
        platforms: vec![],
        created: Timestamp(number * 1000),
        created_by: "anna".to_owned(),
    })
}
