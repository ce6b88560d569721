//! A small project in a repository of its own, and its counterpart under plain Docker Compose.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::Bench;
use crate::measure::free_address;

/// What the images are made from.
pub(super) const BASE: &str = "python:3.13-slim";
pub(super) const REPLICAS: u32 = 2;
/// Of the blue-green deployments; what it takes is taken off.
pub(super) const BAKE: Duration = Duration::from_secs(1);

/// Both sides build the same: the number of the release is all that differs.
const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY release /release\n";

const COMPOSE: &str = "\
services:
  web:
    build: .
    image: PROJECT-web:${TAG:-dev}
    init: true
    command: [python3, -m, http.server, '8000', --directory, /]
    deploy: { replicas: REPLICAS }
    healthcheck:
      test: [CMD, python3, -c, 'import urllib.request; urllib.request.urlopen(\"http://127.0.0.1:8000/release\")']
      interval: 500ms
  worker:
    image: PROJECT-web:${TAG:-dev}
    init: true
    command: [sleep, infinity]
  db:
    image: python:3.13-slim
    init: true
    command: [sleep, infinity]
";

const SHIPWAY: &str = "\
version: 1
project: PROJECT
services:
  web: { role: web, port: 8000 }
  worker: { role: worker }
  db: { role: stateful }
environments:
";

/// The project.
pub(super) struct Shop {
    program: PathBuf,
    directory: PathBuf,
    project: String,
    /// The commits of the two releases that take turns.
    commits: [String; 2],
}

// === impl Shop ===

impl Shop {
    /// Writes the project and builds both of its releases; nothing where no engine has the base.
    pub(super) fn open(bench: &Bench<'_>) -> Result<Option<Self>> {
        let has_base = Command::new("docker")
            .args(["image", "inspect", BASE])
            .output();
        if !has_base.is_ok_and(|found| found.status.success()) {
            return Ok(None);
        }
        let mut shop = Self {
            program: bench.program.to_owned(),
            directory: bench.directory.join("deploy"),
            project: format!("bench{}", std::process::id()),
            commits: Default::default(),
        };
        shop.write()?;
        shop.git(&["init", "--quiet", "--initial-branch=main"])?;
        for number in 0..2 {
            fs::write(shop.directory.join("release"), format!("{number}\n"))?;
            shop.git(&["add", "--all"])?;
            shop.git(&["commit", "--quiet", "--message", "a release"])?;
            shop.commits[number] = shop.git(&["rev-parse", "HEAD"])?.trim().to_owned();
            let tag = number.to_string();
            shop.compose(&tag, &["build", "--quiet"])?;
            for environment in ["bluegreen", "recreate"] {
                let commit = shop.commits[number].clone();
                shop.shipway(&["plan", environment, "--commit", &commit, "--quiet"])?;
            }
        }
        Ok(Some(shop))
    }

    fn write(&self) -> Result<()> {
        fs::create_dir_all(&self.directory)?;
        let named = |text: &str| text.replace("PROJECT", &self.project);
        let compose = named(COMPOSE).replace("REPLICAS", &REPLICAS.to_string());
        let mut shipway = named(SHIPWAY);
        for (name, strategy, bake) in [
            ("bluegreen", "blue-green", "1s"),
            ("recreate", "recreate", "0s"),
        ] {
            let address = free_address()?;
            shipway.push_str(&format!(
                "  {name}:\n    confirm: none\n    compose: [docker-compose.yml]\n    strategy: {strategy}\n    \
                 route: {{ listen: '{address}' }}\n    \
                 health: {{ path: /release, interval: 500ms, healthy_for: 0s }}\n    \
                 bake: {{ duration: {bake}, interval: 200ms }}\n"
            ));
        }
        for (name, text) in [
            ("docker-compose.yml", compose.as_str()),
            ("shipway.yml", &shipway),
            ("Dockerfile", DOCKERFILE),
            (".dockerignore", "*\n!release\n"),
            (".gitignore", "state\nproxy\n"),
        ] {
            fs::write(self.directory.join(name), text)?;
        }
        Ok(())
    }

