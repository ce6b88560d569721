//! One Compose project, which is gone afterwards.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Setting;
use super::http::Server;
use crate::provision::bounded;

/// Every package is fetched anew where the builder's cache is empty.
const BUILDING: Duration = Duration::from_secs(600);
/// RabbitMQ takes its time; so does everything on a machine that compiles meanwhile.
const STARTING: Duration = Duration::from_secs(240);
const RUNNING: Duration = Duration::from_secs(300);
/// Longer than any service's own period of grace.
const ENDING: Duration = Duration::from_secs(120);
const ASKING: Duration = Duration::from_secs(20);

/// The image that is built, apart from what users call theirs.
const IMAGE: &str = "shipway-e2e/storefront";

/// What only an end-to-end run changes about the user's files.
const WITHOUT_PORTS: &str = "# Nothing of this machine is in the way of other things on it.\n";

/// The storefront in one environment.
#[derive(Debug)]
pub(super) struct Project {
    name: String,
    environment: &'static str,
    storefront: PathBuf,
    log: PathBuf,
    /// What the caller's environment holds.
    variables: Vec<(&'static str, &'static str)>,
    /// Goes over the user's files; its directory goes with the project.
    overlay: PathBuf,
    _directory: tempfile::TempDir,
}

// === impl Project ===

impl Project {
    /// Begins with nothing left of an earlier run. `publishing` are the services whose ports would
    /// be taken on this machine.
    pub(super) fn begin(
        setting: &Setting<'_>,
        environment: &'static str,
        variables: &[(&'static str, &'static str)],
        publishing: &[&str],
    ) -> Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory")?;
        let overlay = directory.path().join("overlay.yml");
        fs::write(&overlay, render_overlay(publishing)).context("cannot write the overlay")?;
        let project = Self {
            name: format!("shipway-e2e-{environment}"),
            environment,
            storefront: setting.storefront.to_owned(),
            log: setting.logs.join(format!("e2e-{environment}.log")),
            variables: variables.to_vec(),
            overlay,
            _directory: directory,
        };
        project.remove()?;
        Ok(project)
    }

    pub(super) fn build(&self, services: &[&str]) -> Result<()> {
        self.run(BUILDING, &[&["build"], services].concat())
    }

    /// Starts services, all of them if none is named, and waits until they are healthy.
    pub(super) fn up(&self, services: &[&str]) -> Result<()> {
        let up = ["up", "--detach", "--no-build", "--wait"];
        self.run(STARTING, &[&up[..], services].concat())
    }

    /// A task of its own in a new container of the service.
    pub(super) fn task(&self, service: &str, command: &[&str]) -> Result<()> {
        let run = ["run", "--rm", "--no-TTY", service];
        self.run(RUNNING, &[&run[..], command].concat())
    }

    /// Removes all containers and keeps all data.
    pub(super) fn down(&self) -> Result<()> {
        self.run(ENDING, &["down"])
    }

    /// The containers of a service.
    pub(super) fn servers(
        &self,
        service: &str,
        port: u16,
        host: &'static str,
    ) -> Result<Vec<Server>> {
        let ids = bounded::capture(&mut self.compose(&["ps", "--quiet", service]), ASKING)?;
        let mut inspect = Command::new("docker");
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        inspect
            .args(["inspect", "--format", format])
            .args(ids.split_whitespace());
        bounded::capture(&mut inspect, ASKING)?
            .split_whitespace()
            .map(|address| {
                let address: IpAddr = address
                    .parse()
                    .with_context(|| format!("`{service}` has no address but {address:?}"))?;
                Ok(Server {
                    address: SocketAddr::new(address, port),
                    host,
                })
            })
            .collect()
    }

    /// Removes all containers and all data.
    pub(super) fn remove(&self) -> Result<()> {
        let down = ["down", "--volumes", "--remove-orphans"];
        self.run(ENDING, &down)
    }

    fn run(&self, limit: Duration, arguments: &[&str]) -> Result<()> {
        bounded::run(&mut self.compose(arguments), limit, &self.log)
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        compose(
            &self.name,
            &self.storefront,
            self.environment,
            &self.overlay,
            &self.variables,
            arguments,
        )
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            println!("cannot remove `{}`: {error:#}", self.name);
        }
    }
}

fn compose(
    name: &str,
    storefront: &Path,
    environment: &str,
    overlay: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Command {
    let mut command = Command::new("docker");
    command
        .args(["compose", "--progress", "plain", "--project-name", name])
        .args(["--file", "docker-compose.yml", "--file"])
        .arg(format!("docker-compose.{environment}.yml"))
        .arg("--file")
        .arg(overlay)
        .args(arguments)
        .current_dir(storefront)
        .env("IMAGE", IMAGE)
        .env("TAG", environment)
        .env("DOCKER_BUILDKIT", "1")
        .env("BUILDX_BUILDER", "default")
        .envs(variables.iter().copied());
    command
}

fn render_overlay(publishing: &[&str]) -> String {
    let services: String = publishing
        .iter()
        .map(|service| format!("  {service}: {{ ports: !reset [] }}\n"))
        .collect();
    if services.is_empty() {
        return format!("{WITHOUT_PORTS}services: {{}}\n");
    }
    format!("{WITHOUT_PORTS}services:\n{services}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::render;

    #[test]
    fn the_users_files_are_taken_as_they_are() {
        let command = compose(
            "shipway-e2e-staging",
            Path::new("/storefront"),
            "staging",
            Path::new("/tmp/overlay.yml"),
            &[("SECRET_KEY", "s")],
            &["up"],
        );
        assert_eq!(
            render(&command),
            "docker compose --progress plain --project-name shipway-e2e-staging \
             --file docker-compose.yml --file docker-compose.staging.yml \
             --file /tmp/overlay.yml up"
        );
        assert_eq!(command.get_current_dir(), Some(Path::new("/storefront")));
    }

    #[test]
    fn only_ports_are_taken_away() {
        assert!(render_overlay(&["db"]).ends_with("services:\n  db: { ports: !reset [] }\n"));
        assert!(render_overlay(&[]).ends_with("services: {}\n"));
    }
}