    /// Starts web and worker beside the database, and waits as Compose does.
    pub(super) fn start_floor(&self) -> Result<()> {
        self.compose("0", &["up", "--detach", "--wait", "--no-build"])
    }

    /// Removes web and worker.
    pub(super) fn stop_floor(&self) -> Result<()> {
        self.compose("0", &["rm", "--stop", "--force", "web", "worker"])
    }

    /// Replaces web and worker by those of the other release.
    pub(super) fn replace_floor(&self, round: u32) -> Result<()> {
        let tag = (round % 2).to_string();
        self.compose(&tag, &["up", "--detach", "--wait", "--no-build"])
    }

    /// Deploys the release whose turn it is, which is built.
    pub(super) fn deploy(&self, environment: &str, round: u32) -> Result<()> {
        let commit = &self.commits[round as usize % 2];
        let words = ["deploy", environment, "--commit", commit, "--quiet"];
        self.shipway(&words).map(drop)
    }

    /// Tells where the time of the last deployment went.
    pub(super) fn tell_steps(&self, environment: &str) -> Result<()> {
        let history = self.shipway(&["history", environment, "-n", "1", "--json"])?;
        let history: Value = serde_json::from_str(&history)?;
        let id = history[0]["id"].as_str().context("there is a deployment")?;
        let shown: Value = serde_json::from_str(&self.shipway(&["show", id, "--json"])?)?;
        let entries = shown["journal"].as_array().context("it has a journal")?;
        let mut steps = Vec::new();
        let mut step = "";
        for entry in entries.iter().map(|record| &record["entry"]) {
            match entry["entry"].as_str() {
                Some("intent") => step = entry["step"]["action"]["do"].as_str().unwrap_or("?"),
                Some("done") => steps.push(format!("{step} {}", entry["millis"])),
                _ => {}
            }
        }
        println!("  its steps, in ms: {}", steps.join(", "));
        Ok(())
    }

    fn compose(&self, tag: &str, words: &[&str]) -> Result<()> {
        let mut command = match std::env::var_os("SHIPWAY_COMPOSE") {
            Some(program) if !program.is_empty() => Command::new(program),
            _ => {
                let mut docker = Command::new("docker");
                docker.arg("compose");
                docker
            }
        };
        command
            .env("TAG", tag)
            .args(["--project-name", &self.floor()]);
        self.output(command.args(words)).map(drop)
    }

    fn floor(&self) -> String {
        format!("{}-floor", self.project)
    }

    fn shipway(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .env("SHIPWAY_STATE", self.directory.join("state"))
            .env("SHIPWAY_PROXY_DIR", self.proxy());
        self.output(command.args(words))
    }

    fn proxy(&self) -> PathBuf {
        self.directory.join("proxy")
    }

    fn git(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@example.org",
        ]);
        self.output(command.args(words))
    }

    fn output(&self, command: &mut Command) -> Result<String> {
        let output = command.current_dir(&self.directory).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?} failed: {told}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Removes what was made; what cannot be removed is left.
    fn clean(&self) -> Result<()> {
        self.shipway(&["proxy", "stop"])?;
        self.compose("0", &["down", "--volumes"])?;
        let label = format!("label=shipway.project={}", self.project);
        for (list, remove) in [
            (
                ["ps", "--all", "--quiet"].as_slice(),
                ["rm", "--force", "--volumes"].as_slice(),
            ),
            (&["network", "ls", "--quiet"], &["network", "rm"]),
            (&["volume", "ls", "--quiet"], &["volume", "rm"]),
        ] {
            let mut docker = Command::new("docker");
            let found = self.output(docker.args(list).args(["--filter", &label]))?;
            for id in found.lines() {
                self.output(Command::new("docker").args(remove).arg(id))?;
            }
        }
        Ok(())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Err(error) = self.clean() {
            println!("something of the benchmark is left: {error:#}");
        }
    }
}
